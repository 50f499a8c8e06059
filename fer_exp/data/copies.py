"""How often the photos of a set recur: within train, across to test, and under several labels."""

from dataclasses import dataclass

import numpy as np

from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS


@dataclass(frozen=True)
class Copies:
    """Numbers of a set. Of several faces of one photo in train, all but one count as another's.

    photos: how many there are. photos_shared: those of several faces. faces_sharing: the faces of these.
    train_exact, train_near: training faces with the pixels of another, and with other pixels of its photo.
    test_exact, test_near: test faces with the pixels of a training face, and with other pixels of its photo.
    exact_conflicting, photos_conflicting: groups of the same pixels, and photos, with several labels.
    """

    photos: int
    photos_shared: int
    faces_sharing: int
    train_exact: int
    train_near: int
    test_exact: int
    test_near: int
    exact_conflicting: int
    photos_conflicting: int

    @classmethod
    def of(cls, faces: Faces, photos: np.ndarray) -> "Copies":
        """Those of a whole set; photos: int64 [N], equal for faces of one photo."""
        in_train = faces.usage == Usage.TRAIN
        exact = np.isin(faces.group, faces.group[in_train]) & ~in_train
        of_train = np.isin(photos, photos[in_train]) & ~in_train
        different = len(np.unique(faces.group[in_train]))
        _, sizes = np.unique(photos, return_counts=True)
        return cls(
            photos=len(sizes),
            photos_shared=int(np.count_nonzero(sizes > 1)),
            faces_sharing=int(sizes[sizes > 1].sum()),
            train_exact=int(in_train.sum()) - different,
            train_near=different - len(np.unique(photos[in_train])),
            test_exact=int(exact.sum()),
            test_near=int((of_train & ~exact).sum()),
            exact_conflicting=_conflicting(faces.labels, faces.group),
            photos_conflicting=_conflicting(faces.labels, photos),
        )


def _conflicting(labels: np.ndarray, group: np.ndarray) -> int:
    """How many groups have faces of several labels."""
    pairs = np.unique(group * len(EMOTIONS) + labels)
    _, of_group = np.unique(pairs // len(EMOTIONS), return_counts=True)
    return int(np.count_nonzero(of_group > 1))
