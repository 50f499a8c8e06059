"""The central path of the dual of a pair: its points, and where it is entered.

The path has alpha s = mu and (C - alpha) xi = mu, xi - s = 1 - y f and w = sum alpha_i y_i x_i.
"""

import contextlib
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from fer_exp.evaluation.baselines.svm.forms import Form
from fer_exp.evaluation.baselines.svm.pair import Pair

# Where the central path is entered, as a share of C, and the gradient steps to get there. On the largest
# pair (12,045 faces) 0.2, 0.1 and 0.05 left 7, 6 and 6 interior-point steps, the last with gap to spare;
# 20 steps take about as long as one interior-point step.
ENTRY = 0.05
ENTRY_STEPS = 20


@dataclass
class Point:
    """A point of the interior: w, b and scores f = Xw + b; alpha in (0, C) with slacks s, xi > 0.

    A step from one point to another has the same parts.
    """

    w: np.ndarray
    b: float
    f: np.ndarray
    alpha: np.ndarray
    # C - alpha, kept on its own: where alpha nears C the subtraction would round to nothing
    upper: np.ndarray
    s: np.ndarray
    xi: np.ndarray


def central(margin: np.ndarray, mu: float, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Slacks (s, xi) with xi - s = margin and mu / s + mu / xi = C, without cancellation."""
    q = 2 * mu / c
    larger = 0.5 * (q + np.hypot(margin, q) + np.abs(margin))
    smaller = 0.5 * q * (1 + q / (np.hypot(margin, q) + np.abs(margin)))
    return np.where(margin < 0, larger, smaller), np.where(margin < 0, smaller, larger)


def entry(pair: Pair, form: Form) -> Point:
    """A point near the central path, by nonlinear conjugate gradients (Polak and Ribiere).

    At a given mu the path's w minimises 1/2 |w|^2 + sum of a smooth hinge whose curvature is at
    most C^2 / (8 mu), so the system of equal weights preconditions it well.
    """
    mu, c, y = ENTRY * pair.c, pair.c, pair.y
    system = None
    # numbers too large for a factorisation are begun with at w = 0
    with contextlib.suppress(linalg.LinAlgError):
        system = form.system(np.full(pair.n, c * c / (8 * mu)), flat=True)
    w, b, f, decrease = np.zeros(form.size), 0.0, np.zeros(pair.n), 0.0
    step: tuple[np.ndarray, float] | None = None
    gradient: tuple[np.ndarray, float] | None = None
    for _ in range(ENTRY_STEPS):
        if system is None:
            break
        alpha = mu / central(1 - y * f, mu, c)[0]
        last, gradient = gradient, (form.combine(alpha * y) - w, np.float64(alpha @ y))
        dw = system.inverse(gradient[0] - system.g * (gradient[1] / system.total))
        db = (gradient[1] - form.inner(system.g, dw)) / system.total
        before, decrease = decrease, form.inner(gradient[0], dw) + gradient[1] * db
        if not decrease > 1e-9 * c * pair.n:
            break
        if step is not None and last is not None:
            beta = max(0.0, (decrease - form.inner(last[0], dw) - last[1] * db) / before)
            dw, db = dw + beta * step[0], db + beta * step[1]
        step = dw, db
        second = form.inner(dw, dw)
        if not second > 0:
            # coefficients of rows that add up to nothing, but for rounding: no step
            break
        df = form.scores(dw) + db
        length = line_minimum(pair, mu, f, df, form.inner(w, dw), second)
        w, b, f = w + length * dw, b + length * db, f + length * df
    s, xi = central(1 - y * f, mu, c)
    return Point(w, b, f, mu / s, mu / xi, s, xi)


def line_minimum(pair: Pair, mu: float, f: np.ndarray, df: np.ndarray, first: float, second: float) -> float:
    """Where the smoothed objective is least along df from scores f, by bisecting its slope.

    first, second: the derivatives of 1/2 |w|^2 along the step.
    """
    margin, change = 1 - pair.y * f, pair.y * df

    def slope(length: float) -> float:
        s, _ = central(margin - length * change, mu, pair.c)
        return first + length * second - mu * (change / s).sum()

    low, high = 0.0, 1.0
    while slope(high) < 0 and high < 1e6:
        low, high = high, 2 * high
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 0.5 * (low + high)
