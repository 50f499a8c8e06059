"""The forms in which the solver holds the weights of a separator: by the features, or by the rows.

Where there are few rows the weights are a sum of them, w = X'v, and everything that a step needs follows from
the products of the rows with one another (the kernel trick: Boser, Guyon and Vapnik, COLT 1992).
"""

import numpy as np

from fer_exp.evaluation.baselines.svm.newton_system import FeatureSystem, KernelSystem
from fer_exp.evaluation.baselines.svm.pair import Kernel, Pair, few


class ByFeatures:
    """One number for each feature."""

    def __init__(self, pair: Pair):
        self.pair, self.size = pair, pair.d
        self.scores, self.combine = pair.scores, pair.combine

    def inner(self, a: np.ndarray, b: np.ndarray) -> float:
        """The inner product of two separators' weights."""
        return float(a @ b)

    def signed(self, alpha: np.ndarray, halves: tuple[np.ndarray, np.ndarray]) -> np.ndarray:  # noqa: ARG002 - as the other's
        """The weights that alpha stands for; halves: its sums of the rows of each class, [d]."""
        return halves[0] - halves[1]

    def features(self, w: np.ndarray) -> np.ndarray:
        """The weights of the features, [d]."""
        return w

    def system(self, theta: np.ndarray, flat: bool = False) -> FeatureSystem:
        """The system of a step for rows of these weights [n]; flat: all of one."""
        return FeatureSystem(self.pair, theta, flat)


class ByRows:
    """One number for each row: its coefficient in the sum of rows that is w."""

    def __init__(self, pair: Pair):
        self.pair, self.size = pair, pair.n
        self.kernel = Kernel(*pair.blocks)
        self.scores, self.features = self.kernel.times, pair.combine

    def combine(self, weights: np.ndarray) -> np.ndarray:
        """The sum of all rows times their weights [n]."""
        return weights

    def signed(self, alpha: np.ndarray, halves: tuple[np.ndarray, np.ndarray]) -> np.ndarray:  # noqa: ARG002 - as the other's
        """The weights that alpha stands for; halves: its sums of the rows of each class, [d]."""
        return self.pair.y * alpha

    def inner(self, a: np.ndarray, b: np.ndarray) -> float:
        """The inner product of two separators' weights."""
        return float(a @ self.kernel.times(b))

    def system(self, theta: np.ndarray, flat: bool = False) -> KernelSystem:  # noqa: ARG002 - as the other's
        """The system of a step for rows of these weights [n]."""
        return KernelSystem(self.kernel, theta)


Form = ByFeatures | ByRows


def form_of(pair: Pair) -> Form:
    """The form that suits a pair."""
    return ByRows(pair) if few(pair.n, pair.d) else ByFeatures(pair)
