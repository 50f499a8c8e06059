"""What a sweep does for a job, and what it calls it."""

import dataclasses

import pytest

from fer_exp.errors import UserError
from fer_exp.experiment import plan
from fer_exp.tracking import Record, record


def ended(status):
    """A run that ended like this."""
    return Record("id", "name", status, {}, {}, {}, 0.0, "")


@pytest.mark.parametrize(
    ("status", "rerun", "action"),
    [
        (None, "failed", plan.TRAIN),
        (None, "none", plan.TRAIN),
        ("FINISHED", "failed", plan.REUSE),
        ("FINISHED", "none", plan.REUSE),
        ("FINISHED", "all", plan.TRAIN),
        ("FAILED", "failed", plan.CONTINUE),
        ("FAILED", "all", plan.TRAIN),
        ("FAILED", "none", plan.LEAVE),
        ("KILLED", "none", plan.CONTINUE),
        ("KILLED", "failed", plan.CONTINUE),
        ("RUNNING", "all", plan.TRAIN),
        ("RUNNING", "failed", plan.CONTINUE),
    ],
)
def test_only_what_is_missing_or_failed_is_trained(status, rerun, action):
    """`rerun` widens or narrows it; a half-trained job goes on."""
    assert plan.action(ended(status) if status else None, rerun) == action


def test_a_job_is_named_by_what_it_varies():
    """An option speaks for itself, a number needs its key."""
    overrides = ["data=fer2013", "optimizer=adam", "batch_size='64'", "optimizer.lr=0.1", "seed=3"]
    values = plan.swept_values(overrides, ["optimizer", "batch_size", "optimizer.lr", "seed"])
    assert plan.name(values) == "adam · batch_size 64 · lr 0.1 · seed 3"
    assert plan.name({"layers": "512-256"}) == "512-256"
    assert plan.name({"model.hidden": "[300,100]"}) == "hidden [300,100]"
    assert plan.name({}) == "main"


def test_swept_values_are_read_from_overrides():
    """Without quotes or plus signs, whatever `=` a value holds, and only of the swept keys."""
    overrides = ["batch_size='64'", "+x=a=b", 'layers="128-32"', "seed=1", "optimizer=sgd"]
    values = plan.swept_values(overrides, ["batch_size", "x", "layers", "seed"])
    assert values == {"batch_size": "64", "x": "a=b", "layers": "128-32", "seed": "1"}


def test_a_truth_needs_its_key_too():
    """`true` alone would say nothing."""
    assert plan.name({"optimizer.options.nesterov": "true", "lr": "1e-3"}) == "nesterov true · lr 1e-3"


def test_a_sweep_is_named_by_study_arms_and_seeds(compose_settings):
    """`optimizer · 2 arms x 2 seeds · honest`, by its factors where it is no named study."""
    planned = [
        plan.PlannedJob(
            {"optimizer": name, "seed": str(seed)}, compose_settings(f"seed={seed}"), "faces", "id"
        )
        for name in ("sgd", "adam")
        for seed in (0, 1)
    ]
    assert plan.title("adhoc", planned) == "optimizer · 2 arms x 2 seeds · honest"
    assert plan.title("final", planned) == "final · 2 arms x 2 seeds · honest"
    assert plan.title("adhoc", planned[2:3] + planned[:1]) == "optimizer · 2 arms x 1 seed · honest"
    assert plan.title("adhoc", planned[:1]) == "optimizer · 1 arm x 1 seed · honest"


def test_a_study_without_its_reference_says_how_to_choose_another(compose_settings):
    """Whoever trains a few of a study's arms may leave it out; the quotes serve any name."""
    settings = compose_settings()
    planned = [plan.PlannedJob({"optimizer": name}, settings, "faces", "id") for name in ("a b", "c")]
    plan.check_reference("c", planned)
    plan.check_reference(None, planned)
    with pytest.raises(UserError, match=r"its arms are a b, c\. Add it, or .*: \"reference='a b'\"$"):
        plan.check_reference("adam", planned)


def test_a_sweep_of_seeds_alone_is_named_so(compose_settings):
    """And one over protocols names them all."""
    deck, honest = (
        plan.PlannedJob({"seed": "0"}, compose_settings(f"protocol={name}"), "faces", "id")
        for name in ("deck", "honest")
    )
    assert plan.title("adhoc", [honest]) == "seeds · 1 arm x 1 seed · honest"
    assert plan.title("main", [honest, deck]) == "main · 1 arm x 1 seed · deck, honest"


def test_the_plan_says_what_the_deck_called_an_arm(compose_settings):
    """In the study of a factor the arm's setting is the factor's value, else the study's name."""
    values = {"batch_size": "64", "training.epochs": "100", "seed": "3"}
    job = plan.PlannedJob(values, compose_settings("study=batch_size", "seed=3"), "faces", "id")
    assert job.entry() == {
        "name": "batch_size 64 · epochs 100 · seed 3",
        "arm": "batch_size 64 · epochs 100",
        "setting": "64",
        "seed": "3",
        "identity": "id",
        "faces": "faces",
    }


def test_a_trial_that_diverged_is_not_trained_again():
    """It would diverge again; in another study, or if it failed otherwise, a job goes on."""
    lost = dataclasses.replace(ended("FAILED"), tags={"error": "DivergedError: the loss is not finite"})
    assert plan.action(lost, "failed", trial=True) == plan.REUSE
    assert plan.action(lost, "all", trial=True) == plan.TRAIN
    assert plan.action(lost, "failed") == plan.CONTINUE
    assert plan.action(ended("FAILED"), "failed", trial=True) == plan.CONTINUE
    assert record.settled(lost, trial=True)
    assert not record.settled(lost, trial=False)
    assert not record.settled(None, trial=True)


def test_the_trials_of_a_search_are_runs_of_one_arm(compose_settings):
    """As seeds are elsewhere; the sweep is named by them, and the plan numbers them."""
    planned = [
        plan.PlannedJob(
            {"optimizer": name, "search.trial": trial}, compose_settings("study=optimizer_search"), "f", "id"
        )
        for name in ("sgd", "adam")
        for trial in "012"
    ]
    assert [job.name for job in planned[:2]] == ["sgd · trial 0", "sgd · trial 1"]
    assert plan.title("optimizer_search", planned) == "optimizer_search · 2 arms x 3 trials · honest"
    assert plan.title("adhoc", planned) == "optimizer · 2 arms x 3 trials · honest"
    assert planned[1].entry() == {
        "name": "sgd · trial 1",
        "arm": "sgd",
        "setting": "optimizer_search",
        "seed": "0",
        "identity": "id",
        "faces": "f",
        "trial": "1",
    }


def test_the_plan_says_which_trial_a_tuned_arm_has(compose_settings):
    """The best of its search."""
    config = compose_settings("study=optimizer_tuned", "++search.best={adam:7}", "seed=2")
    assert plan.PlannedJob({"optimizer": "adam", "seed": "2"}, config, "f", "id").entry()["tuned"] == "7"
