"""Runs are opened, filled and ended with the truth."""

import contextlib
import copy

import pytest
from mlflow.exceptions import MlflowException

from fer_exp.errors import UserError


def test_a_run_ends_finished(store):
    """A block without error leaves FINISHED and its metrics."""
    run = store.create("a", {"seed": 1}, {"kind": "job"})
    with run.recording():
        run.log({"val/loss": 1.5}, step=3)
    record = store.record(run.id)
    assert (record.status, record.metrics["val/loss"], record.params["seed"]) == ("FINISHED", 1.5, "1")
    assert run.logged_steps("val/loss") == {3}


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("x"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_a_run_ends_with_the_truth(store, error, status):
    """An exception ends a run as FAILED, Ctrl-C and SIGTERM (as SystemExit) as KILLED."""
    run = store.create("a", {}, {})
    with pytest.raises(type(error)), run.recording():
        raise error
    assert store.record(run.id).status == status


def test_a_failed_run_says_why(store):
    """The error's words are kept with the run."""
    run = store.create("a", {}, {})
    with pytest.raises(UserError), run.recording():
        raise UserError("the loss is not finite")
    assert store.record(run.id).tags["error"] == "UserError: the loss is not finite"


def test_abandoned_runs_are_closed_and_live_ones_left(store):
    """RUNNING without a living holder becomes KILLED; a run at work stays as it is."""
    gone, alive = store.create("gone", {}, {}), store.create("alive", {}, {})
    with alive.recording():
        store.close_abandoned()
        assert store.record(gone.id).status == "KILLED"
        assert store.record(alive.id).status == "RUNNING"
    assert store.record(alive.id).status == "FINISHED"


def test_a_run_whose_process_is_known_to_have_died_failed(store):
    """It alone, with the reason; others that look abandoned stay as they are."""
    gone, other = (store.create(key, {}, {"identity": key}) for key in ("x", "y"))
    store.close_abandoned("its process died (signal 9, SIGKILL)", identity="x")
    assert store.record(gone.id).status == "FAILED"
    assert store.record(gone.id).tags["error"] == "its process died (signal 9, SIGKILL)"
    assert store.record(other.id).status == "RUNNING"


def test_a_run_at_work_in_another_folder_is_left(store, tmp_path):
    """A server is used from several, whose locks tell nothing of each other's runs."""
    here, there = copy.copy(store), copy.copy(store)
    for each, folder in ((here, "here"), (there, "there")):
        # as if it were one, though nothing is asked of it
        each.uri, each.locks = "http://127.0.0.1:1", tmp_path / folder
    gone = here.create("gone", {}, {})
    there.close_abandoned()
    assert store.record(gone.id).status == "RUNNING"
    here.close_abandoned()
    assert store.record(gone.id).status == "KILLED"
    assert not any(str(tmp_path) in value for value in store.record(gone.id).tags.values())


@pytest.mark.parametrize(("code", "taken"), [("BAD_REQUEST", True), ("INVALID_PARAMETER_VALUE", False)])
def test_faces_that_another_run_adds_at_the_same_time_are_found(
    store, tiny_dataset, monkeypatch, code, taken
):
    """MLflow's database refuses to have them twice; what is refused for itself stays refused."""
    run = store.create("a", {}, {})
    log_inputs, calls = run.client.log_inputs, []

    def refused_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            error = MlflowException("UNIQUE constraint failed: datasets")
            error.error_code = code
            raise error
        log_inputs(*arguments)

    monkeypatch.setattr(run.client, "log_inputs", refused_once)
    with contextlib.nullcontext() if taken else pytest.raises(MlflowException):
        run.dataset(tiny_dataset.name, tiny_dataset.digest, tiny_dataset.fingerprint.flat(), "training")
    inputs = store.client.get_run(run.id).inputs.dataset_inputs
    assert [each.dataset.name for each in inputs] == [tiny_dataset.name] * taken


def test_a_missing_artifact_is_refused_by_name(store):
    """A run without a checkpoint is told from one with a broken one."""
    run = store.create("a", {}, {})
    with pytest.raises(UserError, match=r"has no checkpoints/best\.pt"):
        run.fetch("checkpoints/best.pt")


def test_history_is_by_step(store):
    """Every value of a metric, under the epoch that it was logged at; nothing for one never logged."""
    run = store.create("x", {}, {})
    run.log({"val/loss": 2.0}, 1)
    run.log({"val/loss": 1.5}, 2)
    assert run.history(["val/loss", "other"]) == {"val/loss": {1: 2.0, 2: 1.5}, "other": {}}
