"""The configs of a sweep's jobs: Hydra's own, for less."""

import copy

import pytest
from helpers.processes import ROOT
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import Container, OmegaConf

from fer_exp.errors import UserError
from hydra_plugins.fer_exp import _composition
from hydra_plugins.fer_exp._composition import Composer, expand
from hydra_plugins.fer_exp._private_composition import FastComposer
from hydra_plugins.fer_exp.sweeper import PlannedSweeper

# What was typed of Hydra's own, of which the second is a job's to fill in.
HYDRAS = ["hydra/launcher=ray", "hydra.sweep.subdir=${hydra.job.override_dirname}"]


@pytest.fixture(scope="module")
def loaded():
    """The loader of a sweep, and the config that the sweep itself has."""
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        return loader, loader.load_configuration("train", HYDRAS, RunMode.MULTIRUN)


@pytest.fixture
def sweep(loaded):
    """The same for one test alone, which may change both."""
    return copy.deepcopy(loaded)


def parts(node, path=""):
    """Each part of a config with its type and flags, which say what may be put there."""
    leaf = (
        not isinstance(node, Container) or node._is_none() or node._is_missing() or node._is_interpolation()
    )
    kept = node._metadata
    yield path, type(node), kept.ref_type, kept.object_type, kept.flags or {}, node._value() if leaf else None
    if not leaf:
        for key in node if OmegaConf.is_dict(node) else range(len(node)):
            yield from parts(node._get_node(key), f"{path}.{key}")


def test_runs_are_added_until_a_precision_is_reached(monkeypatch, capsys):
    """Five an arm at a time from ten on, by the widest interval; 40 are the most."""
    asked = []
    sweeper = PlannedSweeper()
    sweeper.config = OmegaConf.create({"precision": 0.5, "rerun": "failed"})
    found = [[0.4, 0.8], [float("nan"), 0.4], [0.5, 0.4]]
    monkeypatch.setattr(sweeper, "_sweep", lambda typed: asked.append(typed) or found[len(asked) - 1])
    sweeper.sweep(["optimizer=sgd,adam"])
    assert [typed[-1] for typed in asked] == [f"seed=range(0,{runs})" for runs in (10, 15, 20)]
    assert (
        "precision=0.5: reached with 20 runs an arm; widest interval ±0.50 points" in capsys.readouterr().out
    )
    asked.clear()
    found[:] = [[0.3, float("nan")]] * 9
    sweeper.sweep([])
    said = capsys.readouterr().out
    assert "not reached with 40 runs an arm; widest interval ±0.30 points" in said
    assert "without an interval: 1 of 2 differences" in said
    asked.clear()
    found[:] = [[2.0]] * 9
    sweeper.sweep([])
    assert asked[-1] == ["seed=range(0,40)"]
    assert "not reached with 40 runs" in capsys.readouterr().out


def test_a_precision_takes_its_own_seeds():
    """Seeds that are typed beside it are refused, and so is to train all anew at each enlargement."""
    sweeper = PlannedSweeper()
    sweeper.config = OmegaConf.create({"precision": 0.5, "rerun": "failed"})
    with pytest.raises(UserError, match="precision takes the seeds that it needs: leave out seed="):
        sweeper.sweep(["seed=0,1"])
    sweeper.config.rerun = "all"
    with pytest.raises(UserError, match="precision goes on with the runs that there are"):
        sweeper.sweep([])


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["seed=1", "sweep.parent='0123'", "sweep.factors=['seed']"],
        ["optimizer=sgd", "optimizer.lr=0.1", "layers=512-256", "seed=2"],
        ["model={dropout:0.2}", "model.hidden=[3,4]", "training.batch_size=48"],
        ["study=ladder", "rung=own_scale", "data=fer2013"],
        ["++search.best={sgd:3}", "+training.other=[1,2]", "~scheduler.factor", "tracking.uri='a b=c'"],
    ],
    ids=" ".join,
)
def test_a_job_has_the_config_that_hydra_composes(sweep, overrides):
    """To the last key, and so each time, whatever was put into the configs before."""
    loader, config = sweep
    expected = list(parts(loader.load_sweep_config(config, list(overrides))))
    composer = FastComposer(loader, config)
    for _ in range(2):
        found = composer.compose(overrides)
        assert list(parts(found)) == expected
        found.seed = 9


def test_a_hydra_with_other_private_names_composes_by_itself(sweep, monkeypatch):
    """What is renamed there costs time, and no sweep."""
    loader, config = sweep
    assert isinstance(_composition.composer(loader, config), FastComposer)
    monkeypatch.setattr(_composition, "FastComposer", None)
    composer = _composition.composer(loader, config)
    assert isinstance(composer, Composer)
    assert composer.compose(["seed=1", "optimizer=sgd"]).optimizer.name == "sgd"


