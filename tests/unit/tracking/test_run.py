"""Runs are opened, filled and ended with the truth."""

import contextlib
import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from filelock import FileLock
from mlflow.exceptions import MlflowException

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.evaluation import command
from fer_exp.experiment.job import Job
from fer_exp.tracking.run import LocalRun
from fer_exp.tracking.server import ui


def test_a_run_ends_finished(store):
    """A block without error leaves FINISHED and its metrics."""
    run = store.create("a", {"seed": 1}, {"kind": "job"})
    with run.recording():
        run.log({"loss/val": 1.5}, step=3)
    record = store.record(run.id)
    assert (record.status, record.metrics["loss/val"], record.params["seed"]) == ("FINISHED", 1.5, "1")
    assert run.logged_steps("loss/val") == {3}


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        (UserError("the loss is not finite"), "FAILED", "UserError: the loss is not finite"),
        (KeyboardInterrupt(), "KILLED", None),
        (SystemExit(143), "KILLED", None),
    ],
)
def test_a_run_ends_with_the_truth(store, error, status, why):
    """An exception ends a run as FAILED and is kept with it, Ctrl-C and SIGTERM (as SystemExit) as KILLED."""
    run = store.create("a", {}, {})
    with pytest.raises(type(error)), run.recording():
        raise error
    found = store.record(run.id)
    assert (found.status, found.tags.get("error")) == (status, why)


def test_an_interruption_is_not_taken_for_a_failure_of_the_store(store, monkeypatch):
    """What a store says that was interrupted, or then, stays unsaid: else a sweep would go on."""
    run = store.create("a", {}, {})

    def locked(_):
        raise MlflowException("database is locked")

    monkeypatch.setattr(run, "end", locked)
    error = MlflowException("what it made of Ctrl-C")
    error.__context__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), run.recording():
        raise error


def abandon(run):
    """Let go of a run as the end of its process does."""
    run.lock.release(force=True)


def test_abandoned_runs_are_closed_and_live_ones_left(store):
    """RUNNING without a living holder becomes KILLED; a run at work stays as it is."""
    gone, alive = store.create("gone", {}, {}), store.create("alive", {}, {})
    abandon(gone)
    with alive.recording():
        store.close_abandoned()
        assert store.record(gone.id).status == "KILLED"
        assert store.record(alive.id).status == "RUNNING"
    assert store.record(alive.id).status == "FINISHED"


@pytest.mark.fault(
    "Killed: a single run or a baseline, by SIGKILL",
    trials=4,
    expected="whatever starts or reads next says KILLED",
)
@pytest.mark.parametrize("next_one", ["a job", "an evaluation", "MLflow's pages", "a reader"])
def test_whatever_comes_next_closes_a_run_that_was_killed(
    store, next_one, compose_settings, tracking_overrides, tmp_path, monkeypatch
):
    """Not only a sweep."""
    gone = store.create("gone", {}, {"kind": "baseline"})
    abandon(gone)
    overrides = [*tracking_overrides, f"data.cache_dir={tmp_path}"]
    if next_one == "a job":
        small = ["data.n_train=140", "data.n_test=70", "resume=none"]
        with pytest.raises(UserError, match=r"run none"):
            Job(compose_settings(*overrides, *small), "a").begin()
    elif next_one == "an evaluation":
        with pytest.raises(UserError, match=r"run none"):
            command.evaluate(
                compose_settings(*overrides, "run=none", script="evaluate"), baseline_asked=False
            )
    elif next_one == "MLflow's pages":
        monkeypatch.setattr(ui, "serve", print)
        ui.main(["--tracking-uri", store.uri, "--experiment", "test"])
    else:
        tracking.existing_store(store.uri, "test")
    assert store.record(gone.id).status == "KILLED"


def test_a_run_whose_process_is_known_to_have_died_failed(store):
    """It alone, with the reason; others that look abandoned stay as they are."""
    gone, other = (store.create(key, {}, {"identity": key}) for key in ("x", "y"))
    abandon(gone)
    abandon(other)
    store.close_abandoned("its process died (signal 9, SIGKILL)", identity="x")
    assert store.record(gone.id).status == "FAILED"
    assert store.record(gone.id).tags["error"] == "its process died (signal 9, SIGKILL)"
    assert store.record(other.id).status == "RUNNING"


@pytest.mark.slow
@pytest.mark.fault(
    "Killed: a run is made and ended while others start beside it",
    trials=30,
    expected="no bystander takes it for abandoned",
)
def test_nobody_takes_a_run_that_is_being_made_for_abandoned(store):
    """It says RUNNING before its lock can be taken; whoever looks waits until it is."""
    over = threading.Event()

    def look():
        beside = copy.copy(store)
        while not over.is_set():
            beside.close_abandoned()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            for number in range(30):
                run = store.create(str(number), {}, {})
                with run.recording():
                    assert store.record(run.id).status == "RUNNING"
                assert store.record(run.id).status == "FINISHED"
        finally:
            over.set()
        looking.result()


def test_a_run_that_is_gone_on_with_is_locked_before_it_says_so(store):
    """As a new one is."""
    run = store.create("a", {}, {})
    with pytest.raises(KeyboardInterrupt), run.recording():
        raise KeyboardInterrupt
    again = store.run(run.id)
    again.reopen(None)
    copy.copy(store).close_abandoned()
    assert store.record(run.id).status == "RUNNING"
    with again.recording():
        pass
    assert store.record(run.id).status == "FINISHED"


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
    run.log({"loss/val": 2.0}, 1)
    run.log({"loss/val": 1.5}, 2)
    assert run.history(["loss/val", "other"]) == {"loss/val": {1: 2.0, 2: 1.5}, "other": {}}


def test_files_that_lie_elsewhere_leave_no_copies_here(tmp_path, monkeypatch):
    """A store in a file may have them in a bucket; while the process lives it asks for none of them back."""
    monkeypatch.chdir(tmp_path)
    client = Mock(tracking_uri="sqlite:///mlflow.db")
    run = LocalRun(client, "x", "s3://bucket/x", FileLock(tmp_path / "lock"))
    run.text("a/b.txt", "text")
    client.log_artifact.assert_called_once_with("x", str(run.uploads / "a" / "b.txt"), "a")
    assert run.fetch("a/b.txt").read_text() == "text"
    assert list(tmp_path.iterdir()) == []
