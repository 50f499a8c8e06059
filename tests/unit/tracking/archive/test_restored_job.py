"""A restored job is reused by sweeps and passed over by evaluation."""

import json
from pathlib import Path

import pytest
from helpers.archived import SHARED, named, restore

from fer_exp.config.identity import job_identity
from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.evaluation import command
from fer_exp.experiment import drivers
from fer_exp.experiment import plan as experiment_plan
from fer_exp.experiment.job import Job
from fer_exp.tracking import artifacts
from fer_exp.tracking.archive import archive_runs
from fer_exp.tracking.studies import read_studies

CONF = Path(__file__).parents[4] / "conf"


@pytest.fixture
def opened(compose_settings):
    """What does to a store what evaluate.py does."""

    def evaluated(store, *overrides):
        own = ["baseline=majority", f"tracking.uri={store.uri}", "tracking.experiment=test"]
        command.evaluate(compose_settings(*overrides, *own, script="evaluate"), baseline_asked=True)

    return evaluated


@pytest.fixture
def restored(monkeypatch, tiny_dataset, compose_settings, tracking_overrides, store, opened, make, tmp_path):
    """A job of a sweep, trained, evaluated, kept and restored: its identity, and its new store."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    chosen = compose_settings("layers=64-32-16", "training.epochs=1", "study=main", *tracking_overrides)
    identity = job_identity(chosen, tiny_dataset.digest)
    outcome = drivers.run(Job(chosen, "main"))
    tags = {**SHARED, "kind": "sweep", "study": "main", "data": "synthetic"}
    plan = store.create("main", {}, tags | {"faces": tiny_dataset.fingerprint.content})
    entry = {"name": "main", "arm": "main", "setting": "main", "seed": "0", "identity": identity}
    plan.text(artifacts.PLAN, json.dumps({"jobs": [entry]}))
    plan.end("FINISHED")
    assert store.latest(identity).run_id == outcome.run_id
    opened(store, "of_study=main")
    archive_runs.main([str(tmp_path / "runs.jsonl"), *named(store)])
    other = make("other")
    restore(tmp_path / "runs.jsonl", other)
    return identity, other


@pytest.mark.usefixtures("plain_figures")
def test_a_restored_job_is_reused_and_keeps_its_scores(restored, opened, compose_settings, capsys):
    """Among a study's it is passed over; asked for by itself it cannot be scored, and stays as it was."""
    identity, other = restored
    before = other.latest(identity)
    capsys.readouterr()
    opened(other, "of_study=main")
    said = capsys.readouterr().out
    assert f"1 of 1 runs keep their scores, as their weights are not here: {before.name}" in said
    assert "majority: fitted before" in said
    # the answers to test are kept, so the test of the two classifiers is, too
    assert "no p" not in said
    with pytest.raises(UserError, match=r"has no checkpoints/best\.pt; .* restored from an archive"):
        opened(other, f"run={before.run_id}")
    assert other.latest(identity) == before
    assert len(read_studies(other)) == 1
    # it is known by its identity, as any other
    parent = other.create("sweep", {}, {"kind": "sweep"})
    place = [f"tracking.uri={other.uri}", "tracking.experiment=test", f"sweep.parent='{parent.id}'"]
    chosen = compose_settings("layers=64-32-16", "training.epochs=1", "study=main", *place)
    outcome = drivers.run(Job(chosen, "main"))
    assert (outcome.action, outcome.run_id) == (experiment_plan.REUSE, before.run_id)
