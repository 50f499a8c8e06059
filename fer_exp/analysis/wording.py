"""Verdict codes in English, and p values as text; no number is found here."""

import numpy as np

from fer_exp.analysis.estimates import Estimate
from fer_exp.analysis.margins import SIGNIFICANCE
from fer_exp.analysis.verdicts import Contrast, Verdict

_PHRASES = {
    Verdict.BETTER_BEYOND: "better by more than {margin}",
    Verdict.WORSE_BEYOND: "worse by more than {margin}",
    Verdict.BETTER_WITHIN: "better by less than {margin}",
    Verdict.WORSE_WITHIN: "worse by less than {margin}",
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.EQUIVALENT: "equivalent within {margin}",
    Verdict.UNDECIDED: "undecided",
    Verdict.IDENTICAL: "the same runs as the reference",
    Verdict.NONE: "no verdict",
}


def phrase(contrast: Contrast, margin: float) -> str:
    """What a contrast says, as part of a sentence; `margin` in points."""
    said = _PHRASES[contrast.verdict].format(margin=f"{margin:g} point{'s' * (margin != 1)}")
    if contrast.verdict is Verdict.UNDECIDED:
        needed = "more than can be had" if contrast.needed is None else str(contrast.needed)
        said += f": detectable here {contrast.detectable:.2f} points, runs needed {needed}"
    if contrast.reason is not None:
        said += f": {contrast.reason.value}"
    if contrast.same_as is not None:
        said += f" (the runs of {contrast.same_as})"
    return f"preliminary: {said}" if contrast.preliminary else said


def interval_text(estimate: Estimate) -> str:
    """A difference in points with its 95 % interval."""
    if np.isnan(estimate.error):
        return f"{estimate.points:+.2f}"
    low, high = estimate.interval()
    return f"{estimate.points:+.2f} [{low:+.2f}, {high:+.2f}]"


def chance(p: float, alpha: float = SIGNIFICANCE) -> str:
    """A p value to three places, or as many as show on which side of alpha it lies; never 0, "-" for NaN."""
    if np.isnan(p):
        return "-"
    if p < 0.0005:
        return "<0.001"
    for places in range(3, 17):
        text = f"{p:.{places}f}"
        if np.sign(float(text) - alpha) == np.sign(p - alpha):
            return text
    return repr(float(p))
