"""The files that a run keeps, by name, and what is read back from them. Nobody else types such a name."""

import json
from typing import TypedDict

import numpy as np

from fer_exp import tracking
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

# The predicted label of every test face, so that two runs can be compared.
PREDICTIONS = "test/predictions.npy"

# The confusion matrix of the union of test, int64 [7, 7], so that a reader needs no faces.
CONFUSION = "test/confusion.npy"

# The jobs of a sweep.
PLAN = "plan.json"


class Plan(TypedDict):
    """What a sweep's plan holds: each of its jobs, in texts by name."""

    jobs: list[dict[str, str]]


def predictions(run: tracking.Run) -> np.ndarray:
    """The predicted label of every test face, int64 [N], of an evaluated run or a baseline."""
    return _array(run, PREDICTIONS)


def confusion(run: tracking.Run) -> np.ndarray:
    """The counts int64 [7, 7] of the union of test, row the true class, of an evaluated run or a baseline."""
    return _array(run, CONFUSION)


def _array(run: tracking.Run, name: str) -> np.ndarray:
    path = run.fetch(name)
    try:
        array: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"run {run.id}: {name} is damaged ({error}): evaluate it again") from None
    return array


def read_plan(run: tracking.Run) -> Plan:
    """The plan that a sweep's run keeps; raises UserError if it cannot be read."""
    path = run.fetch(PLAN)
    try:
        plan: Plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"run {run.id}: {PLAN} is damaged ({error}): start the sweep again") from None
    return plan
