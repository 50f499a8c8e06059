"""A disk that is full or cannot be written."""

import contextlib
import dataclasses
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from helpers import disks, faces_on_disk
from helpers.patience import wait_until
from helpers.processes import FEW, open_store, run, start

from fer_exp import tracking
from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, plan
from fer_exp.experiment.job import Job
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MB of its own."""
    with disks.small_disk(tmp_path / "disk", "8m") as place:
        yield place


def fill(disk: Path) -> Path:
    """Use all space that a disk has left; the file that does."""
    with contextlib.suppress(OSError), open(disk / "filler", "ab", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return disk / "filler"


def on(disk: Path) -> list[str]:
    """Overrides that keep a job's files on a disk; the store itself lies elsewhere."""
    return [f"tracking.artifacts={disk}/artifacts", "tracking.experiment=elsewhere"]


def figures(run: tracking.Record) -> dict[str, float]:
    """What a run has logged, without times."""
    return {key: value for key, value in run.metrics.items() if "seconds" not in key}


def goes_on(config, failed: tracking.Record) -> None:
    """The same job again goes on in the same run, and its figures are those of one never disturbed."""
    done = drivers.run(Job(config, "again"))
    assert (done.action, done.run_id) == (plan.CONTINUE, failed.run_id)
    whole = drivers.run(Job(dataclasses.replace(config, rerun="all"), "whole"))
    store = tracking.Store(config.tracking)
    assert figures(store.record(done.run_id)) == figures(store.record(whole.run_id))
    steps = [point.step for point in store.client.get_metric_history(done.run_id, "loss/val")]
    assert sorted(steps) == [1, 2, 3, 4]


def wait_for_epoch(store: tracking.Store, number: int) -> None:
    """Wait until an epoch of the one running job is logged: it is written while the next one trains."""
    [run] = store.records("RUNNING")
    wait_until(lambda: number in store.run(run.run_id).logged_steps("loss/val"))


def spoil(disk: Path, how: str):
    """Fill the disk or forbid to write to it; what undoes that."""
    if how == "full":
        return fill(disk).unlink
    options = ["mount", "-o", "remount,ro", str(disk)]
    subprocess.run(options, check=True)
    return lambda: subprocess.run([*options[:2], "remount,rw", str(disk)], check=True)


