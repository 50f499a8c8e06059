"""The deck's errors on test that runs show: collapsed networks, wrongly read faces, and its softmax."""

from collections.abc import Sequence
from functools import partial

from fer_exp.audit.by_training import NEAR
from fer_exp.audit.finding import (
    EXPLAINED,
    IN_PART,
    LIKELY,
    UNEXPLAINED,
    AuditVerdict,
    Check,
    Judgement,
    MissingError,
    Runs,
    figure,
    printed,
    shares,
)
from fer_exp.fer2013 import CANONICAL_TEST
from fer_exp.formatting import Message, Styled, message
from fer_exp.tracking import Record, keys

# How far a reading of test by other weights of the same kind may lie apart.
_NEAR_READING = 0.02
# A validation loss comes this near to the classes' entropy if nothing but their frequencies was learnt.
_NEAR_LOSS = 0.02

_COLLAPSED = ("rmsprop", "adadelta", "adam")
_OPTIMIZERS = ("sgd", "adagrad", "nadam")
_LAYERS = ("512-256", "512-256-128", "256-128", "64-32-16", "884-886-888", "500-550-600-650-700")


def checks(baselines: Sequence[Record]) -> list[Check]:
    """How the evaluated runs judge; the softmax beside these baselines."""
    optimizers, layers = (
        dict(zip(settings, printed(study, settings, "test_accuracy"), strict=True))
        for study, settings in (("optimizer", _OPTIMIZERS), ("layers", _LAYERS))
    )
    [softmax] = printed("activation", ["identity"], "test_accuracy")
    return [
        Check("collapse", _collapse, {"largest": max(CANONICAL_TEST)}),
        Check(
            "test_path",
            lambda runs: _readings(runs, "test_path", "optimizer", optimizers, IN_PART),
            {"figures": shares(list(optimizers.values()))},
        ),
        Check(
            "layer_test_path",
            lambda runs: _readings(runs, "layer_test_path", "layers", layers, LIKELY),
            {"figures": shares(list(layers.values()))},
        ),
        Check("softmax", lambda runs: _softmax(runs, baselines, softmax), {"printed": softmax}),
    ]


def _constant(runs: Runs, arm: str) -> bool:
    """Whether an arm's network answers by the frequencies of the classes alone."""
    loss, accuracy, majority, entropy = (
        figure(runs, arm, metric)
        for metric in (
            keys.SELECTED_VAL_LOSS,
            keys.SELECTED_VAL_ACCURACY,
            keys.MAJORITY_ACCURACY,
            keys.PRIOR_ENTROPY,
        )
    )
    return abs(loss - entropy) <= _NEAR_LOSS and abs(accuracy - majority) <= NEAR


def _correct(runs: Runs, arm: str) -> int:
    """How many test faces an arm predicts correctly."""
    share, n = (figure(runs, arm, keys.test("union", metric)) for metric in ("accuracy", "n"))
    return round(share * n)


def _collapse(runs: Runs) -> Judgement:
    ways = {"fresh": "presented", "shared": "shared"}
    collapsed = {
        name: {way: _constant(runs, f"collapse/{arm}_{name}") for way, arm in ways.items()}
        for name in _COLLAPSED
    }
    optimizers = [
        message(
            "collapse.optimizer", name=name, ways=[_way(runs, name, way, arm) for way, arm in ways.items()]
        )
        for name in _COLLAPSED
    ]
    corrected = [f"collapse/corrected_{name}" for name in _COLLAPSED]
    sound = any(_constant(runs, arm) for arm in corrected)
    values = {
        "n": figure(runs, "collapse/presented_rmsprop", keys.test("union", "n")),
        "optimizers": optimizers,
        "corrected": [Styled(_correct(runs, arm), ",") for arm in corrected],
    }
    # what ruins one network in turn cannot be all: NAdam, the last of the deck's six, had learnt
    fresh = all(found["fresh"] for found in collapsed.values())
    some = any(any(found.values()) for found in collapsed.values())
    return EXPLAINED if fresh and not sound else IN_PART if some else UNEXPLAINED, values


def _way(runs: Runs, name: str, way: str, arm: str) -> Message:
    whole = f"collapse/{arm}_{name}"
    key = "collapse.constant" if _constant(runs, whole) else "collapse.way"
    return message(key, way=way, right=_correct(runs, whole))


def _readings(runs: Runs, id: str, study: str, figures: dict[str, float], likely: AuditVerdict) -> Judgement:
    """Search the mismatches for one that gives the deck's accuracy of every arm, and of each alone.

    figures: by the arm's setting in the study. likely: the verdict where each alone has one.
    """
    arms = {setting: f"test_path/{study}_{setting}" for setting in figures}
    sound = [figure(runs, arm, keys.mismatch(keys.SOUND)) for arm in arms.values()]
    combinations = keys.mismatches(runs[next(iter(arms.values()))].metrics)

    def distance(setting: str, combination: str) -> float:
        return abs(figure(runs, arms[setting], keys.mismatch(combination)) - figures[setting])

    common = min(combinations, key=lambda each: max(distance(setting, each) for setting in figures))
    worst = max(distance(setting, common) for setting in figures)
    best = {setting: min(combinations, key=partial(distance, setting)) for setting in figures}
    alone = [
        message(f"{id}.single", arm=setting, combination=combination)
        for setting, combination in best.items()
        if distance(setting, combination) <= _NEAR_READING
    ]
    verdict = EXPLAINED if worst <= _NEAR_READING else likely if len(alone) == len(figures) else UNEXPLAINED
    return verdict, {
        "combinations": len(combinations),
        "random": _of_any(
            [figure(runs, arm, keys.mismatch(each)) for arm in arms.values() for each in combinations],
            max(sound),
        ),
        "common": common,
        "worst": worst,
        "distance": 100 * _NEAR_READING,
        "alone": alone or message(f"{id}.none"),
        "sound": shares(sound),
    }


def _of_any(found: Sequence[float], highest: float) -> float:
    """The share of all accuracies from chance to `highest` that lie near some of those found."""
    low, covered, at = 1 / len(CANONICAL_TEST), 0.0, 1 / len(CANONICAL_TEST)
    for each in sorted(found):
        start, end = max(each - _NEAR_READING, at), min(each + _NEAR_READING, highest)
        covered += max(end - start, 0.0)
        at = max(at, end)
    return covered / (highest - low)


def _softmax(runs: Runs, baselines: Sequence[Record], wanted: float) -> Judgement:
    linear, softmax = (
        figure(runs, f"softmax/{arm}", keys.TEST_ACCURACY) for arm in ("presented", "corrected")
    )
    ridge = [run.metrics[keys.TEST_ACCURACY] for run in baselines if run.name.startswith("ridge")]
    if not ridge:
        raise MissingError("no baseline: python evaluate.py baseline=ridge")
    near = abs(linear - wanted) <= 2 * NEAR and abs(ridge[0] - wanted) <= 2 * NEAR
    explained = near and abs(softmax - wanted) > 2 * NEAR
    values = {"linear": linear, "ridge": ridge[0], "softmax": softmax}
    return EXPLAINED if explained else UNEXPLAINED, values
