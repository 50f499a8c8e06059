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

    CONTRADICTED: where the opposite is shown, or that the arms are equivalent. TOO_FEW_RUNS: no arm has a
    verdict.
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


_TOO_FEW = Answer(Outcome.TOO_FEW_RUNS)

# Equivalent within the margin, or the very same runs: neither arm is the better one.
_ALIKE = (Verdict.EQUIVALENT, Verdict.IDENTICAL)


@dataclass(frozen=True)
class Claim:
    """A conclusion of the deck, the study that answers it, and how to read that study.

    id: names its words in a catalogue. check: names the question, `best`, `beats`, `same` or `gap`.
    """

    id: str
    study: str
    check: str
    judge: Callable[[Study], Answer]

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


def _said(one: str, found: Sequence[Contrast], judge: Callable[[Sequence[Verdict]], Outcome]) -> Answer:
    """What these verdicts say; of an arm without one nothing is known, so nothing holds of all."""
    others = [each for each in found if each.estimate is not None]
    missing = [each.arm for each in found if each.estimate is None]
    if all(each.reason is Reason.TOO_FEW_RUNS for each in others):
        return replace(_TOO_FEW, missing=missing)
    return Answer(judge([each.verdict for each in found]), one, others, missing=missing)


def _held_against(name: str, judge: Callable[[Study, Arm], Answer]) -> Callable[[Study], Answer]:
    """Judge a study against the arm of this name or setting, whichever is its reference."""

    def of_study(study: Study) -> Answer:
        one = _arm(study, name)
        return judge(study, one) if one else replace(_TOO_FEW, missing=[name])

    return of_study


def _arm(study: Study, name: str) -> Arm | None:
    return next((arm for arm in study.arms if name in (arm.setting, arm.name)), None)


def _contrast(study: Study, one: Arm, name: str) -> Contrast | None:
    """Of the arm of this name or setting against the one; None without such an arm."""
    other = _arm(study, name)
    return next((each for each in contrasts(study, one) if other and each.arm == other.name), None)


def _best(study: Study, one: Arm) -> Answer:
    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        if any(each.better or each in _ALIKE for each in verdicts):
            return Outcome.CONTRADICTED
        return Outcome.SUPPORTED if all(each.worse for each in verdicts) else Outcome.UNDECIDED

    return _said(one.name, contrasts(study, one), outcome)


def _beaten_by(name: str) -> Callable[[Study, Arm], Answer]:
    def judge(study: Study, one: Arm) -> Answer:
        return _better(_contrast(study, one, name), one.name)

    return judge


def _better(contrast: Contrast | None, other: str) -> Answer:
    """Whether the arm of a contrast is better than another."""
    if contrast is None or contrast.verdict is Verdict.NONE:
        return _TOO_FEW
    if contrast.verdict.better:
        return Answer(Outcome.SUPPORTED, other, [contrast])
    against = contrast.verdict.worse or contrast.verdict in _ALIKE
    return Answer(Outcome.CONTRADICTED if against else Outcome.UNDECIDED, other, [contrast])


def _nothing_differs(study: Study, one: Arm) -> Answer:
    """A difference that is shown to be smaller than the margin does not matter."""

    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        if any((each.better or each.worse) and not each.small for each in verdicts):
            return Outcome.CONTRADICTED
        return Outcome.SUPPORTED if all(each.small for each in verdicts) else Outcome.UNDECIDED

    return _said(one.name, contrasts(study, one), outcome)


def _others_fit_more(study: Study, one: Arm) -> Answer:
    """An arm over-fits more if its gap between train and validation is shown to be larger."""

    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        # the larger gap has the verdict `better`
        if all(each.better for each in verdicts):
            return Outcome.SUPPORTED
        if any(each.better for each in verdicts):
            return Outcome.IN_PART
        shown = all(each.worse or each in _ALIKE for each in verdicts)
        return Outcome.CONTRADICTED if shown else Outcome.UNDECIDED

    return _said(one.name, gap_contrasts(study, one), outcome)


def _beats(name: str) -> Callable[[Study, Arm], Answer]:
    """The same differences as against the one, turned."""

    def judge(study: Study, one: Arm) -> Answer:
        found = _contrast(study, one, name)
        return _better(_turned(found, one.name) if found else None, name)

    return judge


def _turned(contrast: Contrast, arm: str) -> Contrast:
    """The same contrast, of the reference against its arm; `arm` names the reference."""
    code = contrast.verdict.name
    pair = ("BETTER", "WORSE") if contrast.verdict.better else ("WORSE", "BETTER")
    estimate, check = (
        each and replace(each, points=-each.points) for each in (contrast.estimate, contrast.check)
    )
    return replace(contrast, arm=arm, verdict=Verdict[code.replace(*pair)], estimate=estimate, check=check)


CLAIMS = (
    Claim("relu", "activation", "best", _held_against("relu", _best)),
    Claim("tanh", "activation", "beats", _held_against("relu", _beaten_by("tanh"))),
    Claim("adagrad", "optimizer", "best", _held_against("adagrad", _best)),
    Claim("batch_size", "batch_size", "same", _held_against("32", _nothing_differs)),
    Claim("layers", "layers", "gap", _held_against("128-32", _others_fit_more)),
    Claim("final", "final", "beats", _held_against("adagrad · 512-256", _beats("adam · 128-32"))),
)
