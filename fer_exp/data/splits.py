"""Which training faces are fitted on and which select: the validation split.

FER-2013 holds 1,236 surplus copies inside train. A random split puts copies of about 6.6 % of its
validation faces among the fitted ones, so the default keeps each group of identical faces on one
side; the deck's random split stays available to reproduce it.
"""

from dataclasses import dataclass

import numpy as np

from fer_exp.config import settings
from fer_exp.data.faces import Faces
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.seeds import derive


@dataclass(frozen=True)
class Split:
    """Positions in train, int64: `fit` is learnt from, `validation` selects. Disjoint, sorted."""

    fit: np.ndarray
    validation: np.ndarray


def train_val_split(train: Faces, config: settings.Split, seed: int) -> Split:
    """Split validation from train by the settings' method, the same for the same faces and seed."""
    rng = np.random.default_rng(derive(seed, "split"))
    if config.method == "random":
        order = rng.permutation(len(train))
        # rounds in favour of the fitted part, as torch.utils.data.random_split does: 22,968 / 5,741
        validation = order[: int(len(train) * config.validation_fraction)]
    else:
        validation = _grouped(train, config.validation_fraction, rng)
    in_validation = np.zeros(len(train), dtype=bool)
    in_validation[validation] = True
    parts = Split(np.flatnonzero(~in_validation), np.flatnonzero(in_validation))
    if not len(parts.fit) or not len(parts.validation):
        raise UserError(
            f"split.validation_fraction={config.validation_fraction}: of {len(train)} faces it leaves "
            f"{len(parts.fit)} to fit on and {len(parts.validation)} to validate with; both need one"
        )
    return parts


def _grouped(train: Faces, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Whole groups of copies, drawn class by class until each class has given its fraction.

    A group with conflicting labels counts to the class of its first face. scikit-learn's
    StratifiedGroupKFold does the like in a loop over the 27,473 groups, too slow for each job.
    """
    groups, first, member, size = np.unique(
        train.group, return_index=True, return_inverse=True, return_counts=True
    )
    drawn = np.zeros(len(groups), dtype=bool)
    for label in range(len(EMOTIONS)):
        own = rng.permutation(np.flatnonzero(train.labels[first] == label))
        filled = np.cumsum(size[own])
        wanted = round(fraction * size[own].sum())
        drawn[own[filled <= wanted]] = True
    return np.flatnonzero(drawn[member])
