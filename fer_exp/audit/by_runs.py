"""The deck's slips that runs show: each arm of `study=audit` is one as presented, or its mending.

A judge takes the runs and gives what the slip gives here, what the mended run gives, and whether the
deck's figures are thereby explained. A missing arm or an unopened test ends it with `MissingError`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fer_exp.analysis import published
from fer_exp.audit.finding import EXPLAINED, IN_PART, UNEXPLAINED
from fer_exp.fer2013 import CANONICAL_TEST
from fer_exp.tracking import Record, keys

# How far two runs of one treatment may lie apart in accuracy: two seeds of the main model differ so much.
NEAR = 0.015
# The same for a reading of test by other weights of the same kind.
_NEAR_READING = 0.02
# A validation loss comes this near to the classes' entropy if nothing but their frequencies was learnt.
_NEAR_LOSS = 0.02

_SIZES = ("16", "32", "64", "128", "256")

# One run an arm, by the arm's name in `conf/audit`.
Runs = Mapping[str, Record]


class MissingError(Exception):
    """Names the arm or the figure that a judge lacks, with the command that brings it."""


@dataclass(frozen=True)
class Check:
    """A slip, its number in the audit, what the deck printed, a paragraph for a newcomer, and its judge.

    judge: from the runs to (what the slip gives here, what its mending gives, the verdict).
    """

    id: str
    audit: str
    printed: str
    paragraph: str
    judge: Callable[[Runs], tuple[str, str, str]]


def figure(runs: Runs, arm: str, metric: str) -> float:
    """A figure of an arm's run; raises MissingError."""
    if arm not in runs:
        raise MissingError(f"not run: python train.py study=audit audit={arm}")
    if metric not in runs[arm].metrics:
        raise MissingError("test not opened: python evaluate.py study=audit mismatches=true")
    return runs[arm].metrics[metric]


def _percent(values: list[float]) -> str:
    return " ".join(f"{100 * value:.1f}" for value in values)


def _deck(study: str, settings: tuple[str, ...], metric: str) -> list[float]:
    return [published.figure(study, setting, metric).value for setting in settings]


def _all_near(found: list[float], wanted: list[float], distance: float) -> bool:
    return all(abs(one - other) <= distance for one, other in zip(found, wanted, strict=True))


def _logged_epochs() -> tuple[int, int]:
    """The fewest and the most epochs after which a run of the batch section ended, by its logs."""
    last: dict[tuple[str, str], int] = {}
    for line in published.logged():
        if line.study == "batch_size" and line.epoch:
            run = line.setting, line.ceiling
            last[run] = max(last.get(run, 0), int(line.epoch))
    return min(last.values()), max(last.values())


def _carryover(runs: Runs) -> tuple[str, str, str]:
    fresh = [f"carryover/corrected_{size}" for size in _SIZES]
    # the first of the deck's networks was fresh as well
    carried = fresh[:1] + [f"carryover/presented_{size}" for size in _SIZES[1:]]
    printed = _deck("batch_size", _SIZES, "train_accuracy")
    accuracies, epochs = (
        [[figure(runs, arm, metric) for arm in arms] for arms in (carried, fresh)]
        for metric in (keys.epoch("train", "accuracy"), keys.EPOCHS_RUN)
    )
    # a fresh network gets as far, but takes longer than any run in the deck's logs
    as_long = [max(each[1:]) <= _logged_epochs()[1] for each in epochs]
    near = [_all_near(each, printed, NEAR) for each in accuracies]
    explained = near[0] and as_long[0] and not (near[1] and as_long[1])
    first, second = (
        f"train {_percent(each)} in {' '.join(f'{n:.0f}' for n in lasted)} epochs"
        for each, lasted in zip(accuracies, epochs, strict=True)
    )
    verdict = EXPLAINED if explained else UNEXPLAINED
    return f"one network carried on: {first}", f"a fresh one each: {second}", verdict


def _noop_epochs(runs: Runs) -> tuple[str, str, str]:
    arms = [f"noop_epochs/presented_{ceiling}" for ceiling in (100, 2000, 20000)]
    losses = {figure(runs, arm, keys.SELECTED_VAL_LOSS) for arm in arms}
    epochs = {figure(runs, arm, keys.EPOCHS_RUN) for arm in arms}
    accuracy = figure(runs, "noop_epochs/corrected", keys.SELECTED_VAL_ACCURACY)
    loss = figure(runs, "noop_epochs/corrected", keys.SELECTED_VAL_LOSS)
    return (
        f"ceilings 100, 2000 and 20000 stop after {'/'.join(f'{n:.0f}' for n in sorted(epochs))} epochs with "
        f"{len(losses)} different validation loss{'es' if len(losses) > 1 else ''}",
        f"200 epochs without the stop: val {_percent([accuracy])}, loss {loss:.2f}",
        EXPLAINED if len(losses) == 1 and max(epochs) < 100 else UNEXPLAINED,
    )


