"""Codes as English, and p values on their own side of .05."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_exp.analysis.estimates import corrected
from fer_exp.analysis.verdicts import Contrast, Reason, Verdict
from fer_exp.analysis.wording import chance, interval_text, phrase


def contrast(verdict, **more):
    """A contrast of which only the words matter."""
    return Contrast("arm", verdict, more.pop("reason", None), None, None, **more)


def test_each_verdict_has_its_words():
    """None of which are those that the rule has done away with."""
    said = [phrase(contrast(each, detectable=1.2345, needed=30), 1.0) for each in Verdict]
    assert len(set(said)) == len(Verdict)
    assert not re.search(r"\b(tie|noise|reproduced)\b", " ".join(said))
    assert "equivalent within 1 point" in said
    assert "undecided: detectable here 1.23 points, runs needed 30" in said


def test_what_stands_before_and_after_a_verdict():
    """Few runs, another arm's runs, another margin, and why there is none."""
    few = contrast(Verdict.BETTER_BEYOND, preliminary=True, same_as="100")
    assert phrase(few, 0.5) == "preliminary: better by more than 0.5 points (the runs of 100)"
    none = contrast(Verdict.NONE, reason=Reason.TOO_FEW_RUNS)
    assert phrase(none, 1.0) == "no verdict: fewer than three shared runs"
    never = contrast(Verdict.UNDECIDED, detectable=3.0)
    assert phrase(never, 1.0).endswith("runs needed more than can be had")


def test_an_interval_stands_beside_its_difference():
    """In points, with signs; alone where one run allows no interval."""
    assert interval_text(corrected([1.0, 2.0, 3.0], 0)) == "+2.00 [-0.48, +4.48]"
    assert interval_text(corrected([-1.0])) == "-1.00"


@given(st.floats(0, 1))
@example(0.0495)
@example(0.04999999)
@example(0.05)
@example(0.0504)
def test_a_printed_p_value_lies_on_its_own_side(p):
    """Read back, it is below, at or above .05 just as the value is, and it is never 0."""
    said = chance(p)
    if said == "<0.001":
        assert p < 0.0005
    else:
        assert float(said) > 0
        assert (float(said) < 0.05) == (p < 0.05)
        assert (float(said) > 0.05) == (p > 0.05)
        assert float(said) == pytest.approx(p, abs=0.0005)


def test_a_missing_p_value_is_no_small_one():
    """NaN compares as neither."""
    assert chance(float("nan")) == "-"
    assert chance(0.0495) == "0.0495"
    assert chance(0.0412) == "0.041"
