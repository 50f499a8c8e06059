"""A study judged: each arm against the reference, with an estimate, two intervals and a verdict.

The rule and its proof by simulation stand in docs/inference.md.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from fer_exp.analysis import planning
from fer_exp.analysis.estimates import FIVE_FOLDS, Arm, Judged, corrected, differences, shared_runs, two_way
from fer_exp.analysis.margins import Chances, adjusted_jointly, margin_tests
from fer_exp.analysis.verdicts import FEWEST, Contrast, Reason, Verdict, verdict_of

# Points of accuracy; about what the 7,178 faces of test can tell.
MARGIN = 1.0


def judge(
    reference: Arm,
    arms: Sequence[Arm],
    groups: np.ndarray | None = None,
    margin: float = MARGIN,
    test_share: float = FIVE_FOLDS,
) -> list[Contrast]:
    """All arms of a study against its reference, one family of contrasts in the order given.

    arms: the family, fixed before a run, in the order of the study's file, without the reference. groups:
    int [N], the group of the face at each position; None if the answers are not to be used. margin: in
    points, above 0. test_share: faces judged for each face fitted. Raises ValueError for a pair of runs that
    judged different faces.
    """
    equals = _earlier_equals([reference, *arms])
    plain = [_estimated(arm, reference, groups, test_share, equals.get(arm.name)) for arm in arms]
    counted = [each for each in plain if each.verdict is Verdict.UNDECIDED and each.same_as is None]
    raw = [margin_tests(each.measured, margin) for each in counted]
    adjusted = adjusted_jointly(raw)
    tests = {each.arm: pair for each, *pair in zip(counted, raw, adjusted, strict=True)}
    return [_concluded(each, tests.get(each.same_as or each.arm, ()), len(counted), margin) for each in plain]


def _estimated(
    arm: Arm, reference: Arm, groups: np.ndarray | None, test_share: float, equal: str | None
) -> Contrast:
    """A contrast with its estimates, undecided as long as nothing is tested, or without a verdict.

    equal: an earlier arm of the same runs, or the reference.
    """
    shared = shared_runs(arm, reference)
    unpaired = tuple(sorted((arm.runs.keys() | reference.runs.keys()) - set(shared)))
    estimate = check = reason = None
    verdict = Verdict.UNDECIDED
    if shared:
        check = corrected(differences(arm, reference), test_share)
        answered = all(isinstance(each.runs[run], Judged) for each in (arm, reference) for run in shared)
        estimate = two_way(arm, reference, groups) if groups is not None and answered else check
    if len(shared) < FEWEST:
        verdict, reason = Verdict.NONE, Reason.TOO_FEW_RUNS if shared else Reason.NO_SHARED_RUNS
    elif equal == reference.name:
        verdict, equal = Verdict.IDENTICAL, None
    elif estimate is not None and not estimate.spread:
        verdict, reason = Verdict.NONE, Reason.NO_SPREAD
    preliminary = verdict is not Verdict.NONE and len(shared) < planning.LEAST
    return Contrast(
        arm.name, verdict, reason, estimate, check, preliminary=preliminary, same_as=equal, unpaired=unpaired
    )


def _concluded(plain: Contrast, tests: Sequence[Chances], family: int, margin: float) -> Contrast:
    """A contrast with its tests and the verdict that they allow; as it is, if it was not tested.

    tests: before and after the adjustment for a family of so many.
    """
    if not tests or plain.verdict is not Verdict.UNDECIDED:
        return plain
    raw, adjusted = tests
    verdict = verdict_of(plain.measured.points, adjusted)
    found = replace(plain, tests=raw, adjusted=adjusted, verdict=verdict)
    if verdict is not Verdict.UNDECIDED:
        return found
    detectable = planning.detectable(plain.measured, family)
    needed = planning.runs_needed(plain.measured, margin, family)
    return replace(found, detectable=detectable, needed=needed)


def _earlier_equals(arms: Sequence[Arm]) -> dict[str, str]:
    """Of each arm whose runs are to the last digit those of an earlier one, the first such arm.

    One or two scores can be equal by chance.
    """
    first: dict[Hashable, str] = {}
    equals = {}
    for arm in arms:
        if len(arm.runs) < FEWEST and not all(isinstance(run, Judged) for run in arm.runs.values()):
            continue
        key = tuple((run, *_content(arm.runs[run])) for run in arm.scores())
        earlier = first.setdefault(key, arm.name)
        if earlier != arm.name:
            equals[arm.name] = earlier
    return equals


def _content(run: Judged | float) -> tuple[Hashable, ...]:
    """What makes a run equal to another."""
    if not isinstance(run, Judged):
        return (float(run),)
    order = np.argsort(run.faces, kind="stable")
    return run.faces[order].tobytes(), np.packbits(run.right[order]).tobytes()
