"""The comparison of a study's arms: means, intervals, contrasts and the deck's figures, as numbers.

A study's plan says which cells there must be, so failed and missing ones are known; runs of other faces or
another protocol have a summary of their own and are never averaged with these.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_exp import statistics
from fer_exp.analysis import published
from fer_exp.analysis.accuracy import Place, place_figure
from fer_exp.analysis.contrasts import contrasts
from fer_exp.analysis.verdicts import Contrast
from fer_exp.statistics import Interval
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study


@dataclass(frozen=True)
class DeckFigure:
    """The deck's validation accuracy for an arm. misnamed: printed as of test."""

    value: float
    place: Place
    misnamed: bool


@dataclass(frozen=True)
class ArmSummary:
    """What an arm reaches: means over its runs with intervals, None where there is no value.

    validation: of each run. epoch, seconds: means. contrast: None for the base. deck: None where it printed
    no figure. rates: the learning rate and weight decay that a search has found for it, and the trial.
    """

    name: str
    runs: int
    train: Interval | None
    val: Interval | None
    test: Interval | None
    val_macro_f1: Interval | None
    epoch: float | None
    seconds: float | None
    validation: Sequence[float]
    contrast: Contrast | None
    deck: DeckFigure | None
    rates: tuple[float, float, str] | None


@dataclass(frozen=True)
class Sizes:
    """The numbers of faces that figures are of; test: None if no run was scored on it.

    train, validation: the fewest and the most of a run, as folds differ by a few faces, and arms may by more.
    majority: the share of the largest class of test; None where older runs do not say it.
    """

    train: tuple[int, int]
    validation: tuple[int, int]
    test: int | None
    majority: float | None = None


@dataclass(frozen=True)
class Origin:
    """When runs were trained, in how many minutes by device, by which commits, on which processors.

    A commit is empty for none. Processors are those that the runs tell of.
    """

    first: str
    last: str
    minutes: dict[str, float]
    commits: Sequence[str]
    processors: Sequence[str]


def summarise(study: Study, subset: str) -> list[ArmSummary]:
    """What each arm reaches, its test on a subset, against the base and the deck."""
    against_base = {contrast.arm: contrast for contrast in contrasts(study)}
    return [_summary(arm, subset, against_base.get(arm.name), _of_deck(study, arm)) for arm in study.arms]


def _summary(arm: Arm, subset: str, contrast: Contrast | None, deck: DeckFigure | None) -> ArmSummary:
    epoch, seconds = (arm.values(metric) for metric in (keys.SELECTED_EPOCH, keys.TRAIN_SECONDS))
    return ArmSummary(
        name=arm.name,
        runs=len(arm.runs),
        train=mean(arm.values(keys.SELECTED_TRAIN_ACCURACY)),
        val=mean(arm.values(keys.SELECTED_VAL_ACCURACY)),
        test=mean(arm.values(keys.test(subset, "accuracy"))),
        val_macro_f1=mean(arm.values(keys.SELECTED_VAL_MACRO_F1)),
        epoch=float(np.mean(epoch)) if epoch else None,
        seconds=float(np.mean(seconds)) if seconds else None,
        validation=arm.values(keys.SELECTED_VAL_ACCURACY),
        contrast=contrast,
        deck=deck,
        rates=_rates(arm),
    )


def mean(values: Sequence[float]) -> Interval | None:
    """The mean with its interval; None of nothing."""
    return statistics.mean_interval(values) if values else None


def _rates(arm: Arm) -> tuple[float, float, str] | None:
    if arm.tuned is None or not arm.runs:
        return None
    params = next(iter(arm.runs.values())).params
    return float(params[keys.Param.LR]), float(params[keys.Param.WEIGHT_DECAY]), arm.tuned


def unstopped(arm: Arm) -> int:
    """How many runs of an arm met their limit of epochs before their early stop ended them."""
    return sum(
        run.params.get(keys.Param.STOPPING_NAME, "none") != "none"
        and run.metrics[keys.EPOCHS_RUN] >= int(run.params[keys.Param.EPOCHS])
        for run in arm.runs.values()
    )


def collapsed(arm: Arm) -> int:
    """How many runs of an arm are no better on validation than always answering its largest class."""
    return sum(
        run.metrics[keys.SELECTED_VAL_ACCURACY] <= run.metrics.get(keys.MAJORITY_ACCURACY, 0)
        for run in arm.runs.values()
    )


def _of_deck(study: Study, arm: Arm) -> DeckFigure | None:
    """The deck's figure for an arm, and whether one more run of ours would plausibly give it.

    It is placed among runs as the deck made its own; of arms that it called the same, it is the first's.
    """
    printed = published.figure(study.name, arm.setting, "val_accuracy")
    first = next(each for each in study.arms if each.setting == arm.setting)
    if printed is None or arm is not first:
        return None
    comparable = study.protocol == "deck" and all(map(_as_the_deck, arm.runs.values()))
    place = place_figure(arm.values(keys.SELECTED_VAL_ACCURACY), printed.value, comparable)
    return DeckFigure(printed.value, place, "printed as Test" in printed.note)


def _as_the_deck(run: Record) -> bool:
    """Whether a run has the faces, the split, the weights and the epochs that the deck's figures are of."""
    params = run.params
    told = params.get(keys.Param.SPLIT_METHOD), params.get(keys.Param.PROTOCOL_WEIGHTS)
    # the deck's main model ran 100 epochs without a stop; its logs stop by its own rule
    whole = params.get(keys.Param.EPOCHS) == "100"
    stopped = params.get(keys.Param.STOPPING_NAME) in ("deck", "logged")
    return run.genuine and told == ("random", "last") and (whole or stopped)


def sizes(study: Study, subset: str) -> Sizes | None:
    """How many faces each figure is of; None without runs."""
    runs = study.runs
    if not runs:
        return None
    tested, majority = (
        next((run.metrics[key] for run in runs if key in run.metrics), None)
        for key in (keys.test(subset, "n"), keys.majority(subset))
    )
    n = None if tested is None else round(tested)
    fit, validation = ({run.fit_size for run in runs}, {run.validation_size for run in runs})
    return Sizes((min(fit), max(fit)), (min(validation), max(validation)), n, majority)


def origin(study: Study) -> Origin | None:
    """Where the runs of a study come from; None without runs."""
    runs = study.runs
    if not runs:
        return None
    days = sorted({datetime.date.fromtimestamp(run.started).isoformat() for run in runs})
    commits = {run.tags.get(keys.Tag.COMMIT, "")[:12] for run in runs}
    spent: dict[str, float] = {}
    for run in runs:
        spent[run.device] = spent.get(run.device, 0) + run.metrics[keys.TRAIN_SECONDS] / 60
    in_order = sorted(commits, key=lambda commit: (not commit, commit))
    processors = sorted({run.tags[keys.Tag.PROCESSOR] for run in runs if keys.Tag.PROCESSOR in run.tags})
    return Origin(days[0], days[-1], dict(sorted(spent.items())), in_order, processors)


def partly_tested(arms: Sequence[Arm], subset: str) -> dict[str, tuple[int, int]]:
    """Of arms with seeds that were not tested while others were: how many were, of how many."""
    counts = {
        arm.name: (len(arm.values(keys.test(subset, "accuracy"))), len(arm.runs)) for arm in arms if arm.runs
    }
    if not any(tested for tested, _ in counts.values()):
        return {}
    return {name: count for name, count in counts.items() if count[0] < count[1]}
