"""Which shares n faces can give: a count right, or an unweighted mean of the accuracies of batches.

Batches of b whose last holds r give (K / b + j / r) / m, with K right in the m - 1 full batches and j in
the last; one batch of n gives the counts k / n. All are whole multiples of one step, so whether a figure
can arise is arithmetic on whole numbers. What is left out: a figure cut off instead of rounded.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from fer_exp.audit.grim.printed_value import Printed

# Up to so many decimals every figure there is gets tried; beyond, lengths of intervals are as good.
TRIED_DECIMALS = 6


@dataclass(frozen=True)
class Attainable:
    """The shares of `batches` batches: all of `batch` faces but the last, which holds `last`."""

    batch: int
    batches: int
    last: int

    @property
    def faces(self) -> int:
        """Number of faces."""
        return self.batch * (self.batches - 1) + self.last

    @property
    def steps(self) -> int:
        """Every attainable share is t / steps with a whole t."""
        return math.lcm(self.batch, self.last) * self.batches

    @property
    def roundings(self) -> int:
        """How many rounded operations it takes to compute such a share with floats.

        A batch size that is a power of two makes the sum over full batches exact: what is left is the
        last batch's share, its addition and the division. Otherwise every batch rounds its addition.
        """
        if self.batches == 1:
            return 1
        return 3 if self.batch & (self.batch - 1) == 0 else self.batches + 2

    @property
    def _per_face(self) -> tuple[int, int]:
        """Steps that one more face right adds, in a full batch and in the last; they share no divisor."""
        whole = self.steps // self.batches
        return whole // self.batch, whole // self.last

    def ways(self, t: int) -> list[tuple[int, int]]:
        """All (right in the full batches, right in the last) that give t / steps, most of the first first."""
        full, last = self._per_face
        least = max(0, -((full * self.batch * (self.batches - 1) - t) // last))
        remainder = t * pow(last, -1, full) % full
        first = least + (remainder - least) % full
        return [
            ((t - right * last) // full, right) for right in range(first, min(self.last, t // last) + 1, full)
        ]

    @cached_property
    def start(self) -> np.ndarray:
        """Whether t / steps can arise, bool, for the first t; and for steps - t, by symmetry.

        From there to its mirror image every t can: gaps of sums of two coprime numbers end below
        their product.
        """
        if self.batches == 1:
            return np.ones(0, dtype=bool)
        full, last = self._per_face
        found = np.zeros(full * last, dtype=bool)
        for right in range(full):
            found[right * last :: full] = True
        return found

    @cached_property
    def _found_below(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.start)])

    def number(self, low: np.ndarray | int, high: np.ndarray | int) -> Any:
        """How many attainable t lie in low..high, int64, both included and within -1..steps + 1."""
        return self._up_to(np.asarray(high)) - self._up_to(np.asarray(low) - 1)

    def _up_to(self, t: np.ndarray) -> Any:
        size, found = len(self.start), self._found_below
        middle = np.clip(t + 1 - size, 0, self.steps + 1 - 2 * size)
        mirrored = found[-1] - found[np.clip(self.steps - t, 0, size)]
        return found[np.clip(t + 1, 0, size)] + middle + mirrored


@cache
def counts(faces: int) -> Attainable:
    """The shares k / faces."""
    return Attainable(faces, 1, faces)


@cache
def batch_means(faces: int, batch: int) -> Attainable:
    """The unweighted means of the accuracies of batches, of which the last may be short."""
    batches = -(-faces // batch)
    return counts(faces) if batches == 1 else Attainable(batch, batches, faces - batch * (batches - 1))


@dataclass(frozen=True)
class Fit:
    """number: attainable shares that print as the figure. ways: those of the nearest, as (full, last).

    chance: the share of all figures of as many decimals, from 0 to 1, that would fit as well.
    """

    number: int
    ways: list[tuple[int, int]]
    chance: float


def fit(figure: Printed, shares: Attainable) -> Fit:
    """Whether a printed figure can be one of these shares."""
    tolerance = figure.tolerance(shares.roundings)
    low = max(0, math.ceil((figure.value - tolerance) * shares.steps))
    high = min(shares.steps, math.floor((figure.value + tolerance) * shares.steps))
    number = int(shares.number(low, high)) if low <= high else 0
    ways = _nearest(shares, figure.value * shares.steps, low, high) if number else []
    return Fit(number, ways, chance(shares, figure.decimals, tolerance))


def _nearest(shares: Attainable, target: Fraction, low: int, high: int) -> list[tuple[int, int]]:
    middle = round(target)
    for distance in range(high - low + 2):
        for t in sorted({middle - distance, middle + distance}, key=lambda t: abs(t - target)):
            if low <= t <= high and (ways := shares.ways(t)):
                return ways
    return []


def chance(shares: Attainable, decimals: int, tolerance: Fraction) -> float:
    """The share of all figures 0 to 1 of so many decimals that lie within tolerance of these shares."""
    steps, start = shares.steps, shares.start
    if decimals <= TRIED_DECIMALS:
        # whole numbers throughout, as ties at half a unit are common; no rounding of floats reaches here
        units = 10**decimals
        twice = 2 * np.arange(units + 1, dtype=np.int64)
        low = np.maximum(-((1 - twice) * steps // (2 * units)), 0)
        high = np.minimum((twice + 1) * steps // (2 * units), steps)
        return float(np.mean(shares.number(low, high) > 0))
    width = 2 * float(tolerance)
    gaps = np.diff(np.append(np.flatnonzero(start), len(start))) / steps
    middle = (steps - 2 * len(start)) * min(1 / steps, width)
    return float(2 * np.minimum(gaps, width).sum() + middle)
