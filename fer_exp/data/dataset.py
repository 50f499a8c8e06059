"""A set of faces in canonical order, and what is known of it.

Test is handed out by `test()` alone, which only evaluation calls.
"""

import functools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_exp.data import photos
from fer_exp.data.copies import Copies
from fer_exp.data.faces import Faces
from fer_exp.data.fingerprint import Fingerprint
from fer_exp.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dataset:
    """A whole set: its faces in canonical order, train first, and what is known of them.

    skipped: files that could not be read, with the reason, under on_error=skip. cache_dir: where
    photos are kept that must be searched for; None keeps them nowhere.
    """

    name: str
    faces: Faces
    fingerprint: Fingerprint
    skipped: tuple[str, ...]
    cache_dir: Path | None = None

    @property
    def digest(self) -> str:
        """The hash of its faces, by which runs on them are told from runs on others."""
        return self.fingerprint.content

    def describe(self) -> str:
        """What it is and how large, in a line."""
        train, test = sum(self.fingerprint.train), sum(self.fingerprint.test)
        kind = "" if self.fingerprint.kind == self.name else f" ({self.fingerprint.kind})"
        return f"{self.name}{kind}: {train:,} faces to train on, {test:,} to test"

    def train(self) -> Faces:
        """The faces to fit on and to select by."""
        return self._part(slice(0, sum(self.fingerprint.train)), "train")

    def test(self) -> Faces:
        """The faces to evaluate on, once. Training never calls this."""
        return self._part(slice(sum(self.fingerprint.train), None), "test")

    @functools.cached_property
    def photos(self) -> np.ndarray:
        """The photo of each face, int64 [N]; see `photos.photos_of`. Costs nothing until it is asked for."""
        return photos.photos_of(self.faces, self.fingerprint, self.cache_dir)

    @property
    def train_photos(self) -> np.ndarray:
        """The photo of each training face, int64 [N]."""
        return self.photos[: sum(self.fingerprint.train)]

    @functools.cached_property
    def copies(self) -> Copies | None:
        """How often its photos recur; None where that would take a search."""
        found = vars(self).get("photos")
        if found is None:
            found = photos.known_photos(self.faces, self.fingerprint, self.cache_dir)
        return None if found is None else Copies.of(self.faces, found)

    def test_parts(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (name, positions in test) of the parts that a test score is reported on.

        Those of `Faces.parts`, and `union_no_near_copies`: the union without faces of any photo of train.
        Where the set is too large to search for near-copies, that is left out and the log says so.
        """
        yield from self.test().parts(self.train().group)
        try:
            train, test = np.split(self.photos, [sum(self.fingerprint.train)])
        except UserError as error:
            log.warning("no score on union_no_near_copies: %s", error)
            return
        yield "union_no_near_copies", np.flatnonzero(~np.isin(test, train))

    def _part(self, where: slice, name: str) -> Faces:
        part = self.faces[where]
        if not len(part):
            raise UserError(f"data={self.name}: the set has no {name} faces")
        return part