def _drops(runs: Runs, arm: str) -> int:
    """How often the plateau scheduler lowered the rate before the last epoch."""
    last = figure(runs, arm, keys.LEARNING_RATE)
    params = runs[arm].params
    return round(
        math.log(last / float(params[keys.Param.LR])) / math.log(float(params[keys.Param.SCHEDULER_FACTOR]))
    )


def _dead_scheduler(runs: Runs) -> tuple[str, str, str]:
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
    return (
        f"{dead} changes of the learning rate in {len(stopped)} runs",
        f"{alive} changes in {epochs:.0f} epochs with a stop that waits longer",
        EXPLAINED if dead == 0 < alive else UNEXPLAINED,
    )


def _last_vs_best(runs: Runs) -> tuple[str, str, str]:
    pairs = [
        [figure(runs, arm, keys.selected("val", metric)) for metric in ("accuracy", "loss")]
        for arm in ("normalisation/unit", "last_vs_best/corrected")
    ]
    entropy = figure(runs, "normalisation/unit", keys.PRIOR_ENTROPY)
    [(last, last_loss), (best, best_loss)] = pairs
    [printed] = _deck("main", ("main",), "val_loss")
    explained = printed > entropy and last_loss > best_loss
    return (
        f"last of 100 epochs: val {_percent([last])}, loss {last_loss:.2f}",
        f"lowest validation loss: val {_percent([best])}, loss {best_loss:.2f}; even the class frequencies "
        f"give {entropy:.2f}, so the deck's {printed:.2f} is of no best epoch",
        EXPLAINED if explained else UNEXPLAINED,
    )


def _normalisation(runs: Runs) -> tuple[str, str, str]:
    wanted = _deck("main", ("main",), "train_accuracy") + _deck("main", ("main",), "val_loss")
    metrics = (keys.epoch("train", "accuracy"), keys.SELECTED_VAL_LOSS)
    ends = {
        name: [figure(runs, f"normalisation/{name}", metric) for metric in metrics]
        for name in ("unit", "centred", "global", "standardised")
    }
    said = "; ".join(f"{name} {100 * train:.1f} / {loss:.2f}" for name, (train, loss) in ends.items())
    near = [
        name
        for name, (train, loss) in ends.items()
        if abs(train - wanted[0]) <= 2 * NEAR and abs(loss - wanted[1]) <= 0.1 * wanted[1]
    ]
    verdict = EXPLAINED if near else UNEXPLAINED
    return f"train / val loss: {said}", f"near: {', '.join(near) or 'none'}", verdict


_COLLAPSED = ("rmsprop", "adadelta", "adam")


def _collapse(runs: Runs) -> tuple[str, str, str]:
    largest = max(CANONICAL_TEST)

    def constant(arm: str) -> bool:
        loss = figure(runs, arm, keys.SELECTED_VAL_LOSS)
        accuracy = figure(runs, arm, keys.SELECTED_VAL_ACCURACY)
        majority = figure(runs, arm, keys.MAJORITY_ACCURACY)
        entropy = figure(runs, arm, keys.PRIOR_ENTROPY)
        return abs(loss - entropy) <= _NEAR_LOSS and abs(accuracy - majority) <= NEAR

    ways = {
        name: {
            f"{way} {right(runs, f'collapse/{arm}_{name}')}": constant(f"collapse/{arm}_{name}")
            for way, arm in (("fresh", "presented"), ("shared", "shared"))
        }
        for name in _COLLAPSED
    }
    n = figure(runs, "collapse/presented_rmsprop", keys.test("union", "n"))
    sound = [constant(f"collapse/corrected_{name}") for name in _COLLAPSED]
    mended = [right(runs, f"collapse/corrected_{name}") for name in _COLLAPSED]
    explained = [any(found.values()) for found in ways.values()]
    verdict = EXPLAINED if all(explained) and not any(sound) else IN_PART if any(explained) else UNEXPLAINED
    said = "; ".join(
        f"{name}: {', '.join(way + (' (constant)' if collapsed else '') for way, collapsed in found.items())}"
        for name, found in ways.items()
    )
    return (
        f"right of {n:,.0f} at rate .01 ({largest:,} is always happy): {said}",
        f"at their usual rates: {' '.join(mended)} right",
        verdict,
    )


def right(runs: Runs, arm: str) -> str:
    """How many test faces an arm reads right."""
    share, n = (figure(runs, arm, keys.test("union", metric)) for metric in ("accuracy", "n"))
    return f"{round(share * n):,}"


