"""Runs are opened, filled and ended with the truth."""

import contextlib
import copy
import multiprocessing
import os
import pprint
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.inference import predict
from fer_exp.inference.demo import app
from fer_exp.report import command as report
from fer_exp.report import text
from fer_exp.tracking import sqlite
from fer_exp.tracking.server import ui


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


def test_what_was_restored_without_weights_is_neither_best_nor_latest(store):
    """Who asks for either wants a network; by its name or id it is found."""
    kept = _finished(store, "kept", "f0", 1.0)
    restored = _finished(store, "restored", "f0", 0.5)
    store.client.set_tag(restored, "moved", "figures")
    assert store.find("best").run_id == store.find("latest").run_id == kept
    assert store.find("restored").run_id == restored
    store.client.delete_run(kept)
    with pytest.raises(UserError, match="but those that were restored from an archive, without weights"):
        store.find("best")


@pytest.mark.parametrize("wanted", ["latest", "best"])
def test_no_run_yet_is_said(store, wanted):
    """An empty store names the command that fills it."""
    with pytest.raises(UserError, match=f"run={wanted}: there is no finished run yet"):
        store.find(wanted)


def test_an_unknown_run_is_refused_by_name(store):
    """One line that names the id and the store."""
    with pytest.raises(UserError, match="run nope: there is no such run in sqlite"):
        store.run("nope")


def test_a_run_that_was_deleted_is_refused_by_name(store):
    """MLflow still gives it, but takes nothing for it."""
    run = store.create("a", {}, {})
    store.client.delete_run(run.id)
    with pytest.raises(UserError, match=f"run {run.id}: it is deleted in sqlite.*; restore it there"):
        store.record(run.id)


@pytest.mark.fault(
    "The store: a tag that somebody has deleted", trials=1, expected="one line that names run and tag"
)
def test_a_run_that_has_lost_a_tag_is_named(store):
    """Anybody can delete one in MLflow's pages; who needs none of it does not notice."""
    run = store.create("a", {}, {"kind": "job", "identity": "x"})
    store.client.delete_tag(run.id, "identity")
    for found in (store.record(run.id), *store.records(kind="job")):
        assert found.tags.get("identity") is None
        with pytest.raises(UserError, match=f"run {run.id}: has no selected/val_loss any more"):
            found.metrics["selected/val_loss"]
    with pytest.raises(UserError, match=f"run {run.id}: has no identity any more; delete the run, or give"):
        store.latest_of_all()


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


def test_locks_that_cannot_be_made_are_named(store):
    """As beside a store of somebody else's."""
    store.locks.touch()
    with pytest.raises(UserError, match=rf"{re.escape(str(store.locks))}: cannot be made \(File exists\)"):
        store.lock("x")


def test_history_is_by_step(store):
    """Every value of a metric, under the epoch that it was logged at; nothing for one never logged."""
    run = store.create("x", {}, {})
    run.log({"val/loss": 2.0}, 1)
    run.log({"val/loss": 1.5}, 2)
    assert run.history(["val/loss", "other"]) == {"val/loss": {1: 2.0, 2: 1.5}, "other": {}}


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////proc/nowhere/m.db",
        "sqlite:////proc/m.db",
        f"sqlite:///{Path(__file__)}",
        "gopher://x",
        "sqlite:x.db",
        "http://127.0.0.1:9",
    ],
)
def test_a_store_that_cannot_be_opened_is_refused(uri):
    """An impossible place, a file of another kind, no server and an unknown kind all name tracking.uri."""
    with pytest.raises(UserError, match=f"tracking.uri={re.escape(uri)}: "):
        tracking.Store(settings.Tracking(uri, "artifacts", "x", False))


