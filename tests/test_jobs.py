"""What a sweep does for a job, and what it calls it."""

import pytest

from fer_exp import jobs
from fer_exp.tracking import Record


def ended(status):
    """A run that ended like this."""
    return Record("id", "name", status, {}, {}, {}, 0.0, "")


@pytest.mark.parametrize(
    ("status", "rerun", "action"),
    [
        (None, "failed", jobs.TRAIN),
        (None, "none", jobs.TRAIN),
        ("FINISHED", "failed", jobs.REUSE),
        ("FINISHED", "none", jobs.REUSE),
        ("FINISHED", "all", jobs.TRAIN),
        ("FAILED", "failed", jobs.CONTINUE),
        ("FAILED", "none", jobs.LEAVE),
        ("KILLED", "none", jobs.CONTINUE),
        ("RUNNING", "failed", jobs.CONTINUE),
    ],
)
def test_only_what_is_missing_or_failed_is_trained(status, rerun, action):
    """`rerun` widens or narrows it; a half-trained job goes on."""
    assert jobs.action(ended(status) if status else None, rerun) == action


def test_a_job_is_named_by_what_it_varies():
    """An option speaks for itself, a number needs its key."""
    overrides = ["data=fer2013", "optimizer=adam", "batch_size='64'", "optimizer.lr=0.1", "seed=3"]
    values = jobs.swept_values(overrides, ["optimizer", "batch_size", "optimizer.lr", "seed"])
    assert jobs.name(values) == "adam · batch_size 64 · lr 0.1 · seed 3"
    assert jobs.name({"layers": "512-256"}) == "512-256"
    assert jobs.name({"model.hidden": "[300,100]"}) == "hidden [300,100]"
    assert jobs.name({}) == "main"


def test_a_sweep_is_named_by_study_arms_and_seeds(compose_settings):
    """`optimizer · 2 arms x 2 seeds · honest`, by its factors where it is no named study."""
    planned = [
        jobs.Job({"optimizer": name, "seed": str(seed)}, compose_settings(f"seed={seed}"), "faces", "id")
        for name in ("sgd", "adam")
        for seed in (0, 1)
    ]
    assert jobs.title("adhoc", planned) == "optimizer · 2 arms x 2 seeds · honest"
    assert jobs.title("final", planned) == "final · 2 arms x 2 seeds · honest"
    assert jobs.title("adhoc", planned[:1]) == "optimizer · 1 arm x 1 seed · honest"


def test_the_plan_says_what_the_deck_called_an_arm(compose_settings):
    """In the study of a factor the arm's setting is the factor's value, else the study's name."""
    values = {"batch_size": "64", "training.epochs": "100", "seed": "3"}
    job = jobs.Job(values, compose_settings("study=batch_size", "seed=3"), "faces", "id")
    assert job.entry() == {
        "name": "batch_size 64 · epochs 100 · seed 3",
        "arm": "batch_size 64 · epochs 100",
        "setting": "64",
        "seed": "3",
        "identity": "id",
    }
