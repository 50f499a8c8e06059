"""The rows of two classes of one fit, and the objectives of a machine that tells them apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import blas

# With fewer rows than this for each dimension, some directions would be known from the Gram matrices alone
# and conjugate gradients stall (seen on pairs with "disgust").
ROWS_PER_DIMENSION = 1.25


def few(rows: int, features: int) -> bool:
    """Whether there are so few rows that a system is best solved by them, and not by the features."""
    return rows <= ROWS_PER_DIMENSION * features


@dataclass(frozen=True)
class Separator:
    """What tells the two classes of a pair apart, with its certificate.

    A score above 0, of (coef, intercept), means the first class. support: bool, rows of both classes, whose
    weight in the dual is not heading for 0. primal, dual: the objectives reached, in so many steps.
    """

    coef: np.ndarray
    intercept: float
    support: np.ndarray
    primal: float
    dual: float
    steps: int

    @property
    def gap(self) -> float:
        """Duality gap relative to the primal objective, which is positive."""
        return (self.primal - self.dual) / self.primal


@dataclass(frozen=True)
class Block:
    """The rows of one class, float64 [n, d]; what is made of them is made when it is first asked for."""

    rows: np.ndarray

    @cached_property
    def rows32(self) -> np.ndarray:
        """The rows in float32."""
        return self.rows.astype(np.float32)

    @cached_property
    def gram(self) -> np.ndarray:
        """The Gram matrix of the features, float32 [d, d]."""
        return self.rows32.T @ self.rows32

    @cached_property
    def kernel(self) -> np.ndarray:
        """The products of all rows with one another, [n, n]."""
        return self.rows @ self.rows.T


class Kernel:
    """The products of all rows of two classes with one another, float64 [n, n], and rounded to float32."""

    def __init__(self, positive: Block, negative: Block):
        across = positive.rows @ negative.rows.T
        self.exact = np.block([[positive.kernel, across], [across.T, negative.kernel]])
        self.short = self.exact.astype(np.float32)

    def times(self, coefficients: np.ndarray) -> np.ndarray:
        """The scores [n] of the rows by the sum of them times these coefficients [n]."""
        # BLAS's symmetric routine reads half of the matrix, and wants its columns in order
        return blas.dsymv(1.0, self.exact.T, coefficients, lower=True)


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
