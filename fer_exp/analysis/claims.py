"""The deck's conclusions held against the runs: what of them the data supports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from fer_exp.analysis.closing import TUNED
from fer_exp.analysis.contrasts import contrasts, gap_contrasts
from fer_exp.analysis.verdicts import Contrast, Reason, Verdict
from fer_exp.tracking.studies import Arm, Study

# The studies of which a search has found each arm its rates.
SEARCHED = ("activation", "optimizer")


class Outcome(Enum):
    """What the runs say of a conclusion, by the codes of the verdicts alone.

    CONTRADICTED: where the opposite is shown, or that the arms are equivalent. TOO_FEW_RUNS: no arm has
    enough for a verdict.
    """

    SUPPORTED = "supported"
    IN_PART = "in_part"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"
    TOO_FEW_RUNS = "too_few_runs"
    NOT_RUN = "not_run"
    NOT_SEARCHED = "not_searched"


@dataclass(frozen=True)
class Answer:
    """What a study says of a conclusion. study: its name. seeds: the fewest and the most that an arm has.

    one, others: the arm that the conclusion is about and its contrasts to others, or of the others to it.
    missing: the arms that the conclusion is about, too, and that share no run with the one.
    """

    outcome: Outcome
    one: str = ""
    others: Sequence[Contrast] = ()
    study: str = ""
    missing: Sequence[str] = ()
    seeds: tuple[int, int] = (0, 0)

    @property
    def preliminary(self) -> bool:
        """Whether a verdict that it rests on has fewer than ten runs."""
        return any(each.preliminary for each in self.others)


# Equivalent within the margin, or the very same runs: neither arm is the better one.
_ALIKE = (Verdict.EQUIVALENT, Verdict.IDENTICAL)


@dataclass(frozen=True)
class Claim:
    """A conclusion of the deck, and the study that answers it.

    id: names its words in a catalogue. check: names the question, `best`, `beats`, `same` or `gap`. base: the
    arm, by its name or setting, that others are held against, whichever is the study's reference. rival: the
    other, of a conclusion about two. turned: whether the base is to be the better of these.
    """

    id: str
    study: str
    check: str
    base: str
    rival: str = ""
    turned: bool = False

    def judge(self, study: Study) -> Answer:
        """What a study says; of an arm without a verdict nothing is known, so nothing holds of all."""
        base, rival = _arm(study, self.base), _arm(study, self.rival) if self.rival else None
        if base is None or (self.rival and rival is None):
            return Answer(Outcome.TOO_FEW_RUNS, missing=[self.rival if base else self.base])
        found = gap_contrasts(study, base) if self.check == "gap" else contrasts(study, base)
        if rival:
            found = [each for each in found if each.arm == rival.name]
        if self.turned:
            found = [_turned(each, base.name) for each in found]
        others = [each for each in found if each.estimate is not None]
        missing = [each.arm for each in found if each.estimate is None]
        if all(each.reason is Reason.TOO_FEW_RUNS for each in others):
            return Answer(Outcome.TOO_FEW_RUNS, missing=missing)
        outcome = _OUTCOMES[self.check]([each.verdict for each in found])
        return Answer(outcome, self.rival if self.turned else base.name, others, missing=missing)

    def decisive(self, found: Answer) -> Contrast | None:
        """The contrast that speaks most against the conclusion; None where there is none."""
        return max(found.others, key=lambda each: _AGAINST[self.check](_points(each)), default=None)


# How much a difference in points, of an arm to the one that a conclusion is about, speaks against it.
_AGAINST: Mapping[str, Callable[[float], float]] = {
    "best": lambda points: points,
    "beats": lambda points: -points,
    "same": abs,
    "gap": lambda points: -points,
}


def _points(contrast: Contrast) -> float:
    return contrast.estimate.points if contrast.estimate else 0.0


def answers(studies: Sequence[Study], claim: Claim) -> tuple[Answer, Answer]:
    """What the data says of a conclusion, and again where each arm was tuned."""
    by_name = {study.name: study for study in studies}
    tuned = TUNED.format(claim.study)
    if claim.study not in SEARCHED:
        return _answer(claim, claim.study, by_name), Answer(Outcome.NOT_SEARCHED, study=tuned)
    return _answer(claim, claim.study, by_name), _answer(claim, tuned, by_name)


def any_tuned(studies: Sequence[Study]) -> bool:
    """Whether a study with tuned arms is among these."""
    return bool({study.name for study in studies} & {TUNED.format(claim.study) for claim in CLAIMS})


def _answer(claim: Claim, name: str, by_name: Mapping[str, Study]) -> Answer:
    if name not in by_name:
        return Answer(Outcome.NOT_RUN, study=name)
    study = by_name[name]
    counts = sorted(len(arm.runs) for arm in study.arms if arm.runs) or [0]
    return replace(claim.judge(study), study=name, seeds=(counts[0], counts[-1]))


def _arm(study: Study, name: str) -> Arm | None:
    return next((arm for arm in study.arms if name in (arm.setting, arm.name)), None)


def _turned(contrast: Contrast, arm: str) -> Contrast:
    """The same contrast, of the reference against its arm; `arm` names the reference."""
    code = contrast.verdict.name
    pair = ("BETTER", "WORSE") if contrast.verdict.better else ("WORSE", "BETTER")
    estimate, check = (
        each and replace(each, points=-each.points) for each in (contrast.estimate, contrast.check)
    )
    return replace(contrast, arm=arm, verdict=Verdict[code.replace(*pair)], estimate=estimate, check=check)


def _best(verdicts: Sequence[Verdict]) -> Outcome:
    if any(each.better or each in _ALIKE for each in verdicts):
        return Outcome.CONTRADICTED
    return Outcome.SUPPORTED if all(each.worse for each in verdicts) else Outcome.UNDECIDED


def _beats(verdicts: Sequence[Verdict]) -> Outcome:
    if all(each.better for each in verdicts):
        return Outcome.SUPPORTED
    against = all(each.worse or each in _ALIKE for each in verdicts)
    return Outcome.CONTRADICTED if against else Outcome.UNDECIDED


def _same(verdicts: Sequence[Verdict]) -> Outcome:
    """A difference that is shown to be smaller than the margin does not matter."""
    if any((each.better or each.worse) and not each.small for each in verdicts):
        return Outcome.CONTRADICTED
    return Outcome.SUPPORTED if all(each.small for each in verdicts) else Outcome.UNDECIDED


def _gap(verdicts: Sequence[Verdict]) -> Outcome:
    """An arm over-fits more if its gap is shown to be larger, which has the verdict `better`."""
    some = any(each.better for each in verdicts) and not all(each.better for each in verdicts)
    return Outcome.IN_PART if some else _beats(verdicts)


_OUTCOMES = {"best": _best, "beats": _beats, "same": _same, "gap": _gap}

CLAIMS = (
    Claim("relu", "activation", "best", "relu"),
    Claim("tanh", "activation", "beats", "relu", "tanh"),
    Claim("adagrad", "optimizer", "best", "adagrad"),
    Claim("batch_size", "batch_size", "same", "32"),
    Claim("layers", "layers", "gap", "128-32"),
    Claim("final", "final", "beats", "adagrad · 512-256", "adam · 128-32", turned=True),
)
