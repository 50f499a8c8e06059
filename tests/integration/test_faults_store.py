"""What may befall a sweep and its store: kills at any moment, locks, crowds. Nothing is lost or doubled."""

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest
from helpers.processes import FEW, run, start
from helpers.stores import runs

pytestmark = pytest.mark.slow


def warm_start(what, folder, count):
    """What the program `warm_start.py` prints, as JSON, a line each."""
    done = run(folder, what, folder, count, script="tests/helpers/warm_start.py")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def finished(folder):
    """The metrics of each job that a folder's store holds as finished, by name; each is there once."""
    found = [
        (name, logged) for kind, name, status, logged in runs(folder) if (kind, status) == ("job", "FINISHED")
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.mark.fault(
    "Killed: SIGKILL, SIGTERM or Ctrl-C at a random moment of a sweep, a quarter of them twice",
    trials=100,
    expected="the next start finishes it; no run stays RUNNING, each figure bit for bit, no epoch twice",
)
def test_a_sweep_killed_at_a_random_moment_is_finished_by_the_next_start(tmp_path):
    """Start, training, checkpoint, logging: whatever was cut, the figures are those of a quiet sweep."""
    trials = warm_start("kill", tmp_path, 100)
    whole = finished(tmp_path / "whole")
    assert len(whole) == 1
    assert {trial["trial"] for trial in trials} == set(range(100))
    for trial in trials:
        folder = tmp_path / f"trial-{trial['trial']}"
        assert trial["codes"][-1] == 0, (folder / "said.txt").read_text()
        assert finished(folder) == whole
        for _, name, status, logged in runs(folder):
            assert status in ("FINISHED", "KILLED"), f"{folder.name}: {name} is {status}"
            assert logged.items() <= whole.get(name, logged).items()
    cut_short = Counter(trial["signal"] for trial in trials if trial["codes"][0] != 0)
    assert all(count >= 10 for count in cut_short.values())
    assert len(cut_short) == 3


@pytest.mark.fault(
    "Store: ten fresh sweeps started at once on no store", trials=10, expected="all finish, in one store"
)
def test_ten_sweeps_may_make_the_store_at_once(tmp_path):
    """None fails, and each finds its own job done in the same store."""
    assert warm_start("rush", tmp_path, 10) == [[0] * 10]
    found = [(kind, name) for kind, name, status, _ in runs(tmp_path / "fresh") if status == "FINISHED"]
    assert Counter(kind for kind, _ in found) == {"sweep": 10, "job": 10}


@pytest.mark.fault(
    "Store: eight jobs log at once while a reader reads", trials=8, expected="every epoch once, no error"
)
def test_eight_jobs_may_log_while_another_reads(tmp_path):
    """Each of 40 epochs of each is there."""
    (looks, codes) = warm_start("crowd", tmp_path, 8)
    assert codes == [0] * 9
    assert looks["looks"] > 0
    expected = {("loss/val", step): 1 / step for step in range(1, 41)}
    expected |= {("accuracy/val", step): step / 40 for step in range(1, 41)}
    assert finished(tmp_path) == {str(number): expected for number in range(8)}


@pytest.mark.fault(
    "Store: locked for 30 s by another writer while a job trains",
    trials=1,
    expected="training waits and goes on; every epoch once",
)
def test_a_store_locked_for_half_a_minute_is_waited_for(tmp_path):
    """MLflow by itself gives up after 20 s."""
    # so many that it cannot end before the store is locked
    epochs = 400
    job = start(tmp_path, f"training.epochs={epochs}", "stopping=none", *FEW)
    job.wait_for(lambda: "\n[2/" in job.stdout)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(30)
        assert job.poll() is None
        other.execute("COMMIT")
    assert (job.wait(), job.stderr) == (0, "")
    [(steps, status)] = [
        ({step for key, step in logged if key == "loss/val"}, status)
        for _, _, status, logged in runs(tmp_path)
    ]
    assert (status, steps) == ("FINISHED", set(range(1, epochs + 1)))
