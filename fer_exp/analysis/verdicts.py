"""What may be said of a study's arms against its reference, as codes without words."""

from dataclasses import dataclass
from enum import Enum

from fer_exp.analysis.estimates import Estimate
from fer_exp.analysis.margins import SIGNIFICANCE, UNTESTED, Chances
from fer_exp.statistics import Difference

# Fewer runs than this have no verdict.
FEWEST = 3


class Verdict(Enum):
    """What holds of one arm against the reference, in the order in which it is asked."""

    BETTER_BEYOND = "better by more than the margin"
    WORSE_BEYOND = "worse by more than the margin"
    BETTER_WITHIN = "better by less than the margin"
    WORSE_WITHIN = "worse by less than the margin"
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent within the margin"
    UNDECIDED = "undecided"
    IDENTICAL = "identical runs"
    NONE = "no verdict"

    @property
    def better(self) -> bool:
        """Whether it says that the arm is better, by however much."""
        return self in (Verdict.BETTER_BEYOND, Verdict.BETTER_WITHIN, Verdict.BETTER)

    @property
    def worse(self) -> bool:
        """Whether it says that the arm is worse, by however much."""
        return self in (Verdict.WORSE_BEYOND, Verdict.WORSE_WITHIN, Verdict.WORSE)

    @property
    def small(self) -> bool:
        """Whether it says that the difference is smaller than the margin, be it 0 or not."""
        return self in (
            Verdict.BETTER_WITHIN,
            Verdict.WORSE_WITHIN,
            Verdict.EQUIVALENT,
            Verdict.IDENTICAL,
        )

    @property
    def standing(self) -> str:
        """How the arm stands to the reference: `better`, `worse`, `equivalent` or `undecided`."""
        if self.better or self.worse:
            return "better" if self.better else "worse"
        return "equivalent" if self.small else "undecided"


class Reason(Enum):
    """Why there is no verdict."""

    NO_SHARED_RUNS = "no run of the same index in both arms"
    TOO_FEW_RUNS = "fewer than three shared runs"
    NO_SPREAD = "the same difference in every run"


@dataclass(frozen=True)
class Contrast:
    """One arm against the reference of its study.

    estimate: what the verdict rests on; None without a shared run. check: the corrected interval beside it.
    tests, adjusted: p values before and after the adjustment for the family. same_as: an earlier arm of the
    same runs, of which this one repeats the outcome uncounted. preliminary: whether there are fewer than ten
    runs. detectable, needed: for an undecided one, the points that its runs detect, and the runs that would
    decide it (None: no number would). unpaired: runs of either arm that the other lacks.
    """

    arm: str
    verdict: Verdict
    reason: Reason | None
    estimate: Estimate | None
    check: Estimate | None
    tests: Chances = UNTESTED
    adjusted: Chances = UNTESTED
    preliminary: bool = False
    same_as: str | None = None
    detectable: float | None = None
    needed: int | None = None
    unpaired: tuple[int, ...] = ()

    @property
    def difference(self) -> Difference | None:
        """Of shares, with its p value before the adjustment; None without a shared run."""
        return None if self.estimate is None else self.estimate.as_shares(self.tests.difference)

    @property
    def corrected(self) -> Difference | None:
        """The same with the corrected interval, beside the one that the verdict rests on."""
        return None if self.check is None else self.check.as_shares()

    @property
    def measured(self) -> Estimate:
        """The estimate of a contrast that has one; raises ValueError for another."""
        if self.estimate is None:
            raise ValueError(f"{self.arm}: shares no run with the reference, and so has no estimate")
        return self.estimate


def verdict_of(points: float, adjusted: Chances, alpha: float = SIGNIFICANCE) -> Verdict:
    """The first verdict that the adjusted p values allow; a p value of exactly alpha allows none."""
    up = points > 0
    if adjusted.beyond < alpha:
        return Verdict.BETTER_BEYOND if up else Verdict.WORSE_BEYOND
    differs, small = adjusted.difference < alpha, adjusted.equivalence < alpha
    if differs and small:
        return Verdict.BETTER_WITHIN if up else Verdict.WORSE_WITHIN
    if differs:
        return Verdict.BETTER if up else Verdict.WORSE
    return Verdict.EQUIVALENT if small else Verdict.UNDECIDED
