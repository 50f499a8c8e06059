"""A search: its best trial, what fewer would have reached, how a tuned study takes it or says what lacks."""

import dataclasses
import subprocess
import sys

import pytest
from helpers.patience import PATIENCE
from helpers.processes import FEW, open_store, run

from fer_exp.analysis import search
from fer_exp.config import derived, identity
from fer_exp.config.identity import job_identity
from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.experiment import trial_selection
from fer_exp.statistics import Interval
from fer_exp.tracking import Record, studies
from fer_exp.tracking.studies import Arm, Study

DIVERGED = "DivergedError: the loss is not finite in epoch 1, step 2, at learning rate 1e+30"


def trial(number: int, loss: float, accuracy: float, lr: float = 0.001) -> Record:
    """A finished trial of this loss and accuracy on validation."""
    found = {"selected/val_loss": loss, "selected/val_accuracy": accuracy, "selected/train_seconds": 60.0}
    params = {"optimizer.lr": str(lr), "optimizer.weight_decay": "0.0"}
    params |= {"faces.fit": "80", "faces.validation": "20"}
    return Record(f"id{number}", f"trial {number}", "FINISHED", params, {}, found, 0.0, "")


def broken(number: int, lr: float = 1e30) -> Record:
    """A trial that diverged; a quarter of validation is of the largest class."""
    found = {"prior/val_majority_accuracy": 0.25}
    params = {"optimizer.lr": str(lr), "optimizer.weight_decay": "0.0"}
    return Record(f"id{number}", f"trial {number}", "FAILED", params, {"error": DIVERGED}, found, 0.0, "")


def arm(name: str, *trials: Record) -> Arm:
    """An arm of these trials, numbered from 0."""
    found = Arm(name, name)
    for number, record in enumerate(trials):
        (found.runs if record.status == "FINISHED" else found.diverged)[str(number)] = record
    return found


def searched(*arms: Arm) -> dict[str, search.ArmSearch]:
    """What the arms of a search reached, by name."""
    study = Study(
        "optimizer_search", "honest", "fer2013", "abc", "lowest validation loss", list(arms), {}, True
    )
    return {each.name: each for each in search.summarise(study)}


def test_the_best_trial_has_the_lowest_validation_loss():
    """Not the highest accuracy: the rule by which weights are chosen too."""
    trials = trial(0, 1.7, 0.41, 0.01), trial(1, 1.6, 0.40, 0.002), trial(2, 1.8, 0.3, 0.001)
    found = searched(arm("adam", *trials))["adam"]
    assert (found.trials, found.diverged) == (3, 0)
    assert found.best == search.Best(1, 0.002, 0.0, 1.6, 0.40, None)


def test_the_curve_goes_from_the_mean_to_the_best():
    """Of 1, 2, 4 and all 5 trials; .40, .30, .25, .20 and .10 by their loss, too."""
    values = (0.40, 0.30, 0.25, 0.20, 0.10)
    trials = [trial(number, 2 - value, value) for number, value in enumerate(values)]
    found = searched(arm("adam", *trials), arm("sgd", *trials[:2]))
    means = {budget: each.mean for budget, each in found["adam"].expected.items()}
    assert means == pytest.approx({1: 0.25, 2: 0.32, 4: 0.38, 5: 0.40})
    assert found["adam"].expected[5].high == pytest.approx(0.40)
    assert list(found["sgd"].expected) == [1, 2]


def test_a_trial_that_diverged_has_had_its_turn():
    """It counts with the accuracy of answering the largest class, and is never the best."""
    found = searched(arm("sgd", broken(0), trial(1, 1.7, 0.20)), arm("adam", broken(0), broken(1)))
    sgd, adam = found["sgd"], found["adam"]
    assert (sgd.trials, sgd.diverged, sgd.best.number) == (2, 1, 1)
    assert {budget: each.mean for budget, each in sgd.expected.items()} == pytest.approx({1: 0.225, 2: 0.2})
    assert (adam.trials, adam.diverged, adam.best) == (2, 2, None)
    assert adam.expected[2] == Interval(0.25, 0.25, 0.25)


def test_a_best_rate_at_an_end_of_those_tried_is_told():
    """The range may be too narrow; in the middle nothing is said."""
    low, middle, high = (trial(number, 1.6, 0.4, lr) for number, lr in enumerate((0.001, 0.01, 0.1)))
    worse = dataclasses.replace(high, metrics={**high.metrics, "selected/val_loss": 1.7})
    found = searched(arm("a", low, middle, worse), arm("b", middle, low, worse), arm("c", low))
    assert [each.best.edge for each in found.values()] == ["lowest", None, None]


@pytest.fixture
def tree(monkeypatch, tiny_dataset, tracking_overrides, compose_settings):
    """What makes the config of a tuned job, of four trials an arm, before it is told the best."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)

    def composed(*overrides):
        best = "++search.best={adam:0,sgd:0}"
        chosen = compose_settings(
            "study=optimizer_tuned", "search.trials=4", best, "seed=1", *tracking_overrides, *overrides
        )
        found = dataclasses.asdict(chosen)
        found["optimizer"] |= {"lr": "drawn", "weight_decay": "drawn"}
        found["search"]["best"] = {}
        return found

    return composed


@pytest.fixture
def ended(store, tiny_dataset):
    """What lets a search's trial end: finished with a validation loss, or in an error."""

    def end(chosen, loss=None, error="", accuracy=0.3):
        tags = {"kind": "job", "identity": job_identity(chosen, tiny_dataset.digest)}
        made = store.create("trial", identity.recipe(chosen), tags)
        made.log({"prior/val_majority_accuracy": 0.25})
        if loss is not None:
            made.log({"selected/val_loss": loss, "selected/val_accuracy": accuracy})
        made.tag(error=error)
        made.end("FAILED" if error else "FINISHED")

    return end


