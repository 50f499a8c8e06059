"""Faces: grey 48x48 images with an emotion and the split they belong to.

Every source (folder, zip, CSV, drawn) ends here, so that one order of emotions and one order of faces hold
everywhere: faces are sorted by their content, never by file name or row, hence the same faces give the
same arrays, splits and batches whichever source they come from.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE


class Usage(IntEnum):
    """The split a face was published in. `TEST` is a test face whose half is not known."""

    TRAIN = 0
    PUBLIC = 1
    PRIVATE = 2
    TEST = 3

    @classmethod
    def named(cls, text: object, place: str) -> "Usage":
        """The split that fer2013.csv and FER+'s file call so, in any case; UserError that names `place`."""
        found = _NAMED.get(text.strip().lower()) if isinstance(text, str) else None
        if found is None:
            raise UserError(f"{place}: Usage is {str(text)[:40]!r}, not one of {', '.join(USAGES)}")
        return found


USAGES = ("Training", "PublicTest", "PrivateTest")
_NAMED = {name.lower(): usage for name, usage in zip(USAGES, Usage, strict=False)}

# The rows of fer2013.csv, int64 [N] or -1, of pixels uint8 [N, 48, 48] of a usage uint8 [N], as they came.
CsvRows = Callable[[np.ndarray, np.ndarray], np.ndarray]

# One face: its image uint8 [48, 48], its label and its split.
Row = tuple[np.ndarray, int, Usage]


@dataclass(frozen=True)
class Faces:
    """Images and what is known of them, as arrays of one length N.

    pixels: uint8 [N, 48, 48], 0 black to 255 white.
    labels: int64 [N], index into `EMOTIONS`.
    usage:  uint8 [N], a `Usage`.
    group:  int64 [N], equal for pixel-identical faces, across splits too.
    csv_row: int64 [N], the row of fer2013.csv from 0, or -1 where it is not known.
    """

    pixels: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    group: np.ndarray
    csv_row: np.ndarray

    @classmethod
    def of(
        cls, pixels: np.ndarray, labels: np.ndarray, usage: np.ndarray, csv_row: np.ndarray | None = None
    ) -> "Faces":
        """Sort faces into the canonical order (train first, then by content) and group copies.

        Takes pixels uint8 [N, 48, 48], labels int [N] in 0..6, usage int [N] and the rows of fer2013.csv, int
        [N], where they are known; any order.
        """
        if not len(pixels) == len(labels) == len(usage):
            raise ValueError(f"{len(pixels)} images, {len(labels)} labels, {len(usage)} usages")
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"pixels must be uint8 [N, {SIDE}, {SIDE}], not {pixels.dtype} {pixels.shape}")
        csv_row = np.full(len(pixels), -1) if csv_row is None else csv_row
        group = content_rank(pixels)
        # the row orders only what is else the same, so no array but its own depends on it
        order = np.lexsort((csv_row, usage, labels, group, usage != Usage.TRAIN))
        return cls(
            pixels[order],
            labels[order].astype(np.int64),
            usage[order].astype(np.uint8),
            group[order].astype(np.int64),
            csv_row[order].astype(np.int64),
        )

    @classmethod
    def from_rows(cls, rows: Iterable[Row], csv_rows: CsvRows | None = None) -> "Faces":
        """Faces that come one by one, in any order; their pixels are held twice while they are sorted."""
        pixels, labels, usages = bytearray(), [], []
        for image, label, usage in rows:
            pixels.extend(image)
            labels.append(label)
            usages.append(usage)
        images = np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE)
        split = np.array(usages, np.uint8)
        csv_row = csv_rows(images, split) if csv_rows else None
        return cls.of(images, np.array(labels, np.int64), split, csv_row)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: np.ndarray | slice) -> "Faces":
        """The faces at `index` (positions, a mask or a slice), in that order."""
        return Faces(*(getattr(self, field.name)[index] for field in fields(self)))

    def counts(self) -> dict[str, int]:
        """Number of faces of each emotion."""
        found = np.bincount(self.labels, minlength=len(EMOTIONS))
        return dict(zip(EMOTIONS, found.tolist(), strict=True))

    def parts(self, train_group: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (name, positions) of the parts that a test score is reported on.

        `public` and `private` where the source tells them apart, `union` always, and
        `union_no_copies`: the union without faces whose pixels also occur in `train_group`.
        """
        for name, usage in (("public", Usage.PUBLIC), ("private", Usage.PRIVATE)):
            positions = np.flatnonzero(self.usage == usage)
            if len(positions):
                yield name, positions
        yield "union", np.arange(len(self))
        yield "union_no_copies", np.flatnonzero(~np.isin(self.group, train_group))


def content_rank(pixels: np.ndarray) -> np.ndarray:
    """Rank of each image, int64 [N], in the order of a 128-bit BLAKE2b of its pixels.

    Equal for pixel-identical images only; independent of the order they come in.
    """
    rows = np.ascontiguousarray(pixels).reshape(len(pixels), SIDE * SIDE)
    digests = b"".join(hashlib.blake2b(row.data, digest_size=16).digest() for row in rows)
    halves = np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    _, rank = np.unique(halves, axis=0, return_inverse=True)
    return rank.reshape(-1).astype(np.int64)
