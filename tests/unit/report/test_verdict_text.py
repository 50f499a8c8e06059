"""Verdict codes in words."""

import pytest

from fer_exp.analysis.verdicts import Contrast, Reason, Verdict
from fer_exp.report.verdict_text import verdict_text
from fer_exp.report.words import LANGUAGES, words_of


def contrast(verdict, **more):
    """A contrast of which only the words matter."""
    return Contrast("arm", verdict, more.pop("reason", None), None, None, **more)


def said(found: Contrast, margin: float = 1.0) -> str:
    """What it says in English."""
    return words_of("en").text(verdict_text(found, margin))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verdict_and_each_reason_has_its_words(language):
    """No two of which are the same."""
    codes = [contrast(each, detectable=1.2, needed=30) for each in Verdict if each is not Verdict.NONE]
    codes += [contrast(Verdict.NONE, reason=each) for each in Reason]
    texts = {words_of(language).text(verdict_text(each)) for each in codes}
    assert len(texts) == len(codes)


def test_what_stands_before_and_after_a_verdict():
    """Few runs, another arm's runs, another margin, what it takes, and why there is none."""
    few = contrast(Verdict.BETTER_BEYOND, preliminary=True, same_as="100")
    assert said(few, 0.5) == "preliminary: better by more than 0.5 points (the runs of 100)"
    assert said(contrast(Verdict.EQUIVALENT)) == "equivalent within 1 point"
    decided = contrast(Verdict.UNDECIDED, detectable=1.2345, needed=30)
    assert said(decided) == "undecided: detectable here 1.23 points, runs needed 30"
    never = contrast(Verdict.UNDECIDED, detectable=3.0)
    assert said(never).endswith("3.00 points, and no number of runs is sure to decide it by scores alone")
    none = contrast(Verdict.NONE, reason=Reason.TOO_FEW_RUNS)
    assert said(none) == "no verdict: fewer than 3 runs with seeds that both arms have"
