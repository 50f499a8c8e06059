"""Every option file composes, and the choices mean what their names say."""

import itertools
import re

import pytest
from helpers.composed import composer_of

from fer_exp.config import derived, identity, reference
from fer_exp.config.reference import CONF
from fer_exp.config.settings import Experiment
from fer_exp.evaluation.baselines import estimators
from fer_exp.experiment import job_check, plan
from fer_exp.models import factory
from fer_exp.training import early_stopping
from hydra_plugins.fer_exp._composition import expand

GROUPS = reference.groups(CONF)
# Arms of their studies, see below; what only evaluate.py has; Hydra's own, which test_launchers.py chooses.
APART = ("audit", "rung", "baseline", "hydra/launcher")
# They choose options of other groups, too, so each is composed by itself.
ALONE = ("model", "protocol", "search", "study")


def options() -> list[list[tuple[str, str]]]:
    """Every option of every group: the first of each group together, the second of each, and so on."""
    found = {group: [*files] for group, files in GROUPS.items() if group not in APART}
    found["data"].remove("run")
    alone = [[(group, option)] for group in ALONE for option in found.pop(group)]
    named = [[(group, option) for option in files] for group, files in found.items()]
    return alone + [[each for each in row if each] for row in itertools.zip_longest(*named)]


def chosen_by(group: str, option: str) -> list[str]:
    """The overrides that choose an option; a tuned study is told the best trial that its sweep looks up."""
    best = ["++search.best={adam:3,relu:3}"] if option.endswith("_tuned") else []
    # as others choose it, so that it is composed once; a number is no option without quotes
    return [f"{group}='{option}'" if option.isdigit() else f"{group}={option}", *best]


@pytest.mark.parametrize("option", sorted(GROUPS["baseline"].keys() - {"none"}))
def test_every_baseline_composes_and_builds(compose_settings, tmp_path, option):
    """Its option is its name, and there is an estimator for it."""
    chosen = compose_settings(f"baseline={option}", script="evaluate").baseline
    assert chosen.name == option
    assert hasattr(estimators.estimator(chosen, tmp_path, lambda *_: None), "fit")


@pytest.mark.parametrize("chosen_options", options(), ids=lambda row: " ".join(map("=".join, row)))
def test_every_option_composes_and_builds(compose_settings, chosen_options):
    """A preset cannot rot: it parses, and its network, optimizer, scheduler and rule exist.

    And it is named by what it sets: `layers=512-256` is [512, 256], `batch_size='64'` is 64,
    `optimizer=nadam` is nadam.
    """
    chosen = compose_settings(*itertools.chain(*itertools.starmap(chosen_by, chosen_options)))
    assert isinstance(chosen, Experiment)
    job_check.check(chosen)
    early_stopping.build(chosen.stopping)
    named = {
        "layers": "-".join(map(str, chosen.model.hidden)),
        "batch_size": str(chosen.training.batch_size),
        "optimizer": chosen.optimizer.name,
        "model/activation": chosen.model.activation.name,
        "scheduler": chosen.scheduler.name,
        "stopping": chosen.stopping.name,
        "protocol": chosen.protocol.name,
        "data": chosen.data.name,
        "split": chosen.split.method,
        "study": chosen.study,
        "model": chosen.model.name,
    }
    for group, option in chosen_options:
        # the stop of the logs is patience of another length
        assert named.get(group, option) == {"logged": "patience"}.get(option, option)


STUDIES = [
    (study, key, value)
    for study, file in GROUPS["study"].items()
    for key, values in file.sets.get("hydra", {"sweeper": {"params": {}}})["sweeper"]["params"].items()
    if key not in ("seed", "search.trial")
    for value in values.replace(" ", "").split(",")
]


def arms():
    """Every arm of every study; of options that are composed above, all but a study's first are slow."""
    seen = set()
    for study, key, value in STUDIES:
        again = (study, key) in seen and key in GROUPS.keys() - {*APART}
        yield pytest.param(study, key, value, marks=[pytest.mark.slow] if again else [])
        seen.add((study, key))


@pytest.mark.parametrize(("study", "key", "value"), list(arms()))
def test_every_arm_of_a_study_composes(compose_settings, study, key, value):
    """A sweep of hours does not end at a misspelt arm, or at one of which no network can be made."""
    best = ["++search.best={" + f"{value}:3" + "}"] if study.endswith("_tuned") else []
    chosen = compose_settings(f"study={study}", f"{key}={value}", *best)
    assert chosen.study == study
    job_check.check(chosen)
    early_stopping.build(chosen.stopping)


