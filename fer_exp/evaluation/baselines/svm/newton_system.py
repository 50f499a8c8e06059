"""The weighted system that an interior-point step solves, by the features and by the rows.

The exact matrix is never formed: its approximate inverse preconditions conjugate gradients on the exact
system in float64, so that only the number of their steps depends on it.

The matrix is I + X' Theta X with the bias eliminated, which centres the rows: M = I + X' Theta X - g g' /
sum(theta), g = X' theta.
"""

from collections.abc import Callable

import numpy as np

from fer_exp.evaluation.baselines.svm.inverses import FeatureInverse, KernelInverse
from fer_exp.evaluation.baselines.svm.pair import Kernel, Pair

# Usual are 1 to 5; more than this only where rounding keeps the residual up.
CG_STEPS = 40


def conjugate_gradients(
    times: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    inverse: Callable[[np.ndarray], np.ndarray],
    rhs: np.ndarray,
    residual: float,
    rows: int,
) -> tuple[np.ndarray, np.ndarray]:
    """x with A x = rhs to a relative `residual` in the norm of A, and the scores of so many rows at x.

    times: A times a vector, and the scores there. inverse: about that of A. No eigenvalue of A is below 1.
    """
    x, scores = np.zeros(len(rhs)), np.zeros(rows)
    rest, p, before, first = rhs.copy(), None, 0.0, None
    for _ in range(CG_STEPS):
        z = inverse(rest)
        now = rest @ z
        first = now if first is None else first
        if now <= residual**2 * first or not now > 0:
            break
        p = z if p is None else z + (now / before) * p
        ap, scores_p = times(p)
        length = now / (p @ ap)
        x += length * p
        scores += length * scores_p
        rest -= length * ap
        # no eigenvalue is below 1, so that what is left is smaller still in the norm of the system
        if rest @ rest <= residual**2 * first:
            break
        before = now
    return x, scores


class FeatureSystem:
    """M over the features: unknown are the weights of a separator, [d]."""

    def __init__(self, pair: Pair, theta: np.ndarray, flat: bool = False):
        """The system of rows of these weights, [n]; flat: all of one."""
        self.pair, self.theta = pair, theta
        self.g, self.total = pair.combine(theta), theta[0] * pair.n if flat else theta.sum()
        make = FeatureInverse.flat if flat else FeatureInverse.of
        self.inverse: Callable[[np.ndarray], np.ndarray] = make(pair, theta, self.g, self.total)

    def solve(self, rhs: np.ndarray, residual: float) -> tuple[np.ndarray, np.ndarray]:
        """w with M w = rhs to a relative `residual`, and Xw."""
        return conjugate_gradients(self._times, self.inverse, rhs, residual, self.pair.n)

    def _times(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """M w and Xw."""
        scores = self.pair.scores(w)
        return w + self.pair.combine(self.theta * (scores - (self.theta @ scores) / self.total)), scores


class KernelSystem:
    """M over the rows: unknown are coefficients v, [n], of the rows whose sum is w = X'v.

    With v = sqrt(theta) u the matrix is I + P S, where S = sqrt(Theta) X X' sqrt(Theta) and P takes out what
    lies along sqrt(theta). The part of u along it is known at once; the rest solves I + P S P, symmetric.
    """

    def __init__(self, kernel: Kernel, theta: np.ndarray):
        """The system of rows of these weights, [n]."""
        self.kernel, self.root = kernel, np.sqrt(theta)
        self.g, self.total = theta, theta.sum()
        self.lift = kernel.times(theta)
        self.factor = KernelInverse(kernel, self.root)
        self.across = self.factor(self.root)
        self.height = self.root @ self.across

    def solve(self, rhs: np.ndarray, residual: float) -> tuple[np.ndarray, np.ndarray]:
        """v with M X'v = X' rhs to a relative `residual`, and the scores X X'v."""
        along, rest = self._split(rhs)
        u, scores = conjugate_gradients(self._times, self._across, rest, residual, len(rest))
        return self.root * u + along * self.g, scores + along * self.lift

    def inverse(self, rhs: np.ndarray) -> np.ndarray:
        """About that v."""
        along, rest = self._split(rhs)
        return self.root * self._across(rest) + along * self.g

    def _split(self, rhs: np.ndarray) -> tuple[float, np.ndarray]:
        """The multiple of sqrt(theta) in u, and the right side of the rest."""
        along = rhs.sum() / self.total
        return along, self._flat(rhs / self.root - along * self.root * self.lift)

    def _flat(self, u: np.ndarray) -> np.ndarray:
        """u without what lies along sqrt(theta)."""
        return u - self.root * (self.root @ u / self.total)

    def _across(self, u: np.ndarray) -> np.ndarray:
        """About the inverse of I + P S P."""
        found = self.factor(u)
        return found - self.across * (self.root @ found / self.height)

    def _times(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(I + P S) u, and the scores there."""
        scores = self.kernel.times(self.root * u)
        return u + self._flat(self.root * scores), scores
