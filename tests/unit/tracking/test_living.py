"""Which runs live is told by the locks of the folder that they record in."""

import copy
import os
import shutil
from pathlib import Path

import pytest

from fer_exp.tracking.run_files import local_path


def served(store, folder):
    """The store as if it were a server that is used from a folder, though nothing is asked of it."""
    found = copy.copy(store)
    found.uri, found.locks = "http://127.0.0.1:1", folder / "locks"
    return found


@pytest.mark.fault(
    "Store: containers of one host name and path, copies of a folder, a container under a new name",
    trials=4,
    expected="each closes what has died in its own folder, and nothing else",
)
@pytest.mark.parametrize("elsewhere", ["another folder", "a copy", "the same path"])
def test_a_run_at_work_in_another_folder_is_left(store, tmp_path, elsewhere):
    """A server is used from several, whose locks tell nothing of each other's runs."""
    here = served(store, tmp_path / "here")
    gone = here.create("gone", {}, {})
    there = served(store, tmp_path / "there")
    if elsewhere == "a copy":
        shutil.copytree(tmp_path / "here", tmp_path / "there")
    if elsewhere == "the same path":
        (tmp_path / "here").rename(tmp_path / "kept")
        there = served(store, tmp_path / "here")
    gone.lock.release(force=True)
    there.close_abandoned()
    assert store.record(gone.id).status == "RUNNING"
    served(store, tmp_path / ("kept" if elsewhere == "the same path" else "here")).close_abandoned()
    assert store.record(gone.id).status == "KILLED"
    assert not any(str(tmp_path) in value for value in store.record(gone.id).tags.values())


def test_a_job_goes_on_with_no_run_that_records_in_another_folder(store, tmp_path):
    """Else two processes would write into one run, and the first to end would end both."""
    here, there = served(store, tmp_path / "here"), served(store, tmp_path / "there")
    for each in (here, there):
        each.records = store.records
    gone = here.create("gone", {}, {"kind": "job", "identity": "a"})
    gone.lock.release(force=True)
    assert there.known_here() == there.known_here(identity="a") == {}
    assert here.known_here()["a"].run_id == gone.id
    here.close_abandoned()
    assert there.known_here()["a"].status == "KILLED"


def test_a_container_that_comes_back_under_another_name_closes_its_runs(store, tmp_path, monkeypatch):
    """It is the same machine; what another machine left in the folder is closed after a day of silence."""
    here = served(store, tmp_path)
    gone = here.create("gone", {}, {})
    gone.lock.release(force=True)
    monkeypatch.setattr("platform.node", lambda: "0123456789ab")
    with monkeypatch.context() as patch:
        patch.setattr("fer_exp.machine.boot", lambda: "another machine")
        here.close_abandoned()
        assert store.record(gone.id).status == "RUNNING"
    here.close_abandoned()
    assert store.record(gone.id).status == "KILLED"
    late = here.create("late", {}, {})
    late.lock.release(force=True)
    monkeypatch.setattr("fer_exp.machine.boot", lambda: "another machine")
    monkeypatch.setattr("platform.node", lambda: "other")
    os.utime(late.lock.lock_file, (0, 0))
    here.close_abandoned()
    assert store.record(late.id).status == "KILLED"


def test_what_a_killed_run_was_writing_goes_with_its_end(store):
    """A baseline that is killed is fitted as another run, so nobody writes that file again."""
    gone, alive = store.create("gone", {}, {}), store.create("alive", {}, {})
    gone.text("figures/whole.txt", "stays")
    gone.lock.release(force=True)
    figures = [Path(local_path(run.artifacts), "figures") for run in (gone, alive)]
    for folder in figures:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".half.png.0c3a78b5").touch()
    store.close_abandoned()
    assert store.record(gone.id).status == "KILLED"
    assert [os.listdir(folder) for folder in figures] == [["whole.txt"], [".half.png.0c3a78b5"]]
