"""What composes a job on the tiny faces."""

import pytest

from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset


@pytest.fixture
def tiny(monkeypatch, tiny_dataset, tracking_overrides, compose_settings):
    """What composes a job on the tiny faces with a store of its own; test raises when touched."""

    def closed(_dataset):
        raise AssertionError("training opened the test split")

    monkeypatch.setattr(Dataset, "test", closed)
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    common = ["layers=64-32-16", "batch_size='16'", "training.epochs=3", "stopping=none", *tracking_overrides]
    return lambda *overrides: compose_settings(*common, *overrides)
