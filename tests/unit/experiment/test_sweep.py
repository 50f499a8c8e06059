"""A sweep from its plan to its summary."""

import errno

import pytest

from fer_exp.data import datasets
from fer_exp.experiment import drivers, recorder
from fer_exp.experiment.job import Job
from fer_exp.experiment.sweep import Sweep

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def sweep(tiny, tiny_dataset, monkeypatch):
    """Run a sweep of one seed with some overrides, in this process: whether all of it is done."""
    monkeypatch.setattr(datasets, "faces_of_sweep", lambda *_: tiny_dataset)

    def run(*overrides):
        own = ["seed=0", "training.epochs=1", "tracking.log_model=false", *overrides]
        planned = Sweep.plan([(["seed=0"], tiny(*own))], ["seed"], "python train.py -m seed=0")
        parent = planned.open()
        for _ in filter(lambda job: job.to_train, planned.jobs):
            drivers.run_in_sweep(Job(tiny(*own, f"sweep.parent={parent}"), "seed 0"))
        return planned.close()

    return run


def test_a_job_that_was_to_be_trained_anew_and_was_not_is_not_done(sweep, monkeypatch, capsys):
    """An earlier run does not stand for it."""
    assert sweep()
    monkeypatch.setattr(drivers, "run_in_sweep", lambda _: False)
    assert not sweep("rerun=all", "on_failure=stop")
    assert "1 not started" in capsys.readouterr().out


def test_a_job_that_fails_when_trained_again_has_failed(sweep, monkeypatch, capsys):
    """Though its earlier run stays, and stands for the job in every table."""
    assert sweep()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "last.pt")

    with monkeypatch.context() as patch:
        patch.setattr(recorder.checkpoint, "save", full)
        assert not sweep("rerun=all")
    assert "1 failed" in capsys.readouterr().out
    assert sweep()
    assert "1 reused" in capsys.readouterr().out
