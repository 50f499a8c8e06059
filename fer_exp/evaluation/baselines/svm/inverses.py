"""Approximate inverses of an interior-point step's matrix, which precondition conjugate gradients on it.

The matrix is M = I + X' Theta X - g g' / sum(theta) with g = X' theta, [d, d]. Where there are many rows it
is factorised by features: the rows that weigh are taken in float32 while that is safe, and the others stand
in by their class's Gram matrix. Where there are few rows it is factorised by rows, [n, n], in float64.
"""

import numpy as np
from scipy import linalg

from fer_exp.evaluation.baselines.svm.pair import ROWS_PER_DIMENSION, Pair

# A row is used itself if it weighs more than this share of the heaviest, but at least ROWS_PER_DIMENSION.
ROW_SHARE = 1e-2
# float32 rounding of the matrix, relative to its smallest eigenvalue (1 at least), that
# preconditioning bears without further conjugate gradient steps.
FLOAT32_ERROR = 1e-2
# Attempts to factorise a matrix, each with a ridge ten times the last.
FACTORISATIONS = 12


class FeatureInverse:
    """The inverse by the Cholesky factor of M itself; total: sum(theta)."""

    def __init__(self, factor: tuple[np.ndarray, bool]):
        self.factor = factor

    @classmethod
    def of(cls, pair: Pair, theta: np.ndarray, g: np.ndarray, total: float) -> "FeatureInverse":
        """For rows of these weights; raises LinAlgError if rounding allows none."""
        double = theta.max() * pair.row_norm * np.finfo(np.float32).eps > FLOAT32_ERROR
        ridge = 1.0
        for _ in range(FACTORISATIONS):
            try:
                return cls(_centred_factor(weighted_gram(pair, theta, double), g, total, ridge))
            except linalg.LinAlgError:
                # Too much rounding: first spend more digits, then lift the smallest eigenvalue.
                ridge = ridge if not double else max(10 * ridge, 1e-14 * theta.max() * pair.row_norm * pair.n)
                double = True
        raise linalg.LinAlgError("the weighted Gram matrix cannot be factorised")

    @classmethod
    def flat(cls, pair: Pair, theta: np.ndarray, g: np.ndarray, total: float) -> "FeatureInverse":
        """For rows of one weight, which the Gram matrices of the classes give at no cost."""
        matrix = (float(theta[0]) * (pair.blocks[0].gram + pair.blocks[1].gram)).astype(np.float64)
        # The Gram matrices carry float32 rounding, here relative to the largest eigenvalue.
        return cls(_centred_factor(matrix, g, total, 1 + 1e-6 * np.trace(matrix)))

    def __call__(self, rhs: np.ndarray) -> np.ndarray:
        """The approximate solution of M w = rhs."""
        return linalg.cho_solve(self.factor, rhs, check_finite=False)


class RowInverse:
    """The inverse by the Cholesky factor of I + sqrt(Theta) X X' sqrt(Theta), after Woodbury.

    It is exact but for rounding. bias is A^-1 g for A = I + X' Theta X, and total what is left of sum(theta).
    """

    def __init__(self, pair: Pair, theta: np.ndarray):
        self.rows, self.root = pair.rows, np.sqrt(theta)
        matrix = pair.kernel * self.root
        matrix *= self.root[:, None]
        matrix.flat[:: pair.n + 1] += 1
        self.factor = linalg.cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
        weights = self._weighted(np.ones(pair.n))
        self.bias, self.total = self.rows.T @ weights, weights.sum()

    def _weighted(self, scores: np.ndarray) -> np.ndarray:
        """(Theta^-1 + X X')^-1 times scores [n]."""
        return self.root * linalg.cho_solve(self.factor, self.root * scores, check_finite=False)

    def __call__(self, rhs: np.ndarray) -> np.ndarray:
        """The solution of M w = rhs."""
        without_bias = rhs - self.rows.T @ self._weighted(self.rows @ rhs)
        return without_bias + self.bias * (self.bias @ rhs / self.total)


def _centred_factor(matrix: np.ndarray, g: np.ndarray, total: float, ridge: float) -> tuple[np.ndarray, bool]:
    """The Cholesky factor of a weighted Gram matrix, which is overwritten, with the bias eliminated."""
    matrix -= np.outer(g, g / total)
    matrix.flat[:: len(g) + 1] += ridge
    return linalg.cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)


def weighted_gram(pair: Pair, theta: np.ndarray, double: bool) -> np.ndarray:
    """X' Theta X, float64 [d, d], with the light rows of each class at their mean weight."""
    keep = min(pair.n, int(ROWS_PER_DIMENSION * pair.d))
    threshold = min(ROW_SHARE * theta.max(), np.partition(theta, pair.n - keep)[pair.n - keep])
    parts, scales, grams = [], [], []
    for block, weights in zip(pair.blocks, np.split(theta, [pair.split]), strict=True):
        heavy = weights >= threshold
        light = 0.0 if heavy.all() else weights[~heavy].mean()
        parts.append((block.rows if double else block.rows32)[heavy])
        scales.append(np.sqrt(weights[heavy] - light))
        grams.append((light, block.gram))
    rows = np.concatenate(parts)
    rows *= np.concatenate(scales).astype(rows.dtype)[:, None]
    # The product of a matrix with its own transpose takes BLAS's symmetric routine: half the work.
    matrix = (rows.T @ rows).astype(np.float64, copy=False)
    for light, gram in grams:
        if light > 0:
            matrix += np.float32(light) * gram
    return matrix
