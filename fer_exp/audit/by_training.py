"""The deck's errors of training that runs show: each arm of `study=audit` is as presented, or corrected."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from fer_exp.analysis.contrasts import contrasts
from fer_exp.analysis.verdicts import Verdict
from fer_exp.audit.finding import (
    EXPLAINED,
    IN_PART,
    UNEXPLAINED,
    Check,
    Judgement,
    MissingError,
    Runs,
    figure,
    lines,
    printed,
    shares,
)
from fer_exp.formatting import Styled, message
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Study

# How far two runs of one treatment may lie apart in accuracy: two seeds of the main model differ so much.
NEAR = 0.015

# And in the loss after one epoch, which falls by more in the second.
NEAR_LOSS = 0.1

_SIZES = ("16", "32", "64", "128", "256")

# The studies of what the deck compared.
_COMPARED = ("batch_size", "activation", "optimizer", "layers")


def checks(studies: Sequence[Study]) -> list[Check]:
    """How the runs of training judge; the seeds by those of the honest studies."""
    batches, first = shares(printed("batch_size", _SIZES, "train_accuracy")), _first_losses()
    [accuracy], [loss] = (printed("main", ["main"], metric) for metric in ("train_accuracy", "val_loss"))
    return [
        Check(
            "carryover",
            _carryover,
            {"train": batches, "sizes": _SIZES, "logged": list(first), "first": _losses(first.values())},
        ),
        Check("noop_epochs", _noop_epochs),
        Check("dead_scheduler", _dead_scheduler),
        Check("last_vs_best", _last_vs_best, {"printed": loss}),
        Check("normalisation", _normalisation, {"train": accuracy, "loss": loss}),
        Check("one_seed", lambda _: _one_seed(studies)),
    ]


def _first_losses() -> dict[str, float]:
    """The mean loss on train after the first epoch of each batch size of which the deck's logs tell it."""
    found: dict[str, list[float]] = {}
    for line in lines("batch_size", "train_loss"):
        if line.epoch == "1":
            found.setdefault(line.setting, []).append(float(line.value))
    return {size: statistics.fmean(found[size]) for size in _SIZES if size in found}


def _losses(values: Iterable[float]) -> list[Styled]:
    return [Styled(value, ".2f") for value in values]


def _carryover(runs: Runs) -> Judgement:
    fresh = {size: f"carryover/corrected_{size}" for size in _SIZES}
    # the first of the deck's networks was fresh as well
    carried = fresh | {size: f"carryover/presented_{size}" for size in _SIZES[1:]}
    logged = _first_losses()
    wanted = [printed("batch_size", _SIZES, "train_accuracy"), list(logged.values())]
    values: dict[str, Any] = {}
    alike = {}
    for name, arms in (("carried", carried), ("fresh", fresh)):
        reached = [figure(runs, arms[size], keys.epoch("train", "accuracy")) for size in _SIZES]
        begun = [figure(runs, arms[size], keys.FIRST_TRAIN_LOSS) for size in logged]
        values |= {name: shares(reached), f"{name}_first": _losses(begun)}
        alike[name] = [
            all(abs(one - other) <= near for one, other in zip(ours, theirs, strict=True))
            for ours, theirs, near in zip((reached, begun), wanted, (NEAR, NEAR_LOSS), strict=True)
        ]
    # a fresh network gets as far in the end, but begins higher
    return EXPLAINED if all(alike["carried"]) and not all(alike["fresh"]) else UNEXPLAINED, values


def _noop_epochs(runs: Runs) -> Judgement:
    arms = [f"noop_epochs/presented_{ceiling}" for ceiling in (100, 2000, 20000)]
    losses = {figure(runs, arm, keys.SELECTED_VAL_LOSS) for arm in arms}
    epochs = {figure(runs, arm, keys.EPOCHS_RUN) for arm in arms}
    explained = len(losses) == 1 and max(epochs) < 100
    return EXPLAINED if explained else UNEXPLAINED, {
        "epochs": [round(each) for each in sorted(epochs)],
        "losses": message("noop_epochs.losses", n=len(losses)),
        "accuracy": figure(runs, "noop_epochs/corrected", keys.SELECTED_VAL_ACCURACY),
        "loss": figure(runs, "noop_epochs/corrected", keys.SELECTED_VAL_LOSS),
    }


