"""A slip of the deck as a row: what it printed, the sum that judges it, and whether that explains it."""

from dataclasses import dataclass
from enum import Enum

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.fer2013 import CANONICAL_TEST, CANONICAL_TRAIN


class AuditVerdict(Enum):
    """Whether a finding explains the printed figure; open where runs are missing."""

    EXPLAINED = "explained"
    IN_PART = "in_part"
    UNEXPLAINED = "not_explained"
    OPEN = "open"


EXPLAINED, IN_PART, UNEXPLAINED, OPEN = AuditVerdict

TRAIN, TEST = sum(CANONICAL_TRAIN), sum(CANONICAL_TEST)


@dataclass(frozen=True)
class Finding:
    """A slip. audit: the row of the audit, such as A1.

    printed: what the deck shows. presented: what the slip gives here, by a sum or a run. corrected: what
    its mending gives, if a run shows that. paragraph: all of it for a newcomer.
    """

    id: str
    audit: str
    printed: str
    presented: str
    verdict: AuditVerdict
    paragraph: str
    corrected: str = ""


def lines(study: str, *metrics: str) -> list[Line]:
    """The deck's printed lines of a study, of these metrics."""
    return [line for line in published.logged() if line.study == study and line.metric in metrics]
