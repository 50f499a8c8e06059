"""The mean paired difference of two arms, in points of accuracy, and how far it may be off.

Runs and faces are crossed: one run judges thousands of faces, and each face is judged once a repeat.
Two errors stand beside each other: `two_way`, over runs and groups of faces, for what these training faces
teach; and `corrected`, over runs alone, wide enough for a fresh training set too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy import stats

from fer_exp.statistics import CONFIDENCE, Difference

POINTS = 100.0

# Faces judged by each of five folds, for each face fitted.
FIVE_FOLDS = 1 / 4

# A spread below this many points is rounding: variances of equal shares differ in their last digits, about
# 1e-16, of which an error is the root. One face of 28,709, right in one of 40 runs, moves a mean by 1e-4.
_ROUNDING = 1e-6


class Method(Enum):
    """How an error was found; a score alone allows no more than the corrected one."""

    TWO_WAY = "two-way, over runs and groups of faces"
    CORRECTED = "corrected, over runs alone"


@dataclass(frozen=True, eq=False)
class Judged:
    """What one run answered of faces that it did not fit.

    faces: int [n], positions in the set, each once. right: bool [n], in the same order.
    """

    faces: np.ndarray
    right: np.ndarray

    @property
    def score(self) -> float:
        """The share that is right, 0 to 1; NaN of no faces."""
        return float(self.right.mean()) if len(self.right) else float("nan")


@dataclass(frozen=True, eq=False)
class Arm:
    """One treatment of a study and its runs.

    runs: by index r, fold r mod 5 of repeat r div 5; each the answers of that run, or where they are not kept
    its accuracy alone, 0 to 1. A run whose accuracy is NaN is one that lacks it.
    """

    name: str
    runs: Mapping[int, Judged | float]

    def scores(self) -> dict[int, float]:
        """The accuracy of each run that has one, 0 to 1, in the order of the indices."""
        found = {run: score_of(self.runs[run]) for run in sorted(self.runs)}
        return {run: score for run, score in found.items() if not np.isnan(score)}


@dataclass(frozen=True)
class Estimate:
    """A mean paired difference, all in points of accuracy.

    error: its standard error. freedom: degrees of freedom of Student's t that it is held against. floor: what
    would be left of the error after any number of runs. faces: how many different ones were judged, 0 where
    there are scores alone.
    """

    points: float
    error: float
    freedom: float
    floor: float
    runs: int
    faces: int
    method: Method

    @property
    def spread(self) -> bool:
        """Whether the error is more than rounding, so that a test can be made of it."""
        return bool(self.error > _ROUNDING)

    def half_width(self) -> float:
        """Half of the 95 % interval's width; NaN where one run allows none."""
        if np.isnan(self.error):
            return float("nan")
        return float(stats.t.ppf((1 + CONFIDENCE) / 2, self.freedom) * self.error)

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference."""
        half = self.half_width()
        return self.points - half, self.points + half

    def as_shares(self, p: float = float("nan")) -> Difference:
        """As a difference of shares, with its interval and this p value."""
        low, high = self.interval()
        return Difference(self.points / POINTS, low / POINTS, high / POINTS, p)


def score_of(run: Judged | float) -> float:
    """The accuracy of a run, 0 to 1, whether or not its answers are kept."""
    return run.score if isinstance(run, Judged) else float(run)


def shared_runs(arm: Arm, reference: Arm) -> list[int]:
    """The indices of the runs that both have a score of, rising: pairs go by index, never by position."""
    return sorted(arm.scores().keys() & reference.scores().keys())


def differences(arm: Arm, reference: Arm) -> np.ndarray:
    """The paired differences in points, float64 [shared runs], in the order of `shared_runs`."""
    ours, theirs = arm.scores(), reference.scores()
    return POINTS * np.array([ours[run] - theirs[run] for run in shared_runs(arm, reference)])


def corrected(values: Sequence[float] | np.ndarray, test_share: float = FIVE_FOLDS) -> Estimate:
    """Mean of paired differences [R] with the corrected error of repeated cross-validation.

    values: in points. test_share: faces judged for each face fitted; it stands for the correlation of runs
    whose training faces overlap, and is no less after more runs.
    Sources: Nadeau and Bengio 2003; Bouckaert and Frank 2004.
    """
    points = np.asarray(values, dtype=float)
    runs = len(points)
    sd = float(points.std(ddof=1)) if runs > 1 else float("nan")
    error = sd * np.sqrt(1 / runs + test_share) if runs else float("nan")
    mean = float(points.mean()) if runs else float("nan")
    floor = sd * float(np.sqrt(test_share))
    return Estimate(mean, float(error), runs - 1, floor, runs, 0, Method.CORRECTED)


def two_way(arm: Arm, reference: Arm, groups: np.ndarray) -> Estimate:
    """Mean over judged faces of the paired difference, with its error over runs and groups of faces.

    groups: int [N], at least 0, the group of the face at each position; a group is drawn as one. Both arms
    must hold the answers of every shared run. Raises ValueError if a pair of runs judged different faces.

    The variance is what a bootstrap gives that draws runs, plus what one gives that draws groups, less what
    one gives that draws each group in each run alone, all three by their formulas instead of by draws.
    Drawing both ways at once (Owen 2007) counts the last part three times, and here it is the largest.
    Of one repeat, where no group is judged twice, the paired t test over runs is what is left.
    Sources: Owen 2007, The pigeonhole bootstrap; Cameron, Gelbach and Miller 2011, Robust inference with
    multiway clustering.
    """
    runs = shared_runs(arm, reference)
    pairs = [_pair(run, _answers(arm, run), _answers(reference, run)) for run in runs]
    judged = np.zeros(len(groups), dtype=bool)
    for faces, _ in pairs:
        judged[faces] = True
    parts = variances([values for _, values in pairs], [groups[faces] for faces, _ in pairs])
    return _estimate(parts, len(runs), int(judged.sum()))


@dataclass(frozen=True)
class Parts:
    """A mean of all values, and its variances if only these units were drawn anew, in squares of its unit.

    cells: a group in a run. overlap: the share of `cells` in `groups` if groups had no effect of their own,
    which is 1 / repeats where all are judged equally often. drawn: how many groups there are.
    """

    mean: float
    runs: float
    groups: float
    cells: float
    overlap: float


def variances(values: Sequence[np.ndarray], groups: Sequence[np.ndarray]) -> Parts:
    """The mean of all values and the parts of its variance.

    values: of each run, numbers [n]. groups: of each run, the group of each of them, int [n] from 0.
    """
    total = sum(len(each) for each in values)
    mean = float(sum(each.sum() for each in values) / total)
    size = max(int(each.max()) for each in groups if len(each)) + 1
    by_run, by_group, by_cell, cells, overlap = [], np.zeros(size), 0.0, 0, 0.0
    counted = np.zeros(size)
    for ours, group in zip(values, groups, strict=True):
        off = ours - mean
        # one run at a time: a table of all cells would be 20 times as large and leave the caches
        sums, counts = np.bincount(group, weights=off, minlength=size), np.bincount(group, minlength=size)
        by_run.append(off.sum())
        by_group += sums
        counted += counts
        by_cell += _squares(sums)
        overlap += _squares(counts)
        cells += int(np.count_nonzero(counts))
    drawn = int(np.count_nonzero(counted))
    return Parts(
        mean,
        runs=_unbiased(_squares(by_run), len(values)) / total**2,
        groups=_unbiased(_squares(by_group), drawn) / total**2,
        cells=_unbiased(by_cell, cells) / total**2,
        overlap=overlap / _squares(counted),
    )


def _squares(values: Sequence[float] | np.ndarray) -> float:
    # not `values @ values`: BLAS would wake all its threads for it, and be slower where others compute
    return float(np.square(values).sum())


def _unbiased(squares: float, units: int) -> float:
    """A sum of squares about the mean of the same units, for which n - 1 stand; NaN of one unit."""
    return squares * units / (units - 1) if units > 1 else float("nan")


def _estimate(parts: Parts, runs: int, faces: int) -> Estimate:
    """Put the parts together."""
    # what repeats share; it is negative by luck alone
    among_groups = max(parts.groups - parts.cells, 0.0)
    total = parts.runs + among_groups
    # not Satterthwaite's number: it is largest just where the runs' part is too small by luck
    freedom = runs - 1
    lasting = among_groups / (1 - parts.overlap) if parts.overlap < 1 else 0.0
    error, floor = (POINTS * float(np.sqrt(variance)) for variance in (total, lasting))
    return Estimate(POINTS * parts.mean, error, freedom, min(floor, error), runs, faces, Method.TWO_WAY)


def _answers(arm: Arm, run: int) -> Judged:
    judged = arm.runs[run]
    if not isinstance(judged, Judged):
        raise ValueError(f"run {run} of {arm.name}: its answers are not kept")
    return judged


def _pair(run: int, ours: Judged, theirs: Judged) -> tuple[np.ndarray, np.ndarray]:
    """The faces that a pair of runs judged, and the difference of each: -1, 0 or 1."""
    if not np.array_equal(ours.faces, theirs.faces):
        ours, theirs = _in_order(ours), _in_order(theirs)
        if not np.array_equal(ours.faces, theirs.faces):
            raise ValueError(f"run {run}: the two arms judged different faces, so they are no pair")
    return ours.faces, ours.right.astype(np.int8) - theirs.right.astype(np.int8)


def _in_order(judged: Judged) -> Judged:
    order = np.argsort(judged.faces, kind="stable")
    return Judged(judged.faces[order], judged.right[order])
