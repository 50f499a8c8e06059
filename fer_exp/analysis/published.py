"""What was published: the deck's figures (`deck_figures.csv`), and others' on FER-2013."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A printed figure and what the audit says of it (empty where nothing)."""

    value: float
    note: str


# The deck's `Softmax` is nn.Identity in its code (A12); it never tried a softmax.
_MEANT = {("activation", "identity"): "softmax", ("activation", "softmax"): ""}


@cache
def figures() -> dict[tuple[str, str, str], Figure]:
    """Figures by (study, setting, metric), e.g. ("activation", "relu", "val_accuracy")."""
    with open(Path(__file__).with_name("deck_figures.csv"), newline="", encoding="utf-8") as file:
        return {
            (row["study"], row["setting"], row["metric"]): Figure(float(row["value"]), row["note"])
            for row in csv.DictReader(file)
        }


def figure(study: str, setting: str, metric: str) -> Figure | None:
    """The deck's figure, or None where it printed none; a count right of a total counts as accuracy."""
    setting = _MEANT.get((study, setting), setting)
    found = figures().get((study, setting, metric))
    if found is None and metric == "test_accuracy":
        right = figures().get((study, setting, "test_correct"))
        total = figures().get((study, setting, "test_total"))
        if right and total:
            return Figure(right.value / total.value, right.note)
    return found


def value(study: str, setting: str, metric: str) -> float:
    """The deck's figure where it is known to have printed one; KeyError if it has not."""
    found = figure(study, setting, metric)
    if found is None:
        raise KeyError((study, setting, metric))
    return found.value


@dataclass(frozen=True)
class Line:
    """A figure as the deck printed it, under the deck's own label, right or wrong.

    setting: of the study; `study/setting` in the closing table. ceiling, epoch: empty where not printed.
    """

    study: str
    setting: str
    ceiling: str
    epoch: str
    metric: str
    value: str


@cache
def logged() -> tuple[Line, ...]:
    """The deck's logs and the tables whose labels matter, in its order, with all their digits."""
    with open(Path(__file__).parents[1] / "audit" / "deck_logs.csv", newline="", encoding="utf-8") as file:
        return tuple(Line(**row) for row in csv.DictReader(file))


# The parts of test that results are of, and `unsaid` where a source says no more than "test".
PARTS = ("public", "private", "union", "unsaid")


@dataclass(frozen=True)
class Result:
    """What others report on FER-2013: accuracies in %, None where they give none, and how they came about.

    selected_on: the faces that chose the weights or settings, `private` for the private half itself.
    extra_data: what else it learnt from. averaging: of several views of a test face. source, address: where
    the figures were read, in short and in full. read: what was read there, in quotes, with every figure.
    doubt: why the figure cannot stand as it is; empty where nothing is known against it.
    """

    method: str
    kind: str
    public: float | None
    private: float | None
    union: float | None
    unsaid: float | None
    selected_on: str
    extra_data: str
    averaging: str
    models: str
    seeds: str
    source: str
    address: str
    read: str
    doubt: str


@cache
def results() -> tuple[Result, ...]:
    """The results of `literature.csv`, in its order."""
    with open(Path(__file__).with_name("literature.csv"), newline="", encoding="utf-8") as file:
        return tuple(_result(row) for row in csv.DictReader(file))


def _result(row: dict[str, str]) -> Result:
    parts = {part: float(row[part]) if row[part] else None for part in PARTS}
    told: dict[str, Any] = row | parts
    return Result(**told)
