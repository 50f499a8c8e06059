"""Under each launcher a sweep outlives a killed job, comes to the same table, and ends when it is stopped."""

import contextlib
import csv
import io
import os
import shutil
import signal
from pathlib import Path

import pytest
from helpers.processes import FEW, open_store, run, start

from fer_exp.report import text

STUDY = ("-m", "optimizer=sgd,adam", "seed=0,1", "stopping=none", *FEW)


def at_work(folder, sweep):
    """The name of a job that trains, and the id of the process that does: it holds the lock of the run."""
    store = open_store(folder)
    found = []

    def seen():
        for record in store.records("RUNNING", kind="job"):
            holder = "loss/val" in record.metrics and _holder(store.locks / record.run_id)
            if holder:
                found.append((record.name, holder))
        return found

    sweep.wait_for(seen)
    return found[0]


def _holder(lock):
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        # OSError: closed meanwhile
        with contextlib.suppress(OSError):
            if opened.readlink() == lock:
                return int(opened.parts[2])
    return None


def printed_table(folder, capsys):
    """What the comparison prints, without the seconds that the jobs took."""
    text.main(["--tracking-uri", f"sqlite:///{folder}/mlflow.db", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["metric"] for row in rows} >= {"accuracy", "train_seconds"}
    return [row for row in rows if row["metric"] != "train_seconds"]


# The table that Hydra's own launcher leads to, once for all that are held against it.
TABLES = {}


@pytest.fixture
def basic_table(tmp_path_factory, migrated_store, capsys):
    """The table of the study when its jobs run one after another in one process."""
    if not TABLES:
        folder = tmp_path_factory.mktemp("basic")
        shutil.copy(migrated_store, folder / "mlflow.db")
        done = run(folder, *STUDY, "training.epochs=30", "hydra/launcher=basic")
        assert done.returncode == 0, done.stderr
        TABLES["basic"] = printed_table(folder, capsys)
    return TABLES["basic"]


@pytest.mark.slow
@pytest.mark.xdist_group("launchers")
@pytest.mark.parametrize(
    ("name", "extra"), [("joblib", "loky"), ("submitit_local", "submitit"), ("ray", "ray")]
)
def test_a_sweep_outlives_a_killed_job_and_comes_to_the_same_table(folder, basic_table, capsys, name, extra):
    """SIGKILL to one job: it is said to have failed, three finish; the same command does the fourth."""
    pytest.importorskip(extra, reason=f"the extra {extra} is not installed")
    command = (*STUDY, "training.epochs=30", f"hydra/launcher={name}", "n_jobs=2")
    sweep = start(folder, *command)
    victim, process = at_work(folder, sweep)
    os.kill(process, signal.SIGKILL)
    assert sweep.wait() == 1
    said = sweep.stdout + sweep.stderr
    assert f"{victim}: failed: its process died" in said
    assert "signal 9" in said or name != "joblib"
    assert "3 done" in said
    statuses = {record.name: record.status for record in open_store(folder).records(kind="job")}
    assert statuses.pop(victim) == "FAILED"
    assert list(statuses.values()) == ["FINISHED"] * 3
    again = run(folder, *command)
    assert again.returncode == 0, again.stderr
    assert "3 reused" in again.stdout
    assert printed_table(folder, capsys) == basic_table


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_sweep_ends_as_killed_with_all_its_processes(folder, number, code):
    """SIGTERM to the sweep, or Ctrl-C, which its workers get too."""
    sweep = start(folder, *STUDY, "training.epochs=100000", "n_jobs=2")
    _, process = at_work(folder, sweep)
    (os.kill if number == signal.SIGTERM else os.killpg)(sweep.pid, number)
    assert sweep.wait() == code
    assert {record.status for record in open_store(folder).records()} == {"KILLED"}
    assert not Path(f"/proc/{process}").exists()
