"""An interior-point solver for one pair of classes of the linear support vector machine.

Minimises 1/2 |w|^2 + C sum_i max(0, 1 - y_i (x_i.w + b)), the bias b free, by following the central
path of its dual: Mehrotra's predictor-corrector (SIAM J. Optim. 2, 1992) with Gondzio's centrality
corrections (Comput. Optim. Appl. 6, 1996) on the d x d system of Ferris and Munson (SIAM J. Optim.
13, 2002). The path is entered late, at a point that conjugate gradients reach without forming a matrix,
and `newton_system` makes the few steps that are left cheap.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import linalg

from fer_exp.evaluation.baselines.svm.central_path import Point, entry
from fer_exp.evaluation.baselines.svm.forms import ByFeatures, ByRows, Form, form_of
from fer_exp.evaluation.baselines.svm.pair import Block, Pair, Separator

# Relative residuals, in the norm of the system: the predictor only sets the centring. The corrector's
# must be small: of random small pairs 2 of 1,500 at 1e-2 and 3 of 5,000 at 1e-3 never reached a gap of
# 1e-5, at 1e-4 none of 5,000.
PREDICTOR_RESIDUAL = 1e-1
CORRECTOR_RESIDUAL = 1e-4
# Two lengthened steps from about 0.6 to 0.9 there; without any it took 10 steps instead of 7.
CORRECTIONS = 2
# A step ends this far towards the boundary, which itself has no logarithm.
BOUNDARY = 0.995
# Steps without a smaller gap after which rounding has the last word.
PATIENCE = 6


@dataclass(frozen=True)
class Solution(Separator):
    """What was found for a pair; alpha attains its dual: within [0, C] and of equal sums in both classes."""

    alpha: np.ndarray


_PARTS = [part.name for part in fields(Point)]


class Stepper:
    """Steps from one point: all share the factorisation, the residuals and the row weights."""

    def __init__(self, pair: Pair, form: Form, point: Point, halves: tuple[np.ndarray, np.ndarray]):
        self.pair, self.form, self.point = pair, form, point
        self.upper = point.upper
        self.theta = 1 / (point.s / point.alpha + point.xi / self.upper)
        self.system = form.system(self.theta)
        self.w_residual = form.signed(point.alpha, halves) - point.w
        self.slack_residual = point.xi - point.s - (1 - pair.y * point.f)
        self.mu = self.complementarity(0.0, None) / (2 * pair.n)

    def complementarity(self, length: float, step: Point | None) -> float:
        """The sum of all products alpha s and (C - alpha) xi after a step of this length."""
        p = self.point
        if step is None:
            return p.alpha @ p.s + self.upper @ p.xi
        lower = (p.alpha + length * step.alpha) @ (p.s + length * step.s)
        # the type that it has already: NumPy's stubs take the product of two vectors for an array
        return np.float64(lower + (self.upper - length * step.alpha) @ (p.xi + length * step.xi))

    def direction(self, lower: np.ndarray, upper: np.ndarray, residual: float) -> Point:
        """The Newton step that changes alpha s by `lower` and (C - alpha) xi by `upper`, [n] each."""
        p, y, system = self.point, self.pair.y, self.system
        q = lower / p.alpha - upper / self.upper - self.slack_residual
        signed = y * self.theta * q
        balance = p.alpha @ y + signed.sum()
        rhs = self.w_residual + self.form.combine(signed) - system.g * (balance / system.total)
        dw, df = system.solve(rhs, residual)
        db = (balance - self.theta @ df) / system.total
        df = df + db
        da = self.theta * (q - y * df)
        return Point(dw, db, df, da, -da, (lower - p.s * da) / p.alpha, (upper + p.xi * da) / self.upper)

    def longest(self, step: Point) -> float:
        """The length in (0, 1] at which the step leaves the interior."""
        p = self.point
        pairs = ((p.alpha, step.alpha), (self.upper, -step.alpha), (p.s, step.s), (p.xi, step.xi))
        return 1 / max(1.0, *(float((-change / value).max()) for value, change in pairs))

    def best(self) -> tuple[Point, float]:
        """Predictor, corrector and, while they lengthen the step, centrality corrections."""
        p = self.point
        lower, upper = -p.alpha * p.s, -self.upper * p.xi
        guess = self.direction(lower, upper, PREDICTOR_RESIDUAL)
        reach = self.complementarity(self.longest(guess), guess) / (2 * self.pair.n)
        target = (reach / self.mu) ** 3 * self.mu
        lower = lower + target - guess.alpha * guess.s
        upper = upper + target + guess.alpha * guess.xi
        step = self.direction(lower, upper, CORRECTOR_RESIDUAL)
        length = self.longest(step)
        for _ in range(CORRECTIONS):
            if length > 0.95:
                break
            lower, upper = self.recentred(lower, upper, step, min(1.0, length + 0.3), target)
            other = self.direction(lower, upper, CORRECTOR_RESIDUAL)
            longer = self.longest(other)
            if longer < length + 0.01:
                break
            step, length = other, longer
        return step, BOUNDARY * length

    def recentred(self, lower, upper, step: Point, length: float, target: float) -> tuple:
        """The right sides that also pull outlying products towards the target, after Gondzio."""
        p = self.point
        low = (p.alpha + length * step.alpha) * (p.s + length * step.s)
        high = (self.upper - length * step.alpha) * (p.xi + length * step.xi)
        pulls = (np.clip(v, 0.1 * target, 10 * target) - v for v in (low, high))
        low, high = (np.maximum(pull, -10 * target) for pull in pulls)
        return lower + low, upper + high


def solve_pair(
    positive: Block,
    negative: Block,
    c: float,
    tol: float,
    max_iter: int,
    on_gap: Callable[[float], None] = lambda _: None,
) -> Solution:
    """The best (w, b) for one pair, to a relative duality gap of `tol`, or the best in `max_iter` steps.

    `on_gap` is told the smallest gap so far before every step.
    """
    pair = Pair(positive, negative, c)
    form = form_of(pair)
    point, best_step = entry(pair, form), 0
    best: Solution | None = None
    best_point = point
    for step in range(max_iter + 1):
        w = form.features(point.w)
        scores = pair.scores(w)
        # summed up over the steps they would drift away from w
        point = replace(point, f=scores + point.b)
        now = certified(pair, w, scores, point, halves := pair.halves(point.alpha), step)
        if best is None or now.gap < best.gap:
            best, best_step, best_point = now, step, point
        on_gap(best.gap)
        if best.gap <= tol or step == max_iter:
            break
        moved = moved_on(pair, form, point, halves) if step - best_step < PATIENCE else None
        if moved is None:
            if not isinstance(form, ByRows):
                break
            # by its rows a system is solved to fewer digits: go on by the features from the best so far
            moved, best_step = replace(best_point, w=form.features(best_point.w)), step
            form = ByFeatures(pair)
            if not best.steps:
                # no step of it was any good
                moved = entry(pair, form)
        point = moved
    assert best is not None, "max_iter must be 0 or more"
    return best


def moved_on(pair: Pair, form: Form, point: Point, halves: tuple[np.ndarray, np.ndarray]) -> Point | None:
    """The point after one step; None where rounding leaves no step to take."""
    try:
        change, length = Stepper(pair, form, point, halves).best()
    except (linalg.LinAlgError, FloatingPointError):
        return None
    if not np.isfinite(length) or length < 1e-8:
        return None
    return Point(*(getattr(point, each) + length * getattr(change, each) for each in _PARTS))


def certified(
    pair: Pair,
    w: np.ndarray,
    scores: np.ndarray,
    point: Point,
    halves: tuple[np.ndarray, np.ndarray],
    step: int,
) -> Solution:
    """The point as a solution; its features weigh w and give the rows these scores, its alpha these sums."""
    primal, b = pair.primal(w, scores)
    dual, factors = pair.dual(point.alpha, halves)
    alpha = point.alpha * np.repeat(factors, [pair.split, pair.n - pair.split])
    # Of alpha / C and its slack s one tends to 0; the larger tells which.
    support = point.alpha > pair.c * point.s
    return Solution(w.copy(), b, support, float(primal), float(dual), step, alpha)