def _drops(runs: Runs, arm: str) -> int:
    """How often the plateau scheduler lowered the rate before the last epoch."""
    last = figure(runs, arm, keys.LEARNING_RATE)
    rate, factor = (float(runs[arm].params[key]) for key in (keys.Param.LR, keys.Param.SCHEDULER_FACTOR))
    return round(math.log(last / rate) / math.log(factor))


def _dead_scheduler(runs: Runs) -> Judgement:
    stopped = [
        arm
        for arm, run in runs.items()
        if run.params[keys.Param.STOPPING_NAME] == "deck"
        and run.params[keys.Param.SCHEDULER_NAME] == "plateau"
    ]
    figure(runs, "dead_scheduler/presented", keys.EPOCHS_RUN)
    dead = sum(_drops(runs, arm) for arm in stopped)
    alive = _drops(runs, "dead_scheduler/corrected")
    epochs = figure(runs, "dead_scheduler/corrected", keys.EPOCHS_RUN)
    values = {"dead": dead, "stopped": len(stopped), "alive": alive, "epochs": epochs}
    # the rule as printed would do it, but the deck's logs end by its other half
    return IN_PART if dead == 0 < alive else UNEXPLAINED, values


def _last_vs_best(runs: Runs) -> Judgement:
    (last, last_loss), (best, best_loss) = (
        [figure(runs, arm, keys.selected("val", metric)) for metric in ("accuracy", "loss")]
        for arm in ("normalisation/unit", "last_vs_best/corrected")
    )
    entropy = figure(runs, "normalisation/unit", keys.PRIOR_ENTROPY)
    [loss] = printed("main", ["main"], "val_loss")
    values = {"last": last, "last_loss": last_loss, "best": best, "best_loss": best_loss, "entropy": entropy}
    return EXPLAINED if loss > entropy and last_loss > best_loss else UNEXPLAINED, values


def _normalisation(runs: Runs) -> Judgement:
    [accuracy], [loss] = (printed("main", ["main"], metric) for metric in ("train_accuracy", "val_loss"))
    metrics = (keys.epoch("train", "accuracy"), keys.SELECTED_VAL_LOSS)
    ends = {
        name: [figure(runs, f"normalisation/{name}", metric) for metric in metrics]
        for name in ("unit", "centred", "global", "standardised")
    }
    near = [
        name
        for name, (reached, lost) in ends.items()
        if abs(reached - accuracy) <= 2 * NEAR and abs(lost - loss) <= 0.1 * loss
    ]
    told = [
        message("normalisation.end", name=name, train=reached, loss=lost)
        for name, (reached, lost) in ends.items()
    ]
    values = {"ends": told, "near": near or message("normalisation.none")}
    return EXPLAINED if near else UNEXPLAINED, values


def _one_seed(studies: Sequence[Study]) -> Judgement:
    honest = [
        study
        for study in studies
        if study.protocol == "honest" and study.name in _COMPARED and not study.searched
    ]
    # an arm of another's runs is the same contrast again
    found = [each for study in honest for each in contrasts(study) if each.same_as is None]
    judged = [each for each in found if each.verdict is not Verdict.NONE]
    if not judged:
        raise MissingError("not run: python train.py study=activation (and the other studies)")
    left_open = sum(each.verdict is Verdict.UNDECIDED for each in judged)
    runs = [each.measured.runs for each in judged]
    values = {"left_open": left_open, "contrasts": len(judged), "fewest": min(runs), "most": max(runs)}
    # some of what the deck compares can be told, with many seeds; with one, none of it
    return IN_PART if left_open else UNEXPLAINED, values
