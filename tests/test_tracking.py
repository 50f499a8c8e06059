"""Runs are opened, filled and ended with the truth."""

import copy
import multiprocessing
import sqlite3

import pytest

from fer_exp import settings, tracking
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


def test_latest_prefers_a_finished_run(store):
    """A newer failed try does not hide the figures of an older finished one."""
    done = store.create("a", {}, {"kind": "job", "identity": "x"})
    with done.recording():
        pass
    failed = store.create("a", {}, {"kind": "job", "identity": "x"})
    with pytest.raises(ValueError, match="no"), failed.recording():
        raise ValueError("no")
    assert store.latest("x").run_id == done.id
    assert store.latest("y") is None
    assert {key: run.run_id for key, run in store.latest_of_all().items()} == {"x": done.id}


def _finished(store: tracking.Store, name: str, faces: str, loss: float) -> str:
    run = store.create(name, {}, {"kind": "job", "identity": name, "faces": faces})
    with run.recording():
        run.log({"selected/val_loss": loss})
    return run.id


def test_a_run_is_found_by_what_people_call_it(store):
    """By id, by name, as the latest, and as the best on the same faces; never by another's losses."""
    other, good, poor = (
        _finished(store, *run) for run in (("other", "f0", 0.1), ("good", "f1", 1.0), ("poor", "f1", 2.0))
    )
    assert store.find("latest").run_id == poor
    assert store.find("best").run_id == good
    assert store.find("best", faces="f0").run_id == other
    assert store.find("poor").run_id == store.find(poor).run_id == poor


@pytest.mark.parametrize("wanted", ["latest", "best"])
def test_no_run_yet_is_said(store, wanted):
    """An empty store names the command that fills it."""
    with pytest.raises(UserError, match=f"run={wanted}: there is no finished run yet"):
        store.find(wanted)


def test_an_unknown_run_is_refused_by_name(store):
    """One line that names the id and the store."""
    with pytest.raises(UserError, match="run nope: there is no such run in sqlite"):
        store.run("nope")


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


@pytest.mark.parametrize("uri", ["sqlite:////proc/nowhere/m.db", "gopher://x"])
def test_a_store_that_cannot_be_opened_is_refused(uri):
    """An impossible place and an unknown kind of store both name tracking.uri."""
    with pytest.raises(UserError, match=r"tracking\.uri="):
        tracking.Store(settings.Tracking(uri, "artifacts", "x", False))


def test_the_store_lets_readers_in_beside_a_writer(store):
    """SQLite's write-ahead log is on, which MLflow does not set."""
    with sqlite3.connect(store.uri.removeprefix(tracking.SQLITE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def _open(chosen: settings.Tracking) -> str:
    return tracking.Store(chosen).experiment_id


@pytest.mark.slow
def test_fresh_stores_opened_at_once_do_not_race(tmp_path):
    """Six processes that open a store that does not exist yet all get the same experiment."""
    chosen = settings.Tracking(f"sqlite:///{tmp_path / 'new.db'}", str(tmp_path / "artifacts"), "x", False)
    with multiprocessing.get_context("spawn").Pool(6) as pool:
        assert len(set(pool.map(_open, [chosen] * 6))) == 1
