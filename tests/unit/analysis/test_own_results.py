"""Which of our recipes stands for its kind, and which runs are of a recipe."""

import dataclasses

import pytest

from fer_exp.analysis import own_results
from fer_exp.config.identity import ensemble_identity
from fer_exp.tracking import Record
from fer_exp.tracking.studies import Arm, Study


def run(name: str, seed: int = 0, val: float = 0.4, private: float | None = 0.4, **told) -> Record:
    """A finished run of FER-2013 that was scored on test, unless it has no accuracy on its private half."""
    params = {"seed": str(seed), "model.name": "mlp", "model.hidden": name, "faces.kind": "kaggle"}
    tags = {"identity": f"{name}{seed}", "faces": "abc", "protocol": "honest", "study": "layers"}
    tags |= told.pop("tags", {})
    params |= {key.replace("__", "."): value for key, value in told.items()}
    metrics = {"selected/val_accuracy": val}
    if private is not None:
        metrics |= {"test/private/accuracy": private, "test/union/accuracy": private}
    return Record(
        f"{name} · seed {seed}", f"{name} · seed {seed}", "FINISHED", params, tags, metrics, 0.0, ""
    )


def best(*runs: Record, ensembles: dict[str, Record] | None = None, studies: list[Study] | None = None):
    """What stands for each kind among these runs, by kind."""
    jobs = {each.identity: each for each in runs}
    return {own.kind: own for own in own_results.best_of_each_kind(jobs, ensembles or {}, studies or [])}


def test_validation_chooses_what_stands_for_a_kind():
    """Not test, however much higher another is there."""
    found = best(run("wide", val=0.45, private=0.40), run("narrow", val=0.41, private=0.60))
    assert [(kind, own.name) for kind, own in found.items()] == [("MLP", "wide")]


def test_all_seeds_of_a_recipe_count_whatever_sweep_trained_them():
    """Each has its own teacher, split and sizes of the split."""
    runs = [
        run("wide", seed, private=0.40 + seed / 100, split__seed=str(seed), faces__fit=str(22967 + seed))
        for seed in (2, 0, 1)
    ]
    [own] = best(*runs).values()
    assert own.values("test/private/accuracy") == pytest.approx([0.40, 0.41, 0.42])
    assert own.name == "wide"


def test_runs_of_other_figures_are_another_recipe():
    """By the settings, the faces, or a change of the code."""
    others = [
        run("wide", 1, optimizer__lr="0.1"),
        run("wide", 2, tags={"faces": "def"}),
        run("wide", 3, tags={"recipe": "4"}),
    ]
    assert len({own_results.recipe_of(each) for each in (run("wide"), *others)}) == 4


def test_who_taught_a_network_is_said():
    """It is another kind than a network that learned from labels alone."""
    teacher = run("large", model__name="cnn")
    taught = run("wide", training__taught="0.9", training__teacher=teacher.identity)
    orphan = run("deep", training__taught="0.9", training__teacher="gone")
    found = best(teacher, taught, orphan, run("plain"), run("mixed", model__name="mixer"))
    assert {kind: own.name for kind, own in found.items()} == {
        "CNN": "large",
        "MLP taught by a CNN": "wide",
        "MLP taught by a network": "deep",
        "MLP": "plain",
        "MLP-Mixer": "mixed",
    }


def test_the_decks_network_is_a_kind_of_its_own():
    """Though others are better, and with the seeds that its study did not train."""
    deck = [run("128-32", seed, val=0.39) for seed in range(3)]
    main = Study("main", "honest", "fer2013", "abc", "", [Arm("main", "main", {"0": deck[0]})])
    found = best(*deck, run("wide", val=0.5), studies=[main])
    assert [(kind, len(own.runs)) for kind, own in found.items()] == [("the deck's MLP", 3), ("MLP", 1)]


def test_what_has_no_place_beside_others_is_left_out():
    """Synthetic faces, an altered copy, a test set not opened, the deck's protocol, a slip of the audit."""
    left_out = [
        run("drawn", faces__kind="synthetic"),
        run("altered", faces__kind="altered"),
        run("closed", private=None),
        run("last", tags={"protocol": "deck"}),
        run("slip", tags={"study": "audit"}),
        dataclasses.replace(run("failed"), status="FAILED"),
    ]
    assert best(*left_out) == {}


def test_an_ensemble_belongs_to_the_recipe_whose_runs_it_joins():
    """To all of them, and to no other."""
    runs = [run("wide", seed) for seed in range(2)]
    together = dataclasses.replace(run("wide · mean of 2 seeds"), tags={"identity": "x"})
    scored = {ensemble_identity(each.identity for each in runs): together}
    assert best(*runs, ensembles=scored)["MLP"].ensemble == together
    assert best(*runs, run("wide", 2), ensembles=scored)["MLP"].ensemble is None
