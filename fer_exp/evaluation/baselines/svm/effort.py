"""How long a fit of the exact SVC will take, by the products of matrices that it is made of."""

import itertools
import time
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from fer_exp.evaluation.baselines.svm.pair import few

# Interior-point steps of a pair, near enough for any.
_STEPS = 8

# Seconds of a pair for each second that its products would take at the rate of a large float32 product: as
# measured on 6,000 drawn faces by rows, and on FER-2013's 28,709 by features.
_BY_ROWS, _BY_FEATURES = 3.4, 4.0

# The side of the product by which the machine is timed, some 20 ms.
_SIDE = 1024


def expected_seconds(counts: Sequence[int], features: int, cores: int) -> float:
    """Seconds to fit classes of so many rows each, a pair a core, on a machine with nothing else to do."""
    products = sum(_products(i + j, features) for i, j in itertools.combinations(counts, 2))
    return products / _rate() / cores


def _products(rows: int, features: int) -> float:
    """The products of float32 numbers that take as long as a pair."""
    if few(rows, features):
        # their products with one another in float64, which takes twice as long
        return _BY_ROWS * (2 * rows**2 * features + _STEPS * rows**3 / 3)
    return _BY_FEATURES * _STEPS * rows * features**2


def _rate() -> float:
    """Additions and multiplications a second in a float32 product, on one core."""
    square = np.ones((_SIDE, _SIDE), np.float32)
    seconds = []
    with threadpool_limits(1, user_api="blas"):
        for _ in range(3):
            started = time.perf_counter()
            square @ square
            seconds.append(time.perf_counter() - started)
    return 2 * _SIDE**3 / min(seconds)
