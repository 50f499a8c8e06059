"""A store is opened, or refused in one line that names it."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.refused import refusal

from fer_exp import places, tracking
from fer_exp.analysis import leaderboard
from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.inference import predict
from fer_exp.inference.demo import app
from fer_exp.report import command as report
from fer_exp.report import text
from fer_exp.tracking.server import ui


def test_locks_that_cannot_be_made_are_named(store):
    """As beside a store of somebody else's."""
    store.locks.touch()
    with pytest.raises(UserError, match=rf"{re.escape(str(store.locks))}: cannot be made \(File exists\)"):
        store.lock("x")


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


@pytest.mark.fault("Store: a file of another program, or cut short", trials=3, expected="one line at once")
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
    with sqlite3.connect(store.uri.removeprefix(places.SQLITE)) as connection:
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


READERS = {"compare": text, "demo_page": app, "leaderboard": leaderboard, "prediction": predict}
READERS |= {"report": report, "ui": ui}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.fault("Bad settings: a mistyped store", trials=6, expected="one line; nothing is created there")
def test_what_only_reads_makes_no_store(tmp_path, monkeypatch, capsys, name):
    """A mistyped place would otherwise become an empty store, and the runs seem lost."""
    monkeypatch.chdir(tmp_path)
    place = f"sqlite:///{tmp_path}/mlfow.db"
    pictures = ["x.png"] * (name == "prediction")
    line = refusal(capsys, READERS[name].main, *pictures, "--tracking-uri", place)
    assert line == f"error: {place}: there is no store yet: python train.py makes one"
    assert list(tmp_path.iterdir()) == []


def test_what_is_added_to_an_ended_run_is_added_by_one_at_a_time(store):
    """Whoever leaves takes away what waits to be sent; a run at work is added to beside it."""
    run = store.create("a", {}, {})
    with store.added_to(store.record(run.id)) as beside:
        beside.tag(beside="yes")
    with run.holding():
        run.end("FINISHED")
    seen = []
    with suppress(KeyError), store.added_to(store.record(run.id)), store.abandoned(run.id) as free:
        seen.append(free)
        raise KeyError
    assert seen == [False]
    with store.abandoned(run.id) as free:
        assert free
    assert store.record(run.id).tags["beside"] == "yes"
