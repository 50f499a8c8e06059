"""The weighted system that an interior-point step solves.

The exact matrix is never formed: its approximate inverse preconditions conjugate gradients on the exact
system in float64, so that only the number of their steps depends on it.
"""

import numpy as np

from fer_exp.evaluation.baselines.svm.inverses import FeatureInverse, RowInverse
from fer_exp.evaluation.baselines.svm.pair import Pair

# Usual are 1 to 5; more than this only where rounding keeps the residual up.
CG_STEPS = 40


class System:
    """The matrix I + X' Theta X with the bias eliminated, its approximate inverse and its solution.

    Eliminating the bias centres the rows: M = I + X' Theta X - g g' / sum(theta), g = X' theta.
    """

    def __init__(self, pair: Pair, theta: np.ndarray, flat: bool = False):
        """The system of rows of these weights, [n]; flat: all of one."""
        self.pair, self.theta = pair, theta
        self.g, self.total = pair.combine(theta), theta[0] * pair.n if flat else theta.sum()
        self.inverse: RowInverse | FeatureInverse
        if pair.few:
            self.inverse = RowInverse(pair, theta)
        else:
            make = FeatureInverse.flat if flat else FeatureInverse.of
            self.inverse = make(pair, theta, self.g, self.total)

    def solve(self, rhs: np.ndarray, residual: float) -> tuple[np.ndarray, np.ndarray]:
        """w with M w = rhs to a relative `residual`, and Xw, by preconditioned conjugate gradients."""
        w, scores = np.zeros(self.pair.d), np.zeros(self.pair.n)
        rest, p, before, first = rhs.copy(), None, 0.0, None
        for _ in range(CG_STEPS):
            z = self.inverse(rest)
            now = rest @ z
            first = now if first is None else first
            if now <= residual**2 * first or not now > 0:
                break
            p = z if p is None else z + (now / before) * p
            xp = self.pair.scores(p)
            mp = p + self.pair.combine(self.theta * (xp - (self.theta @ xp) / self.total))
            length = now / (p @ mp)
            w += length * p
            scores += length * xp
            rest -= length * mp
            # no eigenvalue is below 1, so that what is left is smaller still in the norm of the system
            if rest @ rest <= residual**2 * first:
                break
            before = now
        return w, scores
