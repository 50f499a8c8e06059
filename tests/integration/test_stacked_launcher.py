"""`hydra/launcher=stacked` as a user names it."""

import signal

import pytest
from helpers.processes import FEW, open_store, run, start

STACKED = "hydra/launcher=stacked"


@pytest.mark.slow
def test_a_sweep_trains_as_one_network_and_a_failed_arm_stops_nobody(folder):
    """Each job has its run and its log; the jobs are known to another launcher, which does the rest."""
    sweep = ("-m", "optimizer=sgd", "optimizer.lr=0.01,1e30", "seed=0,1", *FEW)
    done = run(folder, *sweep, "training.epochs=2", STACKED, "n_jobs=4")
    assert done.returncode == 1, done.stderr
    assert "4 train; 4 at a time" in done.stdout
    assert "2 done, 2 failed" in done.stdout
    store = open_store(folder)
    jobs = {record.name: record for record in store.records(kind="job")}
    for name, record in jobs.items():
        diverges = "1e+30" in name
        assert record.status == ("FAILED" if diverges else "FINISHED")
        log = (folder / record.tags["log"]).read_text(encoding="utf-8")
        assert name in log
        assert ("[2/2]" in log) != diverges
        assert not any(other in log for other in jobs if other != name)
    again = run(folder, *sweep, "training.epochs=2", "rerun=none", "n_jobs=1")
    assert "2 reused, 2 failed" in again.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_sweep_ends_as_killed(folder, number):
    """Every job, and the sweep."""
    sweep = ("-m", "seed=0,1", "training.epochs=100000", "stopping=none", *FEW, STACKED, "n_jobs=2")
    process = start(folder, *sweep)

    def under_way():
        logs = (folder / "outputs").rglob("train.log")
        return len([log for log in logs if "[3/" in log.read_text(encoding="utf-8")]) == 2

    process.wait_for(under_way)
    process.send_signal(number)
    assert process.wait() == 128 + number
    records = open_store(folder).records()
    assert [record.status for record in records] == ["KILLED"] * 3
    assert all("loss/val" in record.metrics for record in records if record.tags["kind"] == "job")
