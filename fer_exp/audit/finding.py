"""A slip of the deck as a row: what it printed, the sum that judges it, and whether that explains it."""

from dataclasses import dataclass

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.fer2013 import CANONICAL_TEST, CANONICAL_TRAIN

EXPLAINED, IN_PART, UNEXPLAINED = "explained", "in part", "not explained"

TRAIN, TEST = sum(CANONICAL_TRAIN), sum(CANONICAL_TEST)


@dataclass(frozen=True)
class Finding:
    """A slip. audit: the row of the audit, such as A1. verdict: explained, in part or not explained.

    printed: what the deck shows. presented: what the slip gives here, by a sum or a run. corrected: what
    its mending gives, if a run shows that. paragraph: all of it for a newcomer.
    """

    id: str
    audit: str
    printed: str
    presented: str
    verdict: str
    paragraph: str
    corrected: str = ""


def lines(study: str, *metrics: str) -> list[Line]:
    """The deck's printed lines of a study, of these metrics."""
    return [line for line in published.logged() if line.study == study and line.metric in metrics]
