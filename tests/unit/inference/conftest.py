"""A trained network, once for all that ask it."""

import shutil

import pytest

from fer_exp import tracking
from fer_exp.data import datasets
from fer_exp.experiment import drivers
from fer_exp.experiment.job import Job


@pytest.fixture(scope="session")
def trained(tmp_path_factory, migrated_store, compose_settings, tiny_dataset):
    """A store with one finished run, trained on the tiny faces, and that run's id."""
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
