"""Which training faces are fitted on and which select: the validation split.

A random split puts exact copies of about 6.6 % of FER-2013's validation faces among the fitted ones, and more
faces of the same photos. So the default is a fold of a cross-validation by photo; the deck's random split
stays available to reproduce it.
"""

import math
from dataclasses import dataclass

import numpy as np

from fer_exp.config import faces as settings
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces
from fer_exp.data.folds import fold
from fer_exp.errors import UserError
from fer_exp.seeds import derive


@dataclass(frozen=True)
class Split:
    """Positions in train, int64: `fit` is learnt from, `validation` selects. Disjoint, sorted."""

    fit: np.ndarray
    validation: np.ndarray


def split_of(dataset: Dataset, config: settings.Split, seed: int) -> Split:
    """The validation split of a set."""
    return train_val_split(dataset.train(), groups_of(dataset, config), config, seed)


def groups_of(dataset: Dataset, config: settings.Split) -> np.ndarray:
    """A number for each training face, int64 [N], equal for faces of one photo, or for exact copies alone.

    Photos that the split does not keep together are not looked for, since that may take a search.
    """
    return dataset.train_photos if config.method == "grouped" else dataset.train().group


def train_val_split(train: Faces, photos: np.ndarray, config: settings.Split, seed: int) -> Split:
    """Split validation from train by the settings' method, the same for the same faces, settings and seed.

    photos: int64 [N], equal for faces of one photo. Under `grouped` the seed is the run of the
    cross-validation, unless `split.run` says another; `split.seed` chooses the partition that runs share.
    """
    if config.method == "grouped":
        return _fold(train, photos, config, seed)
    order = np.random.default_rng(derive(seed, "split")).permutation(len(train))
    # rounds in favour of the fitted part, as torch.utils.data.random_split does: 22,968 / 5,741
    n = int(len(train) * config.validation_fraction)
    if not 0 < n < len(train):
        raise UserError(
            f"split.validation_fraction={config.validation_fraction}: of {len(train)} faces it leaves "
            f"{len(train) - n} to fit on and {n} to validate with; both need one"
        )
    return Split(np.sort(order[n:]), np.sort(order[:n]))


def _fold(train: Faces, photos: np.ndarray, config: settings.Split, seed: int) -> Split:
    k = round(min(1 / config.validation_fraction, 1e9))
    if k < 2 or not math.isclose(k * config.validation_fraction, 1):
        raise UserError(
            f"split.validation_fraction={config.validation_fraction}: split=grouped cuts train into equal "
            "folds; take one of k, as 0.2 or 0.1"
        )
    run = seed if config.run is None else config.run
    return Split(*fold(train.labels, photos, run, config.seed, k))
