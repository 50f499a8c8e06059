"""Studies drawn at random, of which the truth is known: faces, groups, folds, runs and effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, stats

from fer_exp.analysis.estimates import POINTS, Arm, Judged
from fer_exp.analysis.planning import FOLDS


@dataclass(frozen=True)
class World:
    """What varies, and how much. The defaults are as measured on FER-2013 with the deck's network.

    faces: how many there are. copies: the share of them that has a copy, which is always answered alike.
    accuracy: of the reference. disagreement: the share of faces of which one of two arms is right and the
    other wrong. face_sd: of what an arm changes in the probability that a face is right. run_sd, training_sd:
    points that a paired difference varies by from run to run on any faces, and from one set of training faces
    to another.
    """

    name: str
    faces: int = 28_709
    copies: float = 0.12
    accuracy: float = 0.40
    disagreement: float = 0.25
    face_sd: float = 0.127
    run_sd: float = 0.12
    training_sd: float = 0.0

    @cached_property
    def groups(self) -> np.ndarray:
        """The group of each face, int [faces]: pairs of copies first, then single faces."""
        pairs = int(self.copies * self.faces / 2)
        return np.concatenate([np.repeat(np.arange(pairs), 2), np.arange(pairs, self.faces - pairs)])

    @cached_property
    def shares(self) -> tuple[float, float]:
        """What part of a unit variance belongs to a face whatever the arm, and to a face in one arm."""
        between, within = self.disagreement, self.disagreement - self.face_sd**2
        common = _correlation(self.accuracy, between)
        return common, _correlation(self.accuracy, within) - common

    @property
    def line(self) -> float:
        """The latent score above which an answer is right, in the reference."""
        return float(stats.norm.isf(self.accuracy))

    @property
    def point(self) -> float:
        """How far the latent score moves for one point of accuracy."""
        return 1 / (POINTS * float(stats.norm.pdf(self.line)))

    def shift(self, points: float) -> float:
        """How far an arm's latent scores lie above the reference's, for so many points of accuracy."""
        return self.line - float(stats.norm.isf(self.accuracy + points / POINTS))


def _correlation(accuracy: float, disagreement: float) -> float:
    """Of two latent normal scores, if this share of faces is right in one only, and `accuracy` in each."""
    line = stats.norm.isf(accuracy)
    both = accuracy - disagreement / 2

    def excess(correlation: float) -> float:
        covariance = [[1, correlation], [correlation, 1]]
        return float(stats.multivariate_normal.cdf([-line, -line], cov=covariance)) - both

    return float(optimize.brentq(excess, 0.0, 0.9999, xtol=1e-6))


class Drawn:
    """One study drawn from a world: arms that can be run for as many repeats as are asked for.

    truth: the differences to the reference in points [arms], of any training faces. here: those of the
    training faces that were drawn, on any faces to judge. arms: the reference first, then one an effect.
    """

    def __init__(self, world: World, effects: Sequence[float], rng: np.random.Generator) -> None:
        """Draw the faces and what the arms change in them; no run is drawn yet."""
        self.world, self.rng = world, rng
        self.drawn_groups = int(world.groups[-1]) + 1
        self.truth = np.asarray(effects, dtype=float)
        common, own = world.shares
        self.noise_sd = np.float32(np.sqrt(1 - common - own))
        # half of a paired difference's variance is each arm's
        self.influence_sd = world.training_sd / np.sqrt(2) * world.point * np.sqrt(self.drawn_groups)
        faces = np.sqrt(common) * self._normal()
        shifts = [world.shift(points) for points in (0.0, *self.truth)]
        self.latent = [faces + np.sqrt(own) * self._normal() + shift - world.line for shift in shifts]
        # what each group of faces does to the whole network when it is among those fitted
        self.influence = [self.influence_sd * self._normal() for _ in shifts]
        learnt = np.array([each.mean() for each in self.influence]) / world.point
        self.here = self.truth + learnt[1:] - learnt[0]
        self.runs: list[dict[int, Judged | float]] = [{} for _ in shifts]
        self.arms = [Arm(f"arm {number}", runs) for number, runs in enumerate(self.runs)]

    def _normal(self) -> np.ndarray:
        return self.rng.standard_normal(self.drawn_groups, dtype=np.float32)

    def add_repeat(self) -> None:
        """Run each arm on five more folds, which all arms share; copies stand on one side."""
        fold = self.rng.permutation(self.drawn_groups) % FOLDS
        of_faces = fold[self.world.groups]
        faces = [np.flatnonzero(of_faces == each) for each in range(FOLDS)]
        seed_sd = self.world.run_sd / np.sqrt(2) * self.world.point
        for runs, latent, influence in zip(self.runs, self.latent, self.influence, strict=True):
            whole = influence.sum()
            held_out = np.bincount(fold, weights=influence, minlength=FOLDS)
            fitted = self.drawn_groups - np.bincount(fold, minlength=FOLDS)
            # a run learns from the faces of the other four folds, and its seed adds to that
            level = (whole - held_out) / fitted + seed_sd * self.rng.standard_normal(FOLDS)
            right = latent + self.noise_sd * self._normal() + level[fold].astype(np.float32) > 0
            first = len(runs)
            for each in range(FOLDS):
                runs[first + each] = Judged(faces[each], right[self.world.groups[faces[each]]])
