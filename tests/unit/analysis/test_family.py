"""Verdicts of whole studies: their order, the cases that allow none, and who counts in a family."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.analysis.estimates import Arm, Judged, Method
from fer_exp.analysis.family import judge
from fer_exp.analysis.margins import Chances
from fer_exp.analysis.verdicts import Reason, Verdict, verdict_of


def scored(name, base, difference, spread, runs):
    """Two arms of which only scores are known; the paired differences have this mean and sd in points."""
    steps = np.linspace(-1, 1, runs)
    values = difference + spread * (steps - steps.mean()) / max(steps.std(ddof=1), 1e-9)
    return Arm(name, {run: base.runs[run] + values[run] / 100 for run in range(runs)})


def base(runs=20):
    """A reference that varies by itself."""
    return Arm("relu", {run: 0.4 + 0.004 * ((7 * run) % 5 - 2) for run in range(runs)})


def verdict(difference, spread, runs=20):
    """Of a lone arm against the reference."""
    return judge(base(), [scored("arm", base(), difference, spread, runs)])[0].verdict


def test_the_verdicts_of_one_arm_by_its_difference_and_spread():
    """Each of the codes, from scores alone."""
    assert verdict(3, 0.5) is Verdict.BETTER_BEYOND
    assert verdict(-3, 0.5) is Verdict.WORSE_BEYOND
    assert verdict(0.5, 0.2) is Verdict.BETTER_WITHIN
    assert verdict(-0.5, 0.2) is Verdict.WORSE_WITHIN
    assert verdict(1.2, 0.7) is Verdict.BETTER
    assert verdict(-1.2, 0.7) is Verdict.WORSE
    assert verdict(0.0, 0.7) is Verdict.EQUIVALENT
    assert verdict(0.5, 1.5) is Verdict.UNDECIDED


@given(
    st.tuples(*[st.sampled_from([0.01, 0.049, 0.05, 0.2, float("nan")])] * 3), st.sampled_from([1.0, -1.0])
)
def test_the_first_verdict_in_the_order_of_the_rule_is_given(p, points):
    """Beyond the margin, then within it, then a difference alone, then equivalence, then undecided."""
    difference, equivalence, beyond = (each < 0.05 for each in p)
    order = [
        (beyond, (Verdict.BETTER_BEYOND, Verdict.WORSE_BEYOND)),
        (difference and equivalence, (Verdict.BETTER_WITHIN, Verdict.WORSE_WITHIN)),
        (difference, (Verdict.BETTER, Verdict.WORSE)),
        (equivalence, (Verdict.EQUIVALENT,) * 2),
        (True, (Verdict.UNDECIDED,) * 2),
    ]
    expected = next(pair for holds, pair in order if holds)[points < 0]
    assert verdict_of(points, Chances(*p)) is expected


def test_two_runs_give_no_verdict():
    """However large the difference is; what they say is still shown."""
    found = judge(base(), [scored("arm", base(), 9, 0.1, 2)])[0]
    assert (found.verdict, found.reason) == (Verdict.NONE, Reason.TOO_FEW_RUNS)
    assert found.estimate.points == pytest.approx(9)
    assert np.isnan(found.adjusted.difference)


def test_no_shared_run_gives_no_verdict():
    """Runs of other indices are no pairs, though there are as many."""
    other = Arm("arm", {run + 20: 0.5 for run in range(20)})
    found = judge(base(), [other])[0]
    assert (found.verdict, found.reason, found.estimate) == (Verdict.NONE, Reason.NO_SHARED_RUNS, None)
    assert found.unpaired == tuple(range(40))


def test_almost_five_points_on_three_runs_are_undecided_and_say_what_it_takes():
    """-4.93 with the old interval of [-9.04, -0.81]: neither shown to differ nor to be small."""
    spread = 4.11 / 4.3027 * np.sqrt(3)
    found = judge(base(3), [scored("arm", base(3), -4.93, spread, 3)])[0]
    assert found.verdict is Verdict.UNDECIDED
    assert found.preliminary
    assert found.detectable > 4.93
    # by scores alone the corrected error keeps half of the spread, so no number of runs shows one point
    assert found.needed is None


def test_almost_five_points_on_three_runs_of_answers_name_the_runs_needed():
    """The same with the answers kept: the number of runs is known, and is more than three."""
    rng = np.random.default_rng(0)
    runs = [np.arange(fold, 1000, 5) for fold in range(3)]
    reference = Arm("relu", {run: Judged(each, rng.random(200) < 0.4) for run, each in enumerate(runs)})
    arm = Arm("arm", {run: Judged(each, rng.random(200) < 0.35) for run, each in enumerate(runs)})
    found = judge(reference, [arm], np.arange(1000))[0]
    assert found.verdict is Verdict.UNDECIDED
    assert found.estimate.method is Method.TWO_WAY
    assert found.check.method is Method.CORRECTED
    assert found.needed > 3
    assert found.needed % 5 == 0


def test_arms_of_equal_runs_count_once():
    """Ceilings that no run reached: one p value, adjusted for one arm, and all of them say so."""
    arm = scored("100", base(), 1.2, 0.7, 20)
    copies = [dataclasses.replace(arm, name=name) for name in ("200", "500")]
    alone = judge(base(), [arm])
    found = judge(base(), [arm, *copies])
    assert [each.same_as for each in found] == [None, "100", "100"]
    assert {each.verdict for each in found} == {Verdict.BETTER}
    assert {each.adjusted for each in found} == {alone[0].adjusted}
    # the last digit tells two arms apart
    other = Arm("501", {**arm.runs, 3: np.nextafter(arm.runs[3], 1)})
    adjusted = judge(base(), [arm, other])[0].adjusted.difference
    assert adjusted == pytest.approx(2 * alone[0].adjusted.difference, rel=1e-6)


def test_the_references_own_runs_are_no_contrast():
    """An arm of the same runs as the reference has no p value and costs the family nothing."""
    copy = Arm("ceiling", dict(base().runs))
    arm = scored("arm", base(), 1.2, 0.7, 20)
    ceiling, other = judge(base(), [copy, arm])
    assert ceiling.verdict is Verdict.IDENTICAL
    assert np.isnan(ceiling.adjusted.difference)
    assert other == judge(base(), [arm])[0]


def test_equal_answers_are_found_in_any_order_of_faces():
    """The same faces right, listed otherwise."""
    rng = np.random.default_rng(0)
    runs = {run: Judged(np.arange(50), rng.random(50) < 0.5) for run in range(5)}
    turned = {run: Judged(each.faces[::-1], each.right[::-1]) for run, each in runs.items()}
    found = judge(Arm("a", runs), [Arm("b", turned)], np.arange(50))[0]
    assert found.verdict is Verdict.IDENTICAL


def test_the_same_difference_in_every_run_is_no_certainty():
    """No spread, no test: p is not 0."""
    arm = Arm("arm", {run: score + 0.02 for run, score in base().runs.items()})
    found = judge(base(), [arm])[0]
    assert (found.verdict, found.reason) == (Verdict.NONE, Reason.NO_SPREAD)
    assert found.estimate.points == pytest.approx(2)
    assert np.isnan(found.tests.difference)


def test_below_ten_runs_a_verdict_is_preliminary():
    """Nine runs and ten."""
    nine, ten = (judge(base(), [scored("arm", base(), 3, 0.5, runs)])[0] for runs in (9, 10))
    assert (nine.preliminary, ten.preliminary) == (True, False)
    assert nine.verdict is Verdict.BETTER_BEYOND


def test_runs_without_a_score_do_not_tell_arms_apart():
    """A run that both lack, one by NaN and one by no entry."""
    arm = scored("100", base(), 1.2, 0.7, 20)
    lacking = Arm("200", {**arm.runs, 20: float("nan")})
    assert judge(base(), [arm, lacking])[1].same_as == "100"


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 3)), min_size=1, max_size=6))
def test_a_larger_family_says_no_more(shapes):
    """An arm judged among others never has a smaller p value than alone."""
    arms = [scored(f"arm {i}", base(), *shape, 20) for i, shape in enumerate(shapes)]
    family = judge(base(), arms)
    for arm, found in zip(arms, family, strict=True):
        alone = judge(base(), [arm])[0]
        pairs = itertools.product([found], ("difference", "equivalence"))
        for each, question in pairs:
            if each.same_as is None:
                assert getattr(each.adjusted, question) >= getattr(alone.tests, question) - 1e-12
