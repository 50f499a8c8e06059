"""`python -m fer_exp.tracking.archive.copy_runs` as a user runs it."""

import shutil

import pytest

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.tracking.archive import copy_runs


@pytest.fixture
def places(store, migrated_store, tmp_path, monkeypatch):
    """The arguments that name a store with one run, and an empty one."""
    monkeypatch.chdir(tmp_path)
    made = store.create("job", {}, {})
    with made.recording():
        made.log({"val/loss": 1.0})
    shutil.copy(migrated_store, tmp_path / "target.db")
    target = f"sqlite:///{tmp_path / 'target.db'}"
    return ["--from", store.uri, "--to", target, "--experiment", "test"]


def test_it_copies_once_and_sums_up(places, capsys):
    """A dry run copies nothing; the second run finds all there."""
    for arguments, said in (
        (["--dry-run"], "runs would be copied: 1; there before: 0; left: 0"),
        ([], "runs copied: 1; there before: 0; left: 0\n1 metrics, 0 params, 0 files"),
        ([], "runs copied: 0; there before: 1; left: 0"),
    ):
        copy_runs.main(places + arguments)
        assert capsys.readouterr().out.startswith(said)
    target = tracking.Store(settings.Tracking(places[3], "mlartifacts", "test", False))
    assert [(run.status, run.metrics) for run in target.records()] == [("FINISHED", {"val/loss": 1.0})]


def test_it_says_what_lacks_its_files(places, store, capsys):
    """And how to have them copied."""
    store.create("sweep", {}, {"kind": "sweep"}).end("FINISHED")
    copy_runs.main(places)
    out = capsys.readouterr().out
    assert "without their files: 1, as these are not where the store says: bring them back, repeat\n" in out


def test_it_refuses_what_is_no_move(places, capsys):
    """From a place to itself, and from where nothing is, which it does not make."""
    for arguments, said in (
        (["--to", places[1]], "that is where the runs are"),
        (["--from", "sqlite:///nothing.db"], "there is no store yet"),
        (["--experiment", "nope"], "--experiment nope: there is none"),
    ):
        with pytest.raises(SystemExit, match="2"):
            copy_runs.main(places + arguments)
        [line] = capsys.readouterr().err.splitlines()
        assert said in line
