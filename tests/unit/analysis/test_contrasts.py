"""Arms judged from what the store has of their runs."""

import numpy as np
import pytest
from helpers.archived import sweep
from helpers.made_studies import arm, study

from fer_exp.analysis import contrasts
from fer_exp.analysis.estimates import Method
from fer_exp.analysis.verdicts import Reason, Verdict
from fer_exp.tracking import artifacts, keys


def test_only_shared_seeds_are_compared():
    """A seed that one arm lacks is left out of the difference, not of the means, and is known."""
    base, other = arm("a", 0.1, 0.2, 0.3), arm("b", 0.2, 0.3)
    assert contrasts.against(other, base).mean == pytest.approx(0.1)
    assert contrasts.against(arm("c", 0.2), base) is None
    [alone] = contrasts.contrasts(study("x", base, arm("c", 0.2)))
    assert (alone.verdict, alone.reason) == (Verdict.NONE, Reason.TOO_FEW_RUNS)
    assert alone.unpaired == (1, 2)


def test_a_metric_that_a_run_lacks_pairs_no_other_runs():
    """Pairs go by seed, never by position."""
    base, other = arm("a", 0.1, 0.2, 0.3, 0.4), arm("b", 0.2, 0.3, 0.4, 0.5)
    del base.runs["0"].metrics["selected/val_accuracy"]
    del other.runs["3"].metrics["selected/val_accuracy"]
    [found] = contrasts.contrasts(study("x", base, other))
    assert (found.unpaired, found.estimate.points) == ((0, 3), pytest.approx(10))


@pytest.mark.parametrize(
    "otherwise", [{"faces.validation": "40"}, {"split.method": "random"}, {"split.run": "3"}]
)
def test_scores_on_other_validation_faces_make_no_pair(otherwise):
    """Where no answers are kept, the settings tell: the size, the method, the fold."""
    base, other = arm("a", 0.1, 0.2, 0.3), arm("b", 0.2, 0.3, 0.4)
    other.runs["1"].params.update(otherwise)
    [found] = contrasts.contrasts(study("x", base, other))
    assert (found.estimate.runs, found.unpaired) == (2, (1,))


def answered(seed: int, right: float) -> np.ndarray:
    """Answers to a fold of 200 faces in pairs of one photo, of which a share is right, drawn by name."""
    draw = np.random.default_rng([seed, round(1000 * right)])
    answers = np.zeros(200, artifacts.ANSWER)
    answers["face"] = 200 * (seed % 5) + np.arange(200)
    answers["group"] = answers["face"] // 2
    answers["predicted"] = draw.random(200) > right
    return answers


def test_answers_are_compared_face_by_face():
    """With the corrected interval, which needs the scores alone, beside the two-way one."""
    arms = [arm("a", *[0.5] * 10), arm("b", *[0.9] * 10)]
    for each, right in zip(arms, (0.5, 0.9), strict=True):
        each.answers |= {str(seed): answered(seed, right) for seed in range(10)}
    [found] = contrasts.contrasts(study("x", *arms))
    assert (found.estimate.method, found.check.method) == (Method.TWO_WAY, Method.CORRECTED)
    assert (found.estimate.runs, found.estimate.faces) == (10, 1000)
    assert found.verdict is Verdict.BETTER_BEYOND
    assert found.difference.mean == pytest.approx(found.corrected.mean)


def test_a_run_without_answers_leaves_the_scores():
    """Of a pair in which one has none, as where an old run is among them."""
    arms = [arm("a", 0.5, 0.5, 0.52), arm("b", 0.6, 0.61, 0.6)]
    for each in arms:
        each.answers |= {str(seed): answered(seed, 0.5) for seed in range(3)}
    del arms[0].answers["1"]
    [found] = contrasts.contrasts(study("x", *arms))
    assert found.estimate.method is Method.CORRECTED


def test_runs_on_other_validation_faces_are_no_pairs():
    """As where a sweep varies the split; those that are on the same ones still are."""
    arms = [arm("grouped", *[0.5] * 4), arm("random", *[0.6] * 4)]
    for each in arms:
        each.answers |= {str(seed): answered(seed, 0.5) for seed in range(4)}
    arms[1].answers["3"]["face"] += 1
    [found] = contrasts.contrasts(study("x", *arms))
    assert (found.measured.runs, found.unpaired) == (3, (3,))
    for answers in list(arms[1].answers.values())[:3]:
        answers["face"] += 1
    [found] = contrasts.contrasts(study("x", *arms))
    assert (found.verdict, found.reason) == (Verdict.NONE, Reason.NO_SHARED_RUNS)


def test_gaps_between_train_and_validation_are_compared_too():
    """The larger one is the better of two, whatever the accuracies."""
    base, wide = arm("a", 0.39, 0.394, 0.392), arm("b", 0.39, 0.395, 0.392)
    for seed, run in wide.runs.items():
        run.metrics[keys.SELECTED_TRAIN_ACCURACY] += 0.1 + int(seed) / 1000
    [found] = contrasts.gap_contrasts(study("layers", base, wide), base)
    assert found.verdict is Verdict.BETTER_BEYOND
    assert found.estimate.points == pytest.approx(10.1)


def test_the_study_names_the_reference_and_the_margin():
    """Which need not be the first arm and a point."""
    found = study("x", arm("a", 0.39, 0.394, 0.392), arm("b", 0.40, 0.401, 0.403))
    found.reference, found.margin = "b", 3.0
    [contrast] = contrasts.contrasts(found)
    assert (contrast.arm, contrast.verdict) == ("a", Verdict.WORSE_WITHIN)
    found.margin = 0.1
    assert contrasts.contrasts(found)[0].verdict is Verdict.WORSE_BEYOND


def test_half_widths_are_those_of_a_sweep(store):
    """By the id of its run; none yet where runs are missing."""
    planned = sweep(store, "x", "a0", "b0")
    assert np.isnan(contrasts.half_widths(store, planned.id)).tolist() == [True]
