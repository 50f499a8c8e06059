"""Approximate inverses of an interior-point step's matrix, which precondition conjugate gradients on it.

The matrix is M = I + X' Theta X - g g' / sum(theta) with g = X' theta, [d, d]. Where there are many rows it
is factorised by features: the rows that weigh are taken in float32 while that is safe, and the others stand
in by their class's Gram matrix. Where there are few rows it is factorised by rows, [n, n].
"""

import numpy as np
import torch
from scipy import linalg

from fer_exp.evaluation.baselines.svm.pair import ROWS_PER_DIMENSION, Kernel, Pair

# A row is used itself if it weighs more than this share of the heaviest, but at least ROWS_PER_DIMENSION.
ROW_SHARE = 1e-2
# float32 rounding of the matrix, relative to its smallest eigenvalue (1 at least), that
# preconditioning bears without further conjugate gradient steps.
FLOAT32_ERROR = 1e-2
# By the rows it bears more, as there a conjugate gradient step costs little beside a factorisation. Of 0.01,
# 0.1, 1 and 10 the second took the least time for 6,000 drawn faces, 12 % less than float64 alone.
KERNEL_FLOAT32_ERROR = 1e-1
# Attempts to factorise a matrix, each with a ridge ten times the last.
FACTORISATIONS = 12


class FeatureInverse:
    """The inverse by the Cholesky factor of M itself; total: sum(theta)."""

    def __init__(self, factor: torch.Tensor):
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
        return _solved(self.factor, rhs)


class KernelInverse:
    """The inverse of I + sqrt(Theta) X X' sqrt(Theta), by its Cholesky factor; root: sqrt(theta), [n]."""

    def __init__(self, kernel: Kernel, root: np.ndarray):
        double = (root**2 * kernel.exact.diagonal()).max() * np.finfo(np.float32).eps > KERNEL_FLOAT32_ERROR
        try:
            self.factor = _scaled_factor(kernel.exact if double else kernel.short, root)
        except linalg.LinAlgError:
            self.factor = _scaled_factor(kernel.exact, root)

    def __call__(self, rhs: np.ndarray) -> np.ndarray:
        """The approximate solution, float64 [n]."""
        return _solved(self.factor, rhs)


def _scaled_factor(kernel: np.ndarray, root: np.ndarray) -> torch.Tensor:
    """The Cholesky factor of the kernel with rows and columns times their roots, and 1 on the diagonal."""
    root = root.astype(kernel.dtype)
    matrix = kernel * root
    matrix *= root[:, None]
    matrix.flat[:: len(root) + 1] += 1
    return _factorised(matrix)


def _centred_factor(matrix: np.ndarray, g: np.ndarray, total: float, ridge: float) -> torch.Tensor:
    """The Cholesky factor of a weighted Gram matrix, which is overwritten, with the bias eliminated."""
    matrix -= np.outer(g, g / total)
    matrix.flat[:: len(g) + 1] += ridge
    return _factorised(matrix)


def _factorised(matrix: np.ndarray) -> torch.Tensor:
    """The lower Cholesky factor of a symmetric matrix, in its place; raises LinAlgError if there is none.

    By PyTorch, as SciPy keeps the interpreter's lock meanwhile, and pairs side by side would wait for it.
    """
    lower = torch.from_numpy(matrix).T
    _, failed = torch.linalg.cholesky_ex(lower, out=(lower, torch.empty((), dtype=torch.int32)))
    if failed:
        raise linalg.LinAlgError("the matrix is not positive definite")
    return lower


def _solved(lower: torch.Tensor, rhs: np.ndarray) -> np.ndarray:
    """The solution, float64 [n], for the matrix of this factor."""
    x = torch.from_numpy(rhs).to(lower.dtype)[:, None]
    for factor, upper in ((lower, False), (lower.T, True)):
        x = torch.linalg.solve_triangular(factor, x, upper=upper)
    return x[:, 0].double().numpy()


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
