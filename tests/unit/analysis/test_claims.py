"""The deck's conclusions, judged by hand-made runs."""

import dataclasses

import pytest
from helpers.made_studies import activation, arm, run, study

from fer_exp.analysis import claims, closing
from fer_exp.analysis.claims import CLAIMS, Outcome
from fer_exp.analysis.verdicts import Verdict
from fer_exp.tracking.studies import Arm

# The corners of the deck's integrated model and of its main one.
INTEGRATED, PLAIN = "adagrad · 512-256", "adam · 128-32"


def answer(claim: str, *studies):
    """What some studies say of a conclusion, and where each arm is tuned."""
    [found] = [each for each in CLAIMS if each.id == claim]
    return claims.answers(studies, found)


def test_conclusions_are_judged_by_the_runs():
    """One arm is shown to be as good as ReLU, so it is not the best; tanh's promise is contradicted."""
    relu, _ = answer("relu", activation())
    assert (relu.outcome, relu.preliminary) == (Outcome.CONTRADICTED, True)
    tanh, _ = answer("tanh", activation())
    assert (tanh.outcome, tanh.one) == (Outcome.CONTRADICTED, "relu")
    assert answer("layers", activation())[0].outcome is Outcome.NOT_RUN


def test_the_chosen_optimizer_is_held_against_every_other():
    """Though the study's base is another."""
    arms = (
        arm("adam", 0.390, 0.394, 0.392),
        arm("adagrad", 0.410, 0.414, 0.411),
        arm("sgd", 0.37, 0.372, 0.371),
    )
    found, _ = answer("adagrad", study("optimizer", *arms))
    assert (found.outcome, found.one, len(found.others)) == (Outcome.SUPPORTED, "adagrad", 2)
    found, _ = answer("adagrad", study("optimizer", *arms, arm("nadam", 0.45, 0.456, 0.451)))
    assert found.outcome is Outcome.CONTRADICTED
    assert [each.arm for each in found.others if each.verdict.better] == ["nadam"]


def test_what_is_undecided_contradicts_nothing():
    """Nearly five points of three runs that spread: neither a difference nor the lack of one."""
    for claim, named, one, other in [
        ("batch_size", "batch_size", "32", "64"),
        ("tanh", "activation", "relu", "tanh"),
        ("relu", "activation", "relu", "tanh"),
        ("final", "final", INTEGRATED, PLAIN),
    ]:
        arms = arm(one, 0.35, 0.36, 0.355), arm(other, 0.3057, 0.29, 0.3214)
        assert answer(claim, study(named, *arms))[0].outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("first", range(3))
def test_a_conclusion_is_about_its_arms_whichever_is_the_reference(first):
    """And in whatever order they stand."""
    arms = activation().arms[first:] + activation().arms[:first]
    turned = dataclasses.replace(activation(), arms=arms, reference=arms[0].name)
    for claim in ("relu", "tanh"):
        was, now = answer(claim, activation())[0], answer(claim, turned)[0]
        assert (now.outcome, now.one) == (was.outcome, "relu")
        assert {each.arm: each.estimate for each in now.others} == {
            each.arm: each.estimate for each in was.others
        }


def test_a_conclusion_whose_arm_was_not_run_says_so():
    """A sweep may have left it out."""
    found, _ = answer("layers", study("layers", arm("512-256", 0.3, 0.31, 0.32), arm("64-32", 0.3, 0.3, 0.3)))
    assert (found.outcome, found.missing) == (Outcome.TOO_FEW_RUNS, ["128-32"])


def test_a_tuned_study_is_judged_beside_its_own():
    """By the same question."""
    tuned = dataclasses.replace(activation(), name="activation_tuned", arms=activation().arms[::2])
    both = (activation(), tuned)
    [kind] = closing.alike(both)
    assert claims.any_tuned(kind)
    assert not claims.any_tuned([activation()])
    again = {claim.id: answer(claim.id, *both)[1] for claim in CLAIMS}
    assert again["relu"].outcome is Outcome.CONTRADICTED
    assert again["tanh"].outcome is Outcome.TOO_FEW_RUNS
    assert again["layers"].outcome is Outcome.NOT_SEARCHED
    assert (again["adagrad"].outcome, again["adagrad"].study) == (Outcome.NOT_RUN, "optimizer_tuned")


