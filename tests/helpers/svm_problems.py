"""Made problems for the exact linear SVC, and what a solution of theirs costs."""

import numpy as np


def noise(n, d, classes=3, seed=0):
    """Rows without structure: most of them end inside the margin."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), np.arange(n) % classes


def pair_of(n_first, n_second, d, seed=0, shift=0.5):
    """Two overlapping clouds."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_first, d)) + shift, rng.normal(size=(n_second, d))


def objective(w, b, first, second, c):
    """The primal objective, written out."""
    hinges = np.maximum(0, 1 - first @ w - b).sum() + np.maximum(0, 1 + second @ w + b).sum()
    return 0.5 * w @ w + c * hinges