def test_options_may_lie_in_a_folder_that_the_command_adds(tmp_path):
    """Groups that the project does not have, too."""
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "own.yaml").write_text("value: 3\n", encoding="utf-8")
    chosen, overrides = [f"hydra.searchpath=[file://{tmp_path}]"], ["+extra=own", "seed=3"]
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("train", chosen, RunMode.MULTIRUN)
        expected = list(parts(loader.load_sweep_config(config, list(overrides))))
        composer = FastComposer(loader, config)
        for _ in range(2):
            found = composer.compose(overrides)
            assert found.extra.value == 3
            assert list(parts(found)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    ["optimizer=sdg", "optimizr=sgd", "optimizer.rate=1", "~seed=7", "+seed=1", "seed=[", "hydra.nothing=1"],
)
def test_a_mistake_is_told_as_hydra_does(sweep, wrong):
    """In the same words, whatever it is in."""
    loader, config = sweep
    with pytest.raises(HydraException) as expected:
        loader.load_sweep_config(config, ["optimizer.lr=0.1", wrong])
    with pytest.raises(type(expected.value)) as found:
        FastComposer(loader, config).compose(["optimizer.lr=0.1", wrong])
    assert str(found.value) == str(expected.value)
    assert str(found.value.__cause__) == str(expected.value.__cause__)


def test_files_are_merged_once_for_each_choice(sweep, monkeypatch):
    """However many seeds there are."""
    loader, config = sweep
    merged, load = [], loader.load_sweep_config
    monkeypatch.setattr(loader, "load_sweep_config", lambda *given: merged.append(given) or load(*given))
    composer = FastComposer(loader, config)
    jobs = [
        composer.compose([f"optimizer={name}", f"seed={n}"]) for n in range(3) for name in ("sgd", "adam")
    ]
    assert [(job.optimizer.name, job.seed) for job in jobs[:3]] == [("sgd", 0), ("adam", 0), ("sgd", 1)]
    assert len(merged) == 2


def test_what_a_sweep_has_looked_up_holds_for_its_jobs(sweep):
    """As the time of its start, which names its folder."""
    loader, config = sweep
    OmegaConf.register_new_resolver("now", lambda _: "then", use_cache=True, replace=True)
    composer = FastComposer(loader, config)
    composer.compose(["seed=0"])
    folder = config.hydra.sweep.dir
    OmegaConf.register_new_resolver("now", lambda _: "later", use_cache=True, replace=True)
    assert composer.compose(["seed=1"]).hydra.sweep.dir == folder
    assert "then" in folder


@pytest.mark.parametrize(
    ("params", "arguments", "factors", "jobs"),
    [
        ({}, ["seed=1"], [], [["seed=1"]]),
        (
            {"optimizer": "sgd,adam"},
            ["seed=0,1", "rerun=all"],
            ["optimizer", "seed"],
            [
                [f"optimizer={name}", f"seed={seed}", "rerun=all"]
                for name in ("sgd", "adam")
                for seed in (0, 1)
            ],
        ),
        ({"seed": "range(0,5)"}, ["seed=3,1"], ["seed"], [["seed=3"], ["seed=1"]]),
        ({"seed": "range(0,5)"}, ["seed=7"], ["seed"], [["seed=7"]]),
        ({}, ["seed=sort(3,1,2)", "~audit"], ["seed"], None),
        ({}, ["+x='a b',c", "scheduler=glob(*)"], ["x", "scheduler"], None),
        ({}, ["model.hidden=[1,2],[3]"], ["model.hidden"], [["model.hidden=[1,2]"], ["model.hidden=[3]"]]),
    ],
)
def test_every_combination_is_a_job_as_hydras_own_sweeper_makes_them(sweep, params, arguments, factors, jobs):
    """The last key varies first; what is typed replaces what the study sweeps."""
    loader = sweep[0]
    found = expand(loader, params, arguments)
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(
        [f"{key}={value}" for key, value in params.items()] + arguments
    )
    assert found == (factors, BasicSweeper.split_arguments(parsed, None)[0])
    assert jobs is None or found[1] == jobs


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["seed=range(0,0)"], r"seed=range\(0,0\): names no value, so the sweep has no job"),
        (["seed=range(0,1000000000000)"], "seed: more than 20,000 jobs"),
        (["seed=range(0,200)", "n_jobs=range(1,200)"], "seed, n_jobs: more than 20,000 jobs"),
    ],
)
@pytest.mark.fault("Bad settings: a sweep of no job, or of a million", trials=3, expected="one line at once")
def test_a_sweep_has_a_job_and_not_too_many(sweep, typed, said):
    """None is no sweep; of very many the plan alone would fill the memory."""
    with pytest.raises(UserError, match=said):
        expand(sweep[0], {}, typed)


def test_values_that_cannot_be_counted_are_refused(sweep):
    """They are for sweepers that draw."""
    with pytest.raises(HydraException, match=r"optimizer\.lr=interval\(0,1\)"):
        expand(sweep[0], {}, ["optimizer.lr=interval(0,1)"])
