"""Small faces that the tests make themselves, settings composed from conf/, and a store of their own."""

import copy
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.config_repository import ConfigRepository
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf
from reliability import pytest_addoption, pytest_configure, pytest_itemcollected  # noqa: F401 - its hooks

from fer_exp import fingerprint, settings, tracking
from fer_exp.datasets import Dataset
from fer_exp.faces import EMOTIONS, SIDE, Faces, Usage
from fer_exp.settings import Evaluation, Experiment

ROOT = Path(__file__).parent.parent

# a test of behaviour must not fail because the machine is busy
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


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
def _options_read_once() -> Iterator[None]:
    """Keep what the files of options hold: Hydra reads them for each config anew, a third of its time."""
    read, found = ConfigRepository.load_config, {}

    def read_once(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        key = (config_path, *((source.provider, source.path) for source in self.sources))
        if key not in found:
            found[key] = read(self, config_path)
        # who composes changes what it is given
        return copy.deepcopy(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConfigRepository, "load_config", read_once)
        yield


@pytest.fixture(scope="session")
def compose_settings() -> Callable[..., Experiment]:
    """What composes conf/ with overrides into checked settings, as train.py does, or another `script`."""
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)

    # settings are frozen, and composing them takes a tenth of a second
    @cache
    def composed(*overrides: str, script: str = "train") -> Experiment | Evaluation:
        name = {"train": "config", "evaluate": "evaluate"}[script]
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            tree = OmegaConf.to_container(compose(name, overrides=list(overrides)), resolve=True)
        return settings.parse(tree) if script == "train" else settings.build(Evaluation, tree, "")

    return composed


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite store, made once: MLflow takes seconds to make one."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    tracking.Store(settings.Tracking(f"sqlite:///{path}", str(path.parent / "unused"), "unused", False))
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
def store(compose_settings: Callable[..., Experiment], tracking_overrides: list[str]) -> tracking.Store:
    """The store of this test."""
    return tracking.Store(compose_settings(*tracking_overrides).tracking)
