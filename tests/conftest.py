"""Small faces that the tests make themselves, settings composed from conf/, and a store of their own.

What takes seconds to import is imported by the fixtures: of many processes, that which hands the tests out
reads this file first, and all others wait for it.
"""

import gc
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest
from helpers.composed import composed_tree
from helpers.reliability import pytest_addoption, pytest_configure, pytest_itemcollected  # noqa: F401 - its hooks
from hydra._internal import defaults_list
from hydra.core.default_element import InputDefault
from omegaconf import DictConfig, base

from fer_exp.config import schema, settings
from fer_exp.config.evaluation import Evaluation
from fer_exp.config.settings import Experiment
from fer_exp.data import fingerprint
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS, SIDE

if TYPE_CHECKING:
    from fer_exp import tracking

ROOT = Path(__file__).parents[1]

# a test of behaviour must not fail because the machine is busy
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# nothing that is imported is litter, but the collector would look through all of it again and again
gc.disable()


def pytest_collection_finish() -> None:
    """Collect what the tests leave behind, and no more look through what they have imported."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def tiny_faces() -> Faces:
    """Seven emotions with 6 train and 4 test faces each (2 public, 2 private), all distinct noise."""
    usage = [Usage.TRAIN] * 6 + [Usage.PUBLIC] * 2 + [Usage.PRIVATE] * 2
    labels = np.repeat(np.arange(len(EMOTIONS)), len(usage))
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), SIDE, SIDE), dtype=np.uint8)
    return Faces.of(pixels, labels, np.tile(usage, len(EMOTIONS)))


@pytest.fixture(scope="session")
def tiny_dataset(tiny_faces: Faces) -> Dataset:
    """The tiny faces as a data set."""
    return Dataset("synthetic", tiny_faces, fingerprint.take(tiny_faces, drawn=True), ())


@pytest.fixture(scope="session", autouse=True)
def _composed_in_less_time() -> Iterator[None]:
    """Spare Hydra a third of the time of a config.

    No map of choices is made where none is looked up, and what refers to another key is parsed once.
    """
    map_of_choices = defaults_list._create_interpolation_map

    def map_if_looked_up(overrides: Any, defaults: list[InputDefault], self_added: bool) -> DictConfig | None:
        if any(default.is_interpolation() for default in defaults):
            return map_of_choices(overrides, defaults, self_added)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defaults_list, "_create_interpolation_map", map_if_looked_up)
        patch.setattr(base, "parse", cache(base.parse))
        yield


def _put(value: Any, words: dict[str, str]) -> Any:
    """A tree of settings with other words in the place of these."""
    if isinstance(value, dict):
        return {key: _put(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [_put(each, words) for each in value]
    if isinstance(value, str):
        for word, other in words.items():
            value = value.replace(word, other)
    return value


@pytest.fixture(scope="session")
def compose_settings(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Experiment]:
    """What composes conf/ with overrides into checked settings, as train.py does, or another `script`.

    To compose takes a tenth of a second. So options that are chosen together are composed once, as for the
    jobs of a sweep, and tests that differ in their folder, or in the id of a run, share a config in which
    other words stand for those.
    """
    of_a_test = re.compile(rf"{re.escape(str(tmp_path_factory.getbasetemp()))}/[\w-]+|\b[0-9a-f]{{32}}\b")

    @cache
    def tree(*overrides: str, config: str) -> dict[str, Any]:
        return composed_tree(str(ROOT / "conf"), config, overrides)

    # settings are frozen
    @cache
    def composed(*overrides: str, script: str = "train") -> Experiment | Evaluation:
        own = dict.fromkeys(word for override in overrides for word in of_a_test.findall(override))
        stand_ins = {
            word: f"/own-{n}-word" if word.startswith("/") else f"{n:f>32}" for n, word in enumerate(own)
        }
        shared = tree(*_put(list(overrides), stand_ins), config=script)
        found = _put(shared, {stand_in: word for word, stand_in in stand_ins.items()})
        return settings.parse(found) if script == "train" else schema.build(Evaluation, found)

    return composed


@pytest.fixture(scope="session", autouse=True)
def _stores_opened_in_less_time() -> Iterator[None]:
    """Halve what a store takes that no test has opened before, of which each test has its own.

    MLflow reads all its migrations to find the newest, and SQLAlchemy compiles each statement anew.
    """
    from mlflow.store.db import utils as db_utils

    make, compiled, dialects = db_utils.create_sqlalchemy_engine, {}, {}

    def engine_of(uri: str) -> Any:
        engine = make(uri)
        # what is compiled is kept by dialect
        engine.dialect = dialects.setdefault(engine.dialect.name, engine.dialect)
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db_utils, "create_sqlalchemy_engine", engine_of)
        patch.setattr(db_utils, "_get_latest_schema_revision", cache(db_utils._get_latest_schema_revision))
        yield


@pytest.fixture(autouse=True)
def _no_store_named() -> Iterator[None]:
    """Let whatever a test runs find the store of its own folder, whatever the environment names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture
def plain_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs and evaluations keep empty pictures: to draw them takes longer than all else on tiny faces.

    Not where a test is marked as `drawn`.
    """
    from matplotlib.figure import Figure

    from fer_exp.plots import diagnostics

    if not request.node.get_closest_marker("drawn"):
        for name in ("confusion", "curves", "gallery", "reliability"):
            monkeypatch.setattr(diagnostics, name, lambda *_: Figure(figsize=(1, 1)))


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store with two experiments and no run, made once: MLflow takes seconds to make one."""
    from fer_exp import tracking

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    for experiment in ("test", "fer-exp"):
        tracking.Store(settings.Tracking(f"sqlite:///{path}", "mlartifacts", experiment, False))
    return path


@pytest.fixture
def tracking_overrides(migrated_store: Path, tmp_path: Path) -> list[str]:
    """Overrides that point a job at a store of this test alone."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    return [
        f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}",
        f"tracking.artifacts={tmp_path / 'mlartifacts'}",
        "tracking.experiment=test",
        "tracking.log_model=false",
    ]


@pytest.fixture
def store(compose_settings: Callable[..., Experiment], tracking_overrides: list[str]) -> "tracking.Store":
    """The store of this test."""
    from fer_exp import tracking

    return tracking.Store(compose_settings(*tracking_overrides).tracking)


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_store: Path,
    compose_settings: Callable[..., Experiment],
    tiny_dataset: Dataset,
) -> tuple["tracking.Store", str]:
    """A store with one finished run, trained on the tiny faces, and that run's id; not to be changed."""
    from fer_exp import tracking
    from fer_exp.data import datasets
    from fer_exp.experiment import drivers
    from fer_exp.experiment.job import Job

    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(migrated_store, folder / "mlflow.db")
    where = [f"tracking.uri=sqlite:///{folder / 'mlflow.db'}", f"tracking.artifacts={folder / 'mlartifacts'}"]
    # a network of drawn faces is warned of
    photos = ["data=fer2013", "data.root=here"]
    own = ["layers=64-32-16", "training.epochs=1", "tracking.log_model=false"]
    config = compose_settings(*own, *photos, *where)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
        outcome = drivers.run(Job(config, "tiny"))
    return tracking.Store(config.tracking), outcome.run_id
