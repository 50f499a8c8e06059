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


def _judged(study: Study, base: Arm, judge: Callable[[Sequence[Verdict]], Outcome]) -> Answer:
    """What the verdicts of a study say, as against a base."""
    return _said(base.name, contrasts(study, base), judge)


def _said(one: str, found: Sequence[Contrast], judge: Callable[[Sequence[Verdict]], Outcome]) -> Answer:
    """What these verdicts say; of an arm without one nothing is known, so nothing holds of all."""
    others = [each for each in found if each.estimate is not None]
    missing = [each.arm for each in found if each.estimate is None]
    if all(each.reason is Reason.TOO_FEW_RUNS for each in others):
        return replace(_TOO_FEW, missing=missing)
    return Answer(judge([each.verdict for each in found]), one, others, missing=missing)


def _is_best(setting: str) -> Callable[[Study], Answer]:
    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        if any(each.better or each in _ALIKE for each in verdicts):
            return Outcome.CONTRADICTED
        return Outcome.SUPPORTED if all(each.worse for each in verdicts) else Outcome.UNDECIDED

    def judge(study: Study) -> Answer:
        chosen = next((arm for arm in study.arms if setting in (arm.setting, arm.name)), None)
        return _judged(study, chosen, outcome) if chosen else _TOO_FEW

    return judge


def _arm_beats_base(setting: str) -> Callable[[Study], Answer]:
    def judge(study: Study) -> Answer:
        named = {arm.name for arm in study.arms if setting in (arm.setting, arm.name)}
        return _better(next((each for each in contrasts(study) if each.arm in named), None), study.base.name)

    return judge


def _better(contrast: Contrast | None, other: str) -> Answer:
    """Whether the arm of a contrast is better than another."""
    if contrast is None or contrast.verdict is Verdict.NONE:
        return _TOO_FEW
    if contrast.verdict.better:
        return Answer(Outcome.SUPPORTED, other, [contrast])
    against = contrast.verdict.worse or contrast.verdict in _ALIKE
    return Answer(Outcome.CONTRADICTED if against else Outcome.UNDECIDED, other, [contrast])


def _nothing_differs(study: Study) -> Answer:
    """A difference that is shown to be smaller than the margin does not matter."""

    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        if any((each.better or each.worse) and not each.small for each in verdicts):
            return Outcome.CONTRADICTED
        return Outcome.SUPPORTED if all(each.small for each in verdicts) else Outcome.UNDECIDED

    return _judged(study, study.base, outcome)


def _others_fit_more(study: Study) -> Answer:
    """An arm over-fits more than the base if its gap between train and validation is shown to be larger."""

    def outcome(verdicts: Sequence[Verdict]) -> Outcome:
        # the larger gap has the verdict `better`
        if all(each.better for each in verdicts):
            return Outcome.SUPPORTED
        if any(each.better for each in verdicts):
            return Outcome.IN_PART
        shown = all(each.worse or each in _ALIKE for each in verdicts)
        return Outcome.CONTRADICTED if shown else Outcome.UNDECIDED

    return _said(study.base.name, gap_contrasts(study), outcome)


def _base_beats_the_plain_corner(study: Study) -> Answer:
    corner = study.arms[-1].name
    found = next((each for each in contrasts(study) if each.arm == corner), None)
    return _better(_turned(found, study.base.name) if found else None, corner)


def _turned(contrast: Contrast, arm: str) -> Contrast:
    """The same contrast, of the reference against its arm; `arm` names the reference."""
    code = contrast.verdict.name
    pair = ("BETTER", "WORSE") if contrast.verdict.better else ("WORSE", "BETTER")
    estimate, check = (
        each and replace(each, points=-each.points) for each in (contrast.estimate, contrast.check)
    )
    return replace(contrast, arm=arm, verdict=Verdict[code.replace(*pair)], estimate=estimate, check=check)


CLAIMS = (
    Claim("relu", "activation", "best", _is_best("relu")),
    Claim("tanh", "activation", "beats", _arm_beats_base("tanh")),
    Claim("adagrad", "optimizer", "best", _is_best("adagrad")),
    Claim("batch_size", "batch_size", "same", _nothing_differs),
    Claim("layers", "layers", "gap", _others_fit_more),
    Claim("final", "final", "beats", _base_beats_the_plain_corner),
)
