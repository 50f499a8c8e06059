"""A run whose files were damaged or deleted."""

import shutil

import pytest
from helpers.archived import named
from helpers.refused import refusal

from fer_exp.experiment import drivers
from fer_exp.experiment.job import Job
from fer_exp.inference import predict
from fer_exp.report import text
from fer_exp.tracking import artifacts

pytestmark = pytest.mark.slow

READERS = {"prediction": predict, "compare": text}


@pytest.mark.fault(
    "Disk: a checkpoint cut short, flipped or deleted",
    trials=3,
    expected="the job is trained anew, to the same figures",
)
@pytest.mark.parametrize("how", ["cut", "flipped", "deleted"])
def test_a_lost_checkpoint_is_trained_anew(job, store, how):
    """What it holds is not trusted, and the run it belonged to stays as it ended."""

    def kill(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drivers.run(Job(job(), "a", show=kill))
    [killed] = store.records("KILLED")
    path = store.run(killed.run_id).fetch(artifacts.LAST)
    data = path.read_bytes()
    path.unlink()
    # weights fill the middle; elsewhere a byte may be padding, which nobody reads
    at = len(data) // 2
    if how != "deleted":
        path.write_bytes(data[:at] + (bytes([data[at] ^ 1]) + data[at + 1 :]) * (how == "flipped"))
    done = drivers.run(Job(job(), "again"))
    whole = drivers.run(Job(job("rerun=all"), "whole"))
    assert done.run_id != killed.run_id
    again, undisturbed = (
        {key: value for key, value in store.record(run.run_id).metrics.items() if "seconds" not in key}
        for run in (done, whole)
    )
    assert again == undisturbed


@pytest.mark.fault(
    "Disk: all files of a finished run deleted",
    trials=2,
    expected="one line that names the run; its figures stay",
)
@pytest.mark.parametrize("reader", ["prediction", "compare"])
def test_a_run_without_its_files_is_told(job, store, tmp_path, capsys, reader):
    """Figures are in the store itself; only what needs the files says that they are gone."""
    done = drivers.run(Job(job(), "a"))
    shutil.rmtree(tmp_path / "mlartifacts")
    capsys.readouterr()
    line = refusal(capsys, READERS[reader].main, *["x.png"] * (reader == "prediction"), *named(store))
    lost = done.run_id if reader == "prediction" else store.record(done.run_id).tags["mlflow.parentRunId"]
    assert line.startswith(f"error: run {lost}: has no ")
    assert store.record(done.run_id).metrics["selected/epoch"] >= 1