@pytest.mark.parametrize("name", ["a?b.db", "a%20b.db", ":memory:", ""])
def test_a_store_that_mlflow_would_take_for_another_is_refused(tmp_path, monkeypatch, name):
    """It would write one file, or none, while we read another; nothing is created by the refusal."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"^sqlite:///{re.escape(name)}: (the path of )?a store "):
        tracking.Store(settings.Tracking(f"sqlite:///{name}", "artifacts", "x", False))
    with pytest.raises(UserError, match=f"^sqlite:///{re.escape(name)}: (the path of )?a store "):
        tracking.existing_store(f"sqlite:///{name}", "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(
    "The store: a file of another program, or cut short", trials=3, expected="one line at once"
)
@pytest.mark.parametrize("kind", ["text", "cut", "foreign"])
def test_a_file_that_is_no_store_is_refused_at_once(tmp_path, migrated_store, kind):
    """MLflow would try a damaged one for two minutes, and end in a traceback."""
    path = tmp_path / "a.db"
    if kind == "foreign":
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE runs (a INTEGER)")
    else:
        path.write_bytes(b"text" if kind == "text" else migrated_store.read_bytes()[:50_000])
    uri = f"sqlite:///{path}"
    with pytest.raises(UserError, match=f"^{re.escape(uri)}: cannot open the store "):
        tracking.existing_store(uri, "test")
    with pytest.raises(UserError, match=f"^tracking.uri={re.escape(uri)}: cannot open the store "):
        tracking.Store(settings.Tracking(uri, "artifacts", "test", False))


def test_a_password_in_an_address_is_not_said():
    """Neither to the terminal nor to a log."""
    with pytest.raises(tracking.UnreachableError, match=r"tracking.uri=http://127\.0\.0\.1:9: no MLflow"):
        tracking.Store(settings.Tracking("http://me:secret@127.0.0.1:9", "artifacts", "x", False))


def test_the_store_lets_readers_in_beside_a_writer(store):
    """SQLite's write-ahead log is on, which MLflow does not set."""
    with sqlite3.connect(store.uri.removeprefix(tracking.SQLITE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


_PROGRAM = """
import sys
from fer_exp import console, tracking
from fer_exp.config import settings

with console.mistakes_in_one_line():
    store = tracking.Store(settings.Tracking(f"sqlite:///{sys.argv[1]}", "artifacts", "x", False))
    store.create("one", {}, {}).log({"loss": 1.0})
"""


@pytest.mark.slow
def test_a_program_leaves_the_store_as_one_file(tmp_path):
    """Who copies it has everything: its write-ahead log is gone, though the end looks at no object."""
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", _PROGRAM, "a.db"], cwd=tmp_path, env=here, check=True)
    assert sorted(path.name for path in tmp_path.glob("a.db*")) == ["a.db", "a.db.lock", "a.db.locks"]
    (tmp_path / "a.db").rename(tmp_path / "copy.db")
    copy = tracking.Store(settings.Tracking(f"sqlite:///{tmp_path / 'copy.db'}", "artifacts", "x", False))
    assert [run.metrics for run in copy.records()] == [{"loss": 1.0}]


def _open(chosen: settings.Tracking) -> str:
    return tracking.Store(chosen).experiment_id


@pytest.mark.slow
def test_fresh_stores_opened_at_once_do_not_race(tmp_path):
    """Six processes that open a store that does not exist yet all get the same experiment."""
    chosen = settings.Tracking(f"sqlite:///{tmp_path / 'new.db'}", str(tmp_path / "artifacts"), "x", False)
    with multiprocessing.get_context("spawn").Pool(6) as pool:
        assert len(set(pool.map(_open, [chosen] * 6))) == 1


READERS = {"compare": text, "demo_page": app, "prediction": predict, "report": report, "ui": ui}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.fault("Bad settings: a mistyped store", trials=5, expected="one line; nothing is created there")
def test_what_only_reads_makes_no_store(tmp_path, monkeypatch, capsys, name):
    """A mistyped place would otherwise become an empty store, and the runs seem lost."""
    monkeypatch.chdir(tmp_path)
    place = f"sqlite:///{tmp_path}/mlfow.db"
    with pytest.raises(SystemExit, match="2"):
        READERS[name].main([*["x.png"] * (name == "prediction"), "--tracking-uri", place])
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"error: {place}: there is no store yet: python train.py makes one"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "wanted", [{}, {"kind": "job"}, {"status": "FAILED"}, {"kind": "job", "identity": "b"}]
)
def test_runs_are_read_as_mlflow_finds_them(store, wanted, known, monkeypatch):
    """The same runs in the same order, with all they were told and their last metrics, odd ones too.

    known: whether MLflow's tables are those that are read directly, which a new version may change.
    """
    path = sqlite.file_of(store.uri)
    assert sqlite.is_known(path)
    if not known:
        monkeypatch.setattr(sqlite, "_SCHEMA", "of another version")
        assert not sqlite.is_known(path)
    for identity, loss in (("a", 1.0), ("b", float("nan")), ("a", float("inf")), ("it's", -0.5)):
        run = store.create(identity, {"lr": 0.1}, {"kind": "job", "identity": identity})
        run.log({"val/loss": 3.0, "other": 1.0}, 1)
        run.log({"val/loss": loss}, 2)
    run.end("FAILED")
    store.create("gone", {}, {"kind": "job"})
    store.client.delete_run(store.records(kind="job")[0].run_id)
    store.create("sweep", {}, {"kind": "sweep"})
    tags = {key: value for key, value in wanted.items() if key != "status"}
    terms = [f"tags.{key} = '{value}'" for key, value in tags.items()]
    terms += [f"attributes.status = '{wanted[key]}'" for key in wanted if key == "status"]
    found = store.client.search_runs([store.experiment_id], " and ".join(terms))
    assert len(found) > 0
    expected = [tracking.Record.of(run) for run in found]
    # as text, since no nan is equal to another
    as_text = [[pprint.pformat(vars(run)) for run in runs] for runs in (store.records(**wanted), expected)]
    assert as_text[0] == as_text[1]
