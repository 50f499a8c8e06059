"""The rows of two classes and the weighted d x d system that an interior-point step solves on them.

The exact matrix is never formed. Its approximation takes the rows that weigh, in float32 while that is
safe, with the others standing in by their class's Gram matrix; it preconditions conjugate gradients on
the exact system in float64, so that only the number of their steps depends on it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

# A row is used itself if it weighs more than this share of the heaviest, but at least so many rows
# a dimension: with fewer than d rows some directions would be known from the Gram matrix alone and
# conjugate gradients stall (seen on pairs with "disgust").
ROW_SHARE = 1e-2
ROWS_PER_DIMENSION = 1.25
# float32 rounding of the matrix, relative to its smallest eigenvalue (1 at least), that
# preconditioning bears without further conjugate gradient steps.
FLOAT32_ERROR = 1e-2
# Usual are 1 to 5; more than this only where rounding keeps the residual up.
CG_STEPS = 40
# Attempts to factorise a matrix, each with a ridge ten times the last.
FACTORISATIONS = 12


@dataclass(frozen=True)
class Block:
    """The rows of one class, [n, d], in both precisions, and their Gram matrix [d, d] in float32."""

    rows: np.ndarray
    rows32: np.ndarray
    gram: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Block":
        """The block of float64 `rows`."""
        rows32 = rows.astype(np.float32)
        return cls(rows, rows32, rows32.T @ rows32)


class Pair:
    """Rows of a positive and a negative class, multiplied block by block: no copy of them is made."""

    def __init__(self, positive: Block, negative: Block, c: float):
        self.blocks = (positive, negative)
        self.c = c
        self.split = len(positive.rows)
        self.n = self.split + len(negative.rows)
        self.d = positive.rows.shape[1]
        self.y = np.ones(self.n)
        self.y[self.split :] = -1
        self.row_norm = sum(np.vdot(block.rows32, block.rows32) for block in self.blocks) / self.n

    def scores(self, w: np.ndarray) -> np.ndarray:
        """x_i.w of every row, [n]."""
        return np.concatenate([block.rows @ w for block in self.blocks])

    def halves(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sums of the positive and of the negative rows times their weights [n], [d] each."""
        return self.blocks[0].rows.T @ weights[: self.split], self.blocks[1].rows.T @ weights[self.split :]

    def combine(self, weights: np.ndarray) -> np.ndarray:
        """The sum of all rows times their weights [n]; [d]."""
        positive, negative = self.halves(weights)
        return positive + negative

    def primal(self, w: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
        """The objective of w (and its scores without bias) with the best bias, and that bias.

        In b the objective is piecewise linear with slope -n_positive at the left and +1 more after each
        y_i - x_i.w: it is least between the breakpoints number n_positive and n_positive + 1. Where
        that is an interval libsvm takes the middle too.
        """
        breakpoints = np.partition(self.y - scores, [self.split - 1, self.split])
        b = 0.5 * float(breakpoints[self.split - 1] + breakpoints[self.split])
        hinge = np.maximum(0, 1 - self.y * (scores + b)).sum()
        return 0.5 * (w @ w) + self.c * hinge, b

    def dual(self, alpha: np.ndarray, halves: tuple[np.ndarray, np.ndarray]) -> tuple[float, np.ndarray]:
        """The dual objective of alpha made feasible, and the factors [2] that make it so.

        The side with the larger sum shrinks, which keeps alpha within [0, C].
        """
        sums = np.array([alpha[: self.split].sum(), alpha[self.split :].sum()])
        factors = sums.min() / sums
        w = factors[0] * halves[0] - factors[1] * halves[1]
        return 2 * sums.min() - 0.5 * (w @ w), factors


class System:
    """The matrix I + X' Theta X with the bias eliminated, its approximate factor and its solution.

    Eliminating the bias centres the rows: M = I + X' Theta X - g g' / sum(theta), g = X' theta.
    """

    def __init__(self, pair: Pair, theta: np.ndarray):
        self.pair, self.theta = pair, theta
        self.g = pair.combine(theta)
        self.total = theta.sum()
        float32_error = theta.max() * pair.row_norm * np.finfo(np.float32).eps
        double = float32_error > FLOAT32_ERROR
        ridge = 1.0
        for _ in range(FACTORISATIONS):
            matrix = weighted_gram(pair, theta, double)
            self._finish(matrix, ridge)
            try:
                self.factor = linalg.cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
                return
            except linalg.LinAlgError:
                # Too much rounding: first spend more digits, then lift the smallest eigenvalue.
                ridge = ridge if not double else max(10 * ridge, 1e-14 * theta.max() * pair.row_norm * pair.n)
                double = True
        raise linalg.LinAlgError("the weighted Gram matrix cannot be factorised")

    @classmethod
    def flat(cls, pair: Pair, theta: float) -> "System":
        """The system of equal weights, which the Gram matrices of the classes give at no cost."""
        self = cls.__new__(cls)
        self.pair, self.theta = pair, np.full(pair.n, theta)
        self.g, self.total = pair.combine(self.theta), theta * pair.n
        matrix = (theta * (pair.blocks[0].gram + pair.blocks[1].gram)).astype(np.float64)
        # The Gram matrices carry float32 rounding, here relative to the largest eigenvalue.
        self._finish(matrix, 1 + 1e-6 * np.trace(matrix))
        self.factor = linalg.cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
        return self

    def _finish(self, matrix: np.ndarray, ridge: float) -> None:
        """Centre the weighted Gram matrix and add the ridge, in place."""
        matrix -= np.outer(self.g, self.g / self.total)
        matrix.flat[:: self.pair.d + 1] += ridge

    def precondition(self, rhs: np.ndarray) -> np.ndarray:
        """The approximate solution of M w = rhs."""
        return linalg.cho_solve(self.factor, rhs, check_finite=False)

    def solve(self, rhs: np.ndarray, residual: float) -> tuple[np.ndarray, np.ndarray]:
        """w with M w = rhs to a relative `residual`, and Xw, by preconditioned conjugate gradients."""
        w, scores = np.zeros(self.pair.d), np.zeros(self.pair.n)
        rest, p, before, first = rhs.copy(), None, 0.0, None
        for _ in range(CG_STEPS):
            z = self.precondition(rest)
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
            before = now
        return w, scores


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
