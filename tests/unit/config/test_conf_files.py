"""What the files of conf/ have to say of one another, without a config composed."""

import re

import pytest

from fer_exp.config import reference
from fer_exp.config.identity import flatten
from fer_exp.config.reference import CONF, ROOT

GROUPS = reference.groups(CONF)


def params(study):
    """What a study sweeps over."""
    return GROUPS["study"][study].sets["hydra"]["sweeper"]["params"]


def arms(study, key):
    """The values of a key that a study sweeps over."""
    return re.findall(r"[^,\s]+", params(study)[key])


def test_every_option_says_why_it_exists():
    """In a comment at its top, or, of a study, in its question."""
    silent = [(group, name) for group in GROUPS for name, each in GROUPS[group].items() if not each.why]
    assert silent == []


# the two baselines of no setting differ in their names alone
@pytest.mark.parametrize("group", sorted(GROUPS.keys() - {"baseline"}))
def test_no_option_is_there_twice(group):
    """Two options of a group set something different, apart from their names."""
    contents = []
    for each in GROUPS[group].values():
        values = flatten(each.sets).items()
        contents.append(
            (each.chooses, [pair for pair in values if not re.search(r"\b(name|study)$", pair[0])])
        )
    assert [each for each in contents if contents.count(each) > 1] == []


def test_a_script_names_each_config():
    """There is none beside; that each group has its default, `groups` takes for granted."""
    scripts = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*.py"))
    named = {f"{config}.yaml" for config in re.findall(r'config_name="(\w+)"', scripts)}
    assert named | {f"{reference.BASE}.yaml"} == {path.name for path in CONF.glob("*.yaml")}
    assert named == {name for name, _ in reference.SCRIPTS.values()}


@pytest.mark.parametrize("of", ["optimizer", "activation"])
def test_a_search_and_the_study_tuned_by_it_have_the_same_arms_and_training(of):
    """As the study of the usual rates, or no trial would be found; and they share no seed with the search."""
    searched, tuned, usual = (params(study) for study in (f"{of}_search", f"{of}_tuned", of))
    [key] = usual.keys() - {"seed"}
    assert searched[key] == tuned[key] == usual[key]
    assert (searched["seed"], tuned["seed"]) == ("${search.seed}", "range(5,25)")
    training = [GROUPS["study"][study].sets["training"] for study in (f"{of}_search", f"{of}_tuned", of)]
    assert training[0] == training[1] == training[2]


def test_the_ladder_runs_every_rung_there_is():
    """None is forgotten, but for what takes hours, learns from another or needs a GPU."""
    others = {"strong", "bottleneck", "taught", "patient", "reference/large_cnn"}
    assert {*arms("ladder", "rung"), *others} == GROUPS["rung"].keys()


def test_the_audit_runs_every_arm_there_is():
    """Each option of the group but `none` is an arm of the study, and each slip has a folder of its own."""
    assert {*arms("audit", "audit"), "none"} == GROUPS["audit"].keys()