def _readings(runs: Runs, arms: Mapping[str, float]) -> tuple[str, str, str]:
    """Search the mismatches for one that gives the deck's accuracy of every arm, and of each alone."""
    sound = {arm: figure(runs, arm, keys.mismatch(keys.SOUND)) for arm in arms}
    combinations = keys.mismatches(runs[next(iter(arms))].metrics)

    def distance(combination: str, arm: str) -> float:
        return abs(figure(runs, arm, keys.mismatch(combination)) - arms[arm])

    common = min(combinations, key=lambda each: max(distance(each, arm) for arm in arms))
    worst = max(distance(common, arm) for arm in arms)
    best = {arm: min(combinations, key=lambda each, arm=arm: distance(each, arm)) for arm in arms}
    alone = [arm for arm, combination in best.items() if distance(combination, arm) <= _NEAR_READING]
    verdict = EXPLAINED if worst <= _NEAR_READING else UNEXPLAINED
    names = ", ".join(f"{arm.rpartition('_')[2]} {best[arm]}" for arm in alone)
    said = f"of {len(combinations)} mismatches the nearest for all: {common}, off by up to {100 * worst:.1f} "
    said += f"points; each alone within {100 * _NEAR_READING:.0f} points, some by accident: {names or 'none'}"
    return said, f"read aright: test {_percent(list(sound.values()))}", verdict


_OPTIMIZERS = {f"test_path/optimizer_{name}": name for name in ("sgd", "adagrad", "nadam")}
_LAYERS = {
    f"test_path/layers_{name}": name
    for name in ("512-256", "512-256-128", "256-128", "64-32-16", "884-886-888", "500-550-600-650-700")
}


def _of_deck(study: str, arms: Mapping[str, str]) -> dict[str, float]:
    return {arm: published.figure(study, setting, "test_accuracy").value for arm, setting in arms.items()}


def _test_path(runs: Runs) -> tuple[str, str, str]:
    return _readings(runs, _of_deck("optimizer", _OPTIMIZERS))


def _layer_path(runs: Runs) -> tuple[str, str, str]:
    return _readings(runs, _of_deck("layers", _LAYERS))


CHECKS = (
    Check(
        "carryover",
        "A4",
        f"train {_percent(_deck('batch_size', _SIZES, 'train_accuracy'))} for batch {' '.join(_SIZES)}, "
        "in {} to {} epochs where it logs them".format(*_logged_epochs()),
        "The deck compared batch sizes with one network that it went on training: by batch 256 it had been "
        "through all the smaller ones. Its rise with the batch size is the rise with more training; a fresh "
        "network gets as far, but not in the few epochs that the deck logs.",
        _carryover,
    ),
    Check(
        "noop_epochs",
        "A5",
        "three columns of the batch table, for at most 100, 2000 and 20000 epochs",
        "The stopping rule ends every run after a few epochs, long before any of these ceilings, so the "
        "three columns are the same experiment three times; what differs between them is noise.",
        _noop_epochs,
    ),
    Check(
        "dead_scheduler",
        "A6",
        "ReduceLROnPlateau with patience 3, stopped at num_bad_epochs >= patience",
        "The scheduler lowers the rate after more than three bad epochs, the rule stops the run at three: "
        "the rate never changes, though the deck lists the scheduler. Its logs go on for five bad epochs, so "
        "the scheduler cannot have watched the validation loss at all; either way it did nothing.",
        _dead_scheduler,
    ),
    Check(
        "last_vs_best",
        "A7",
        f"main model: val loss {_deck('main', ('main',), 'val_loss')[0]:.2f} after 100 epochs",
        "After 100 epochs the network has over-fitted. Reporting its last weights rather than the best "
        "on validation makes the main model look worse than it was on the way.",
        _last_vs_best,
    ),
    Check(
        "collapse",
        "A9",
        f"{max(CANONICAL_TEST):,} right for RMSProp, AdaDelta and Adam",
        "Three optimizers seem equal and useless: each answers happy to every face. A learning rate of .01, "
        "ten times the usual one, does that to a fresh network, and so does going on with a ruined one.",
        _collapse,
    ),
    Check(
        "test_path",
        "A10",
        f"test {_percent(list(_of_deck('optimizer', _OPTIMIZERS).values()))} for SGD, Adagrad, NAdam",
        "Networks that read 37 to 40 % of validation cannot read 25 % of a test set of the same kind, unless "
        "the test faces come in another way. Many mismatches lower the score; this looks for the one.",
        _test_path,
    ),
    Check(
        "layer_test_path",
        "A11",
        f"test {_percent(list(_of_deck('layers', _LAYERS).values()))} for the six layer models",
        "Six networks at or below what always answering happy would give have not over-fitted: their "
        "test faces are read wrongly. Whether one slip gives all six figures, this search tells.",
        _layer_path,
    ),
    Check(
        "normalisation",
        "S2",
        f"main model: train {_percent(_deck('main', ('main',), 'train_accuracy'))}, val loss "
        f"{_deck('main', ('main',), 'val_loss')[0]:.2f}",
        "The deck does not say on which scale its pixels enter. The scale decides how far 100 epochs "
        "over-fit, so it can be told from where the main model ended.",
        _normalisation,
    ),
)