def test_tuned_studies_alone_close_no_table():
    """The closing table has the deck's choices, at the deck's rates; its conclusions can be judged."""
    tuned = dataclasses.replace(activation(), name="activation_tuned")
    [kind] = closing.alike([tuned])
    assert not closing.closes(kind)
    assert closing.closes([activation(), tuned])
    assert answer("relu", tuned)[0].outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("others", "outcome"),
    [
        ([(0.10, 0.102, 0.099)], Outcome.SUPPORTED),
        ([(0.02, 0.019, 0.021)], Outcome.CONTRADICTED),
        ([(0.051, 0.050, 0.051)], Outcome.CONTRADICTED),
        ([(0.05, 0.09, 0.06)], Outcome.UNDECIDED),
        ([(0.10, 0.102, 0.099), (0.051, 0.050, 0.051)], Outcome.IN_PART),
    ],
)
def test_over_fitting_is_a_larger_gap_between_train_and_validation(others, outcome):
    """All larger networks have one, none has, it is not known, or some; whatever they reach on validation."""
    arms = [arm("128-32", 0.390, 0.394, 0.392)]
    for number, gaps in enumerate(others):
        wide = arm(f"x{number}", 0.30, 0.45, 0.38)
        for seed, gap in enumerate(gaps):
            metrics = wide.runs[str(seed)].metrics
            metrics["selected/train_accuracy"] = metrics["selected/val_accuracy"] + gap
        arms.append(wide)
    assert answer("layers", study("layers", *arms))[0].outcome is outcome


def test_sizes_that_do_not_matter_differ_nowhere():
    """One difference that may exceed the margin contradicts it, either way."""
    base, alike = arm("32", 0.390, 0.394, 0.392), arm("16", 0.391, 0.393, 0.393)
    assert answer("batch_size", study("batch_size", base, alike))[0].outcome is Outcome.SUPPORTED
    better = arm("64", 0.45, 0.454, 0.451)
    assert answer("batch_size", study("batch_size", base, alike, better))[0].outcome is Outcome.CONTRADICTED


def test_the_integrated_model_is_held_against_the_plain_corner():
    """In any order; the difference is turned, with both its intervals."""
    arms = arm(PLAIN, 0.390, 0.394, 0.392), arm(INTEGRATED, 0.41, 0.414, 0.411), arm("x", 0.40, 0.41, 0.40)
    found, _ = answer("final", study("final", *arms))
    assert (found.outcome, found.one) == (Outcome.SUPPORTED, PLAIN)
    [contrast] = found.others
    assert contrast.arm == INTEGRATED
    assert contrast.verdict is Verdict.BETTER_BEYOND
    for gap in (contrast.difference, contrast.corrected):
        assert 0 < gap.low < gap.mean < gap.high


def test_what_no_run_has_looked_at_is_not_supported():
    """An arm that failed may be the best; the opposite can be shown by one arm all the same."""
    arms = [arm("relu", 0.390, 0.394, 0.392), arm("tanh", 0.370, 0.375, 0.371), Arm("gelu", "gelu")]
    found, _ = answer("relu", study("activation", *arms))
    assert (found.outcome, found.missing) == (Outcome.UNDECIDED, ["gelu"])
    assert answer("relu", study("activation", *arms[:2]))[0].outcome is Outcome.SUPPORTED
    sizes = arm("32", 0.390, 0.394, 0.392), arm("64", 0.391, 0.393, 0.393), Arm("256", "256")
    found, _ = answer("batch_size", study("batch_size", *sizes))
    assert found.outcome is Outcome.UNDECIDED
    better = arm("elu", 0.45, 0.456, 0.451)
    assert answer("relu", study("activation", *arms, better))[0].outcome is Outcome.CONTRADICTED


def test_a_conclusion_knows_the_arms_that_are_missing():
    """A verdict on some of the arms is no verdict on all; so are seeds that differ in number."""
    layers = study("layers", arm("128-32", 0.390, 0.394, 0.392), arm("512-256", 0.30, 0.301))
    layers.arms.append(Arm("884-886-888", "884-886-888"))
    found, _ = answer("layers", layers)
    assert found.missing == ["884-886-888"]
    assert found.seeds == (2, 3)


def test_baselines_that_are_not_fitted_are_named():
    """One of several settings has them in its name."""
    svc = dataclasses.replace(run(0, 0.0), name="linear SVC, C=0.1")
    assert closing.missing_baselines([svc]) == {"ridge": "ridge", "majority": "majority"}