COMMAND = "python train.py study=optimizer_tuned data.n_train=140 seed=1,2 dry_run=true"


def test_a_tuned_job_takes_its_arms_best_trial(tree, ended):
    """Each arm its own, found by the identity of the trial; a diverged one is out."""
    for name, losses in {"adam": [1.9, 1.7, 1.8, 2.0], "sgd": [1.9, None, 1.8, 1.5]}.items():
        for chosen, loss in zip(derived.trials_of(tree(f"optimizer={name}")), losses, strict=True):
            ended(chosen, loss, error="" if loss else DIVERGED)
    trees = [tree(f"optimizer={name}", f"seed={seed}") for name in ("adam", "sgd") for seed in (1, 2)]
    assert trial_selection.choose(trees, COMMAND) == {"adam": 1, "sgd": 3}


def test_a_search_that_lacks_trials_is_refused_with_its_command(tree, ended):
    """One that failed otherwise is none, nor is one of other settings: an equal budget, or nothing."""
    for chosen, error in zip(derived.trials_of(tree()), ("", "", "OSError: disk", DIVERGED), strict=True):
        ended(chosen, None if error else 1.7, error)
    said = (
        "study=optimizer_tuned: on these faces and settings adam has 3 of 4 trials, sgd has 0 of 4 trials; "
        "first comes python train.py study=optimizer_search data.n_train=140"
    )
    with pytest.raises(UserError) as caught:
        trial_selection.choose([tree(), tree("optimizer=sgd")], COMMAND)
    assert str(caught.value) == said
    with pytest.raises(UserError, match="adam has 0 of 4 trials"):
        trial_selection.choose([tree("layers=64-32-16")], COMMAND)


def test_an_arm_of_which_every_trial_diverged_has_no_best(tree, ended):
    """There is nothing to train again."""
    for chosen in derived.trials_of(tree()):
        ended(chosen, error=DIVERGED)
    with pytest.raises(UserError, match=r"each trial of adam diverged: lower search\.lr\.adam"):
        trial_selection.choose([tree()], COMMAND)


def test_the_seed_that_chose_is_not_the_seed_that_judges(tree):
    """Else the luck of the best trial would stay in its arm's mean."""
    with pytest.raises(UserError, match="seed=0: is the seed by which the trials are chosen"):
        trial_selection.choose([tree("seed=0")], COMMAND)


def test_an_arm_has_one_best_trial(tree):
    """A sweep over something else beside it would need one for each."""
    with pytest.raises(UserError, match="one best trial for each arm: vary nothing but arm and seed"):
        trial_selection.choose([tree(), tree("layers=64-32-16")], COMMAND)


@pytest.mark.slow
def test_from_a_search_to_the_tuned_arms(tmp_path):
    """Refused without the search; that runs, though a trial diverges; then each arm at its best."""
    few = (*FEW, "training.epochs=2", "optimizer=adam,sgd", "search.lr.sgd=[1e-100,1e60]", "n_jobs=1")
    refused = run(tmp_path, "study=optimizer_tuned", "search.trials=3", *few)
    assert refused.returncode == 2
    [line] = refused.stderr.strip().splitlines()
    assert "adam has 0 of 3 trials" in line
    assert "first comes python train.py study=optimizer_search search.trials=3" in line
    searched = run(tmp_path, "study=optimizer_search", "search.trials=3", *few)
    assert searched.returncode == 0, searched.stderr
    assert "optimizer_search · 2 arms x 3 trials · honest: 6 train" in searched.stdout
    assert "5 done, 1 diverged" in searched.stdout
    assert "python train.py study=optimizer_tuned search.trials=3" in searched.stdout
    tuned = run(tmp_path, "study=optimizer_tuned", "search.trials=3", "seed=1,2", *few)
    assert tuned.returncode == 0, tuned.stderr
    store = open_store(tmp_path)
    jobs = store.records(kind="job", study="optimizer_search")
    assert len(jobs) == 6
    best = studies.ranked([studies.Trial(0, job) for job in jobs if job.params["optimizer.name"] == "adam"])[
        0
    ]
    again = store.records("FINISHED", kind="job", study="optimizer_tuned")
    rates = {job.params["optimizer.lr"] for job in again if job.params["optimizer.name"] == "adam"}
    assert rates == {best.run.params["optimizer.lr"]}
    command = [sys.executable, "-m", "fer_exp", "compare", "--all", "--format", "csv"]
    shown = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout
    assert {line.partition(",")[0] for line in shown.splitlines()} >= {
        "best_trials",
        "budget_curve",
        "scores",
    }
    shut = run(tmp_path, "study=optimizer_search", script="evaluate.py")
    assert shut.returncode == 2
    assert "a search chooses by validation alone" in shut.stderr
