"""Where scripts run, and what composes a job of a sweep whose files are damaged."""

import shutil

import pytest

from fer_exp.data import datasets


@pytest.fixture
def folder(tmp_path, migrated_store):
    """Where scripts run, with a store of their own there, which takes seconds to make."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture
def job(monkeypatch, tiny_dataset, tracking_overrides, compose_settings, store):
    """What composes a job of a sweep on the tiny faces; its two checkpoints take 2.4 MB."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    parent = store.create(
        "sweep", {}, {"kind": "sweep", "study": "main", "protocol": "honest", "faces": "x"}
    ).id
    common = ["layers=64-32-16", "batch_size='16'", "training.epochs=4", "stopping=none", "sweep.factors=[]"]
    return lambda *more: compose_settings(*common, f"sweep.parent='{parent}'", *tracking_overrides, *more)