@pytest.mark.parametrize("study", sorted({study for study, _, _ in STUDIES}))
def test_a_study_says_why_and_counts_its_jobs(study):
    """Its question, what is expected, how many jobs its sweep has, and which of its arms is the reference."""
    composer = composer_of(str(CONF), "train")
    config = composer.compose([f"study={study}"])
    _, jobs = expand(composer.loader, config.hydra.sweeper.params, [])
    assert config.about.question
    assert config.about.expected
    assert int(config.about.cost.split()[0]) == len(jobs)
    swept = [plan.swept_values(job, [*config.hydra.sweeper.params]) for job in jobs]
    arms = {plan.name({key: value for key, value in values.items() if key != "seed"}) for values in swept}
    assert config.reference in {None, *arms}


@pytest.mark.parametrize(("of", "group"), [("optimizer", "optimizer"), ("activation", "model/activation")])
def test_every_option_has_a_range_around_its_own_rate(compose_settings, of, group):
    """As wide for each, so that the budget is the same in what it covers, too."""
    ranges, options = GROUPS["search"][of].sets["search"]["lr"], GROUPS[group]
    assert ranges.keys() == options.keys()
    for arm, (low, high) in ranges.items():
        own = options[arm].sets.get("optimizer", {})
        usual = own.get("lr", compose_settings().optimizer.lr)
        assert low == pytest.approx(usual * 0.03)
        assert high == pytest.approx(usual * 30)


@pytest.mark.parametrize("protocol", ["honest", "deck"])
def test_a_protocols_seeds_are_seeds(compose_settings, protocol):
    """A list or a range in Hydra's grammar, each of which a job takes."""
    seeds = compose_settings(f"protocol={protocol}").protocol.seeds
    assert re.fullmatch(r"\d+(,\d+)*|range\(\d+,\d+\)", seeds)


def test_the_default_is_the_decks_main_model(compose_settings):
    """2304-128-32-7, ReLU, Adam, batch 32, plateau patience 3, at most 100 epochs (S2)."""
    chosen = compose_settings()
    assert factory.describe(chosen.model) == "2304-128-32-7 relu (unit)"
    assert (chosen.optimizer.name, chosen.training.batch_size, chosen.training.epochs) == ("adam", 32, 100)
    assert (chosen.scheduler.name, chosen.scheduler.patience) == ("plateau", 3)


def test_the_decks_protocol_is_data_and_yields_to_the_command_line(compose_settings):
    """Random split, the stop of its logs, last weights, one seed; an override given with it wins."""
    deck = compose_settings("protocol=deck")
    assert (deck.split.method, deck.stopping.name) == ("random", "patience")
    assert (deck.stopping.patience, deck.stopping.min_delta) == (5, 0)
    assert (deck.protocol.weights, deck.protocol.seeds) == ("last", "0")
    assert compose_settings("protocol=deck", "split=grouped").split.method == "grouped"


def test_honest_patience_outlasts_the_scheduler(compose_settings):
    """The rule must not end a run before the rate can drop (A6)."""
    chosen = compose_settings()
    assert chosen.stopping.patience > 2 * (chosen.scheduler.patience + 1)


def test_a_rung_changes_one_thing(compose_settings):
    """Each of the ladder proper keeps all that the one before it has, but for what it says."""
    arms = [value for study, _, value in STUDIES if study == "ladder" and "/" not in value]
    chosen = [identity.recipe(compose_settings("study=ladder", f"rung={arm}")) for arm in arms]
    changed = [
        {key.split(".")[0] for key in {*before, *after} if before.get(key) != after.get(key)}
        for before, after in itertools.pairwise(chosen)
    ]
    for arm, groups in zip(arms[1:], changed, strict=True):
        assert groups, arm
        assert len(groups) == 1 or arm in ("wide", "cosine", "top"), (arm, groups)


def test_layers_that_are_typed_hold_on_every_rung(compose_settings):
    """Else two arms of a sweep over them would be one network."""
    for path in sorted((CONF / "rung").rglob("*.yaml")):
        rung = path.relative_to(CONF / "rung").with_suffix("")
        chosen = compose_settings(f"rung={rung}", "layers=64-32-16")
        assert chosen.model.hidden == [64, 32, 16], rung


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_carried_over_network_saw_every_smaller_batch(compose_settings, size):
    """16, 32, ... in turn, as the deck's one network did (A4)."""
    chosen = compose_settings("study=audit", f"audit=carryover/presented_{size}")
    before = [stage.training.batch_size for stage in derived.stages(chosen)]
    assert before == [each for each in (16, 32, 64, 128, 256) if each < size]
    assert chosen.training.batch_size == size
    assert compose_settings("study=audit", f"audit=carryover/corrected_{size}").trained_before == []
