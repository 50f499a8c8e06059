"""A finding of the audit: an error of the deck, what was found of it as typed values, and a verdict.

Its words are in `findings.yaml`, by its id; code knows numbers and codes alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.fer2013 import CANONICAL_TEST, CANONICAL_TRAIN
from fer_exp.formatting import Styled, Words
from fer_exp.tracking import Record, keys


class AuditVerdict(Enum):
    """Whether a finding explains the printed figure.

    LIKELY: a hypothesis that fits and that nothing has shown. OPEN: no explanation, or runs are missing.
    """

    EXPLAINED = "explained"
    IN_PART = "in_part"
    LIKELY = "likely"
    UNEXPLAINED = "not_explained"
    OPEN = "open"


EXPLAINED, IN_PART, LIKELY, UNEXPLAINED, OPEN = AuditVerdict

TRAIN, TEST = sum(CANONICAL_TRAIN), sum(CANONICAL_TEST)

# One run an arm, by the arm's name in `conf/audit`.
Runs = Mapping[str, Record]

# A verdict, and the values in the words of a finding.
Judgement = tuple[AuditVerdict, dict[str, Any]]


class MissingError(Exception):
    """Names the arm or the figure that a check lacks, with the command that brings it."""


@cache
def _words() -> Words:
    texts = yaml.safe_load(Path(__file__).with_name("findings.yaml").read_text(encoding="utf-8"))
    return Words({f"{id}.{name}": text for id, of in texts.items() for name, text in of.items()})


@dataclass(frozen=True)
class Finding:
    """An error of the deck as found. values: those in its words. missing: what to run before it is judged."""

    id: str
    verdict: AuditVerdict
    values: Mapping[str, Any]
    missing: str = ""

    @property
    def audit(self) -> str:
        """The row of the audit, such as A1."""
        return str(_words().templates[f"{self.id}.audit"])

    @property
    def printed(self) -> str:
        """What the deck shows."""
        return self._text("printed")

    @property
    def presented(self) -> str:
        """What the error gives here, by arithmetic or a run."""
        return self.missing or self._text("presented")

    @property
    def corrected(self) -> str:
        """What its correction gives, if a run shows that."""
        known = f"{self.id}.corrected" in _words().templates and not self.missing
        return self._text("corrected") if known else ""

    @property
    def paragraph(self) -> str:
        """All of it for a newcomer."""
        return self._text("paragraph")

    def _text(self, name: str) -> str:
        return _words()(f"{self.id}.{name}", **self.values)


@dataclass(frozen=True)
class Check:
    """How runs judge an error of the deck. deck: the values of the deck's own in its words.

    A missing arm or test set that was not evaluated ends the judging with `MissingError`.
    """

    id: str
    judge: Callable[[Runs], Judgement]
    deck: Mapping[str, Any] = field(default_factory=dict)

    def finding(self, runs: Runs) -> Finding:
        """What these runs say; what they lack, if they cannot say it."""
        try:
            verdict, values = self.judge(runs)
        except MissingError as missing:
            return Finding(self.id, OPEN, self.deck, str(missing))
        return Finding(self.id, verdict, {**self.deck, **values})


def figure(runs: Runs, arm: str, metric: str) -> float:
    """A figure of an arm's run; raises MissingError."""
    if arm not in runs:
        raise MissingError(f"not run: python train.py study=audit audit={arm}")
    if metric not in runs[arm].metrics:
        if metric == keys.FIRST_TRAIN_LOSS:
            raise MissingError(f"run by older code: python train.py study=audit audit={arm} rerun=all")
        raise MissingError("test not evaluated: python evaluate.py study=audit mismatches=true")
    return float(runs[arm].metrics[metric])


def lines(study: str, *metrics: str) -> list[Line]:
    """The deck's printed lines of a study, of these metrics."""
    return [line for line in published.logged() if line.study == study and line.metric in metrics]


def printed(study: str, settings: Sequence[str], metric: str) -> list[float]:
    """The deck's figures of some settings of a study."""
    return [published.value(study, setting, metric) for setting in settings]


def shares(values: Sequence[float]) -> list[Styled]:
    """Shares to be printed in percent to one place, as the deck does."""
    return [Styled(value, "one") for value in values]
