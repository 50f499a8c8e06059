"""Jobs side by side: each is the job alone, and what becomes of one leaves the others as they are."""

import logging

import pytest
import torch

from fer_exp.data import datasets
from fer_exp.experiment import drivers, job_check
from fer_exp.experiment.job import Job
from fer_exp.training.kernels.stacked_mlp import BatchedMLPStep

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_figures")]


@pytest.fixture
def job(monkeypatch, tiny_dataset, tracking_overrides, compose_settings, store):
    """What makes a job of a sweep."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    parent = store.create("sweep", {}, {"kind": "sweep"}).id
    common = ["layers=64-32-16", "batch_size='16'", "training.epochs=2", "stopping=none", *tracking_overrides]
    common.append(f"sweep.parent='{parent}'")
    return lambda *overrides, **given: Job(compose_settings(*common, *overrides), "x", **given)


def test_each_job_has_a_run_of_its_own(job, store, caplog):
    """One fails by itself; the others end with the figures that they have alone."""
    choices = [["seed=1"], ["optimizer=sgd", "optimizer.lr=1e30"], ["model/activation=tanh"]]
    beside = [job(*each) for each in choices]
    drivers.run_stacked(beside, width=3)
    [failure] = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert "x: failed: the loss is not finite in epoch 1, step 2, at learning rate 1e+30" in failure.message
    assert [run.tags["error"][:13] for run in store.records("FAILED")] == ["DivergedError"]
    for number in (0, 2):
        alone = drivers.run(job(*choices[number], "rerun=all"))
        mine, theirs = (store.record(outcome.run_id) for outcome in (beside[number].outcome, alone))
        assert (mine.status, mine.params) == ("FINISHED", theirs.params)
        for name, value in theirs.metrics.items():
            assert "seconds" in name or mine.metrics[name] == pytest.approx(value, rel=1e-4)
        assert store.run(mine.run_id).logged_steps("loss/val") == {1, 2}


def test_each_job_says_what_it_does_to_its_own_log(job):
    """Its epochs and its end, and nothing of the others."""
    lines = {}

    def log(seed):
        logger = logging.Logger(f"job {seed}", logging.DEBUG)
        handler = logging.Handler()
        handler.emit = lambda entry: lines.setdefault(seed, []).append(entry.getMessage())
        logger.addHandler(handler)
        return logger

    drivers.run_stacked([job(f"seed={seed}", log=log(seed)) for seed in (1, 2)], width=2)
    for said in lines.values():
        assert [line[:5] for line in said[:-1]] == ["[1/2]", "[2/2]"]
        assert "of validation (n = " in said[-1]


def test_more_jobs_than_a_stack_is_wide(job, store):
    """The next begins when one has ended; what cannot be stacked trains as well."""
    choices = [["seed=1"], ["seed=2"], ["seed=3"], ["optimizer.target=torch.optim.Adamax", "seed=4"]]
    drivers.run_stacked([job("training.epochs=1", *each) for each in choices], width=2)
    assert len(store.records("FINISHED", kind="job")) == 4


def test_after_a_failure_no_job_is_begun_if_that_is_asked_for(job):
    """Nor in the place of the one that failed."""
    diverging = [job(f"seed={seed}", "optimizer=sgd", "optimizer.lr=1e30") for seed in (0, 1)]
    jobs = [*diverging, *(job(f"seed={seed}", "training.epochs=1") for seed in (2, 3))]
    drivers.run_stacked(jobs, width=2, stop=True)
    assert [each.outcome is None for each in jobs] == [False, False, True, True]


def test_a_job_that_another_process_trains_is_waited_for_last(job, store):
    """Of the same job twice the second finds it done, and the third job has not waited for it."""
    begun = []

    class Watched(Job):
        def begin(self, wait=True):
            begun.append((self.config.seed, wait))
            return super().begin(wait)

    jobs = [Watched(job(f"seed={seed}").config, "x") for seed in (1, 1, 2)]
    drivers.run_stacked(jobs, width=3)
    assert begun == [(1, False), (1, False), (2, False), (1, True)]
    assert [each.outcome.action for each in jobs] == ["train", "reuse", "train"]
    assert jobs[1].outcome.run_id == jobs[0].outcome.run_id
    assert len(store.records("FINISHED", kind="job")) == 2


def test_an_interruption_ends_all_as_killed(job, store):
    """Wherever it comes; their epochs are kept, and the same jobs go on with them."""

    def interrupt(epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    def jobs(**second):
        given = ({}, second, {})
        return [job("training.epochs=3", f"seed={seed}", **given[seed]) for seed in range(3)]

    with pytest.raises(KeyboardInterrupt):
        drivers.run_stacked(jobs(show=interrupt), width=3)
    assert len(store.records("KILLED", kind="job")) == 3
    again = jobs()
    drivers.run_stacked(again, width=3)
    assert [each.outcome.action for each in again] == ["continue"] * 3
    for each in again:
        assert store.run(each.outcome.run_id).logged_steps("loss/val") == {1, 2, 3}


def test_an_interruption_that_became_an_error_still_ends_the_sweep(job, monkeypatch):
    """PyTorch fails to leave what Ctrl-C cut short, by an error of its own; the job has not failed."""

    def check(_):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("trying to pop from empty mode stack")

    monkeypatch.setattr(job_check, "check", check)
    cut = job()
    with pytest.raises(KeyboardInterrupt):
        drivers.run_in_sweep(cut)
    assert not cut.failed


def test_a_pass_that_breaks_fails_all_that_it_was_made_for(job, store, monkeypatch, caplog):
    """Such as on a full GPU; the rest of the sweep goes on."""

    def full(*_arguments) -> None:
        raise torch.OutOfMemoryError("the device is full")

    choices = [["seed=1"], ["seed=2"], ["layers=128-32", "seed=3", "training.epochs=1"]]
    with monkeypatch.context() as patched:
        patched.setattr(BatchedMLPStep, "__call__", full)
        drivers.run_stacked([job(*each) for each in choices], width=3)
    failures = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert [str(entry.exc_info[1]) for entry in failures] == ["the device is full"] * 2
    assert [run.status for run in store.records(kind="job")] == ["FINISHED", "FAILED", "FAILED"]


def test_jobs_that_have_ended_hold_no_network(job):
    """A sweep has hundreds of them."""
    jobs = [job(f"seed={seed}", "training.epochs=1") for seed in (1, 2)]
    drivers.run_stacked(jobs, width=2)
    assert [each.recorder for each in jobs] == [None, None]
