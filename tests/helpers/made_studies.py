"""Studies made by hand: finished runs of given accuracies, in arms, without training."""

from dataclasses import replace

from fer_exp.tracking import Record
from fer_exp.tracking.studies import Arm, Study


def run(seed: int, accuracy: float, **metrics: float) -> Record:
    """A finished run of this validation accuracy."""
    found = {"selected/val_accuracy": accuracy, "selected/train_accuracy": accuracy + 0.05}
    found |= {"selected/val_macro_f1": accuracy - 0.1, "selected/epoch": 10.0 + seed}
    found |= {"selected/train_seconds": 30.0, "prior/val_majority_accuracy": 0.25, **metrics}
    found = {"selected/epochs_run": 20.0 + seed, **found}
    params = {"seed": str(seed), "faces.fit": "80", "faces.validation": "20"}
    params |= {"training.epochs": "100", "stopping.name": "patience"}
    return Record(f"id{seed}", f"seed {seed}", "FINISHED", params, {}, found, 0.0, "")


def arm(name: str, *accuracies: float, setting: str | None = None) -> Arm:
    """An arm with one run a value, seeds 0, 1, ..."""
    runs = {str(seed): run(seed, value) for seed, value in enumerate(accuracies)}
    return Arm(name, setting or name, runs)


def study(name: str, *arms: Arm) -> Study:
    """A study of these arms, the first its base."""
    return Study(name, "honest", "fer2013", "abc", "lowest validation loss", list(arms))


def by_the_deck(found: Study) -> Study:
    """The same as if each run had been made as the deck made its own."""
    for made in found.runs:
        made.params.update({"faces.kind": "kaggle", "split.method": "random", "protocol.weights": "last"})
    return replace(found, protocol="deck")


def activation() -> Study:
    """A study in which one arm is worse than the base, and one no different from it."""
    return study(
        "activation",
        arm("relu", 0.390, 0.394, 0.392),
        arm("tanh", 0.370, 0.375, 0.371),
        arm("softmax", 0.391, 0.393, 0.393),
    )
