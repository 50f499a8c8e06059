"""The files that a run keeps, by name, and what is read back from them. Nobody else types such a name."""

import json
from typing import Any, TypedDict

import numpy as np

from fer_exp import files, tracking
from fer_exp.errors import UserError

# The settings of a job, and which faces it left out, if it did.
CONFIG, SKIPPED = "config.yaml", "skipped.txt"

# The checkpoints of a run: its last epoch, and the one with the lowest validation loss.
LAST, BEST = "checkpoints/last.pt", "checkpoints/best.pt"

# The file that holds the weights which a protocol selects.
WEIGHTS = {"last": LAST, "best": BEST}

# Loss and accuracy by epoch; once evaluated the confusion matrix, the reliability and a gallery of faces.
CURVES_FIGURE, GALLERY_FIGURE = "figures/curves.png", "figures/gallery.png"
CONFUSION_FIGURE, RELIABILITY_FIGURE = "figures/confusion.png", "figures/reliability.png"

# What the selected weights predict of the faces that they did not fit, so that a reader without the set can
# compare two runs face by face: those of validation, and once evaluated those of test.
VALIDATION_ANSWERS, TEST_ANSWERS = "validation/answers.npy", "test/answers.npy"

# One face: its position in train or in test, a number that faces of one photo share, the true class and the
# predicted one.
ANSWER = np.dtype([("face", "<i4"), ("group", "<i4"), ("label", "u1"), ("predicted", "u1")])

# The jobs of a sweep, what a cluster calls those that it was left with, and once it has ended the tables.
PLAN, HANDED_OVER, COMPARISON = "plan.json", "handed_over.json", "comparison.md"


def report(language: str) -> str:
    """The page of all runs in a language, kept with the newest sweep."""
    return f"report.{language}.html"


def intervals_figure(faces: str) -> str:
    """The chart of a sweep's arms on a set of images, by its digest."""
    return f"figures/intervals_{faces[:8]}.png"


class Plan(TypedDict):
    """What a sweep's plan holds: each of its jobs, in texts by name."""

    jobs: list[dict[str, str]]


def write_answers(
    run: tracking.Run,
    name: str,
    faces: np.ndarray,
    groups: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
) -> None:
    """Keep the answers to some faces, each array int [n], under one of the two names."""
    answers = np.empty(len(faces), ANSWER)
    answers["face"], answers["group"] = faces, groups
    answers["label"], answers["predicted"] = labels, predicted
    with run.file(name) as path, files.written_whole(path) as file:
        np.save(file, answers)


def read_answers(run: tracking.Run, name: str) -> np.ndarray:
    """The answers of a run, an array [n] of `ANSWER`; raises NoFileError if it has kept none."""
    path = run.fetch(name)
    try:
        answers: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"run {run.id}: {name} is damaged ({error}): {_AGAIN[name]}") from None
    if answers.dtype != ANSWER or answers.ndim != 1:
        raise UserError(f"run {run.id}: {name} holds no answers: {_AGAIN[name]}")
    return answers


def find_answers(run: tracking.Run, name: str) -> np.ndarray | None:
    """The same, but None for a run that has kept none."""
    try:
        return read_answers(run, name)
    except tracking.NoFileError:
        return None


_AGAIN = {
    VALIDATION_ANSWERS: "train it again with rerun=all",
    TEST_ANSWERS: "evaluate it again",
}


def read_json(run: tracking.Run, name: str) -> Any:
    """What an artifact of JSON holds, as `PLAN` and `HANDED_OVER`; raises UserError if it cannot be read."""
    path = run.fetch(name)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"run {run.id}: {name} is damaged ({error}): start the sweep again") from None