@pytest.mark.fault(
    "Disk: full, or read-only, from an epoch on",
    trials=4,
    expected="one line; FAILED; the same command goes on from the last epoch, to the figures of a whole run",
)
@pytest.mark.parametrize("how", ["full", "read-only"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_disk_that_fails_costs_no_finished_epoch(small_disk, job, how, number):
    """The checkpoint before stays whole, and the store opens."""
    config = job(*on(small_disk))
    store = tracking.Store(config.tracking)
    undo = []

    def watch(epoch):
        if epoch.number == number:
            wait_for_epoch(store, number)
            undo.append(spoil(small_disk, how))

    with pytest.raises(UserError, match=r"cannot write the checkpoint \((No space|Read-only)"):
        drivers.run(Job(config, "a", show=watch))
    [failed] = store.records("FAILED")
    undo[0]()
    last = small_disk / "artifacts" / failed.run_id / "artifacts" / artifacts.LAST
    assert checkpoint.load(last)["epoch"] == number
    goes_on(config, failed)


@pytest.mark.fault(
    "Disk: full, or read-only, as a job begins", trials=2, expected="one line; FAILED; nothing stays RUNNING"
)
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_takes_nothing_is_one_line(small_disk, job, how):
    """And the same again, once it takes something, is a whole run."""
    config = job(*on(small_disk))
    undo = spoil(small_disk, how)
    with pytest.raises(UserError, match=r"cannot be written \((No space left|Read-only)"):
        drivers.run(Job(config, "a"))
    store = tracking.Store(config.tracking)
    assert [run.status for run in store.records()] == ["FAILED"]
    undo()
    assert store.record(drivers.run(Job(config, "a")).run_id).status == "FINISHED"


def fill_around(store: Path) -> Path:
    """Use all space beside a store, and that which its log keeps for the next rows; the file that does."""
    with contextlib.closing(sqlite3.connect(store, timeout=60)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return fill(store.parent)


@pytest.mark.fault(
    "Disk: full under the store itself, from an epoch on",
    trials=2,
    expected="one line; the store opens; the same command goes on, to the figures of a whole run",
)
@pytest.mark.parametrize("number", [1, 2])
def test_a_store_that_cannot_grow_costs_no_finished_epoch(small_disk, migrated_store, job, number):
    """The checkpoints lie elsewhere, so the epoch that could not be logged is not trained again."""
    shutil.copy(migrated_store, small_disk / "mlflow.db")
    # files that lie elsewhere need an experiment of their own
    config = job(f"tracking.uri=sqlite:///{small_disk}/mlflow.db", "tracking.experiment=full")
    store = tracking.Store(config.tracking)
    fillers = []

    def watch(epoch):
        if epoch.number == number:
            wait_for_epoch(store, number)
            fillers.append(fill_around(small_disk / "mlflow.db"))

    with pytest.raises(
        UserError, match=r"mlflow\.db: the store cannot be written \(database or disk is full\)"
    ):
        drivers.run(Job(config, "a", show=watch))
    [left] = tracking.Store(config.tracking).records("RUNNING")
    fillers[0].unlink()
    store.close_abandoned()
    assert [run.status for run in store.records()] == ["KILLED"]
    last = checkpoint.load(store.run(left.run_id).fetch(artifacts.LAST))
    assert last["epoch"] == number + 1
    goes_on(config, left)


@pytest.mark.fault(
    "Disk: full under all that a sweep writes, while a job trains",
    trials=1,
    expected="a line a job, no traceback; the same command finishes, each figure as if undisturbed",
)
def test_a_sweep_on_a_disk_that_fills_ends_in_lines(small_disk, tmp_path, migrated_store):
    """Store, checkpoints, and logs all lie there."""
    command = ["-m", "seed=0,1", "model.hidden=[8]", "training.epochs=300", "stopping=none", "n_jobs=1"]
    command += [f"data.cache_dir={tmp_path}/faces", *FEW]
    for folder in (small_disk, tmp_path):
        shutil.copy(migrated_store, folder / "mlflow.db")
    sweep = start(small_disk, *command)
    store = open_store(small_disk)
    sweep.wait_for(lambda: any("loss/val" in found.metrics for found in store.records("RUNNING", kind="job")))
    filler = fill_around(small_disk / "mlflow.db")
    assert sweep.wait() > 0
    assert "seed 0: failed: " in sweep.stdout
    assert "Traceback" not in sweep.stdout
    # a program that ends gives space back, at times enough for the next
    fill(small_disk)
    for line in (sweep.stderr, run(small_disk, *command).stderr):
        assert line.count("\n") == 1
        assert line.startswith("error: ")
        assert re.search("No space left|database or disk is full|disk I/O error", line), line
    filler.unlink()
    for folder in (small_disk, tmp_path):
        done = run(folder, *command)
        assert done.returncode == 0, done.stderr
    again, whole = (
        {found.name: figures(found) for found in open_store(folder).records("FINISHED", kind="job")}
        for folder in (small_disk, tmp_path)
    )
    assert len(again) == 2
    assert again == whole
    assert store.records("RUNNING") == []


@pytest.mark.fault(
    "Disk: full, or read-only, where faces are cached", trials=4, expected="one line; nothing is left there"
)
@pytest.mark.parametrize("how", ["full", "read-only"])
@pytest.mark.parametrize("source", ["drawn", "csv"])
def test_faces_that_cannot_be_cached_are_one_line(small_disk, tiny_faces, tmp_path, how, source):
    """The setting to change is named, and the set is read once there is room."""
    table = faces_on_disk.table(tiny_faces, tmp_path / "fer2013.csv")

    def load():
        if source == "drawn":
            return datasets.load_synthetic(70, 14, 0, small_disk)
        return datasets.load_fer2013(table, small_disk, "fail")

    undo = spoil(small_disk, how)
    with pytest.raises(UserError, match=r"data\.cache_dir=.*(No space left|Read-only)"):
        load()
    assert {path.name for path in small_disk.iterdir()} <= {"filler"}
    undo()
    assert len(load().faces) in (84, 70)
