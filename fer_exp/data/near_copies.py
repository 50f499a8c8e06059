"""Near-copies: faces cut from the same photo whose pixels are not quite the same.

Two faces are near-copies if their correlation, at a shift of up to four pixels or with one of them mirrored,
is high enough. Every pair of a set is searched, and none can be missed: a face is described by a few cosine
coefficients and the length of what they leave out, and the product of two descriptions is never below the
correlation (Cauchy-Schwarz). The few pairs that the bound lets pass are then correlated exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fer_exp.data.pixel_keys import pixel_keys
from fer_exp.fer2013 import SIDE

# The largest shift in pixels, down or right. Of FER-2013's near-copies two thirds are off by one at most.
SHIFT = 4

# From here on two faces count as one photo. By eye, all of 239 pairs of FER-2013 that reach it are one photo.
# From .92 to .94 62 of 64 upright pairs are, from .90 to .92 52 of 64; mirrored from .91 to .94 19 of 64.
NEAR = 0.94

# Standard deviation in grey levels below which a window counts as plain and is no near-copy of anything. Of
# FER-2013's faces 13 are constant and one has less than this; the 19 below 15 are near-copies of none.
PLAIN = 5.0

# Cosine coefficients of a description. With 31, one pair of FER-2013 in 30,000 passes the bound; fewer let
# more pass, more make the products dearer.
COEFFICIENTS = 31

# Waves a side of which the longest are taken.
_LONGEST = 12

# Above the rounding of float32 sums, about 1e-6, and below any difference that matters.
_SLACK = 1e-4

# Faces multiplied at a time: their products take 4 MB, which a cache holds.
_ROWS, _COLUMNS = 512, 2048

# Pairs correlated at a time: their pixels take 5 MB as whole numbers of four bytes.
_PAIRS = 256


@dataclass(frozen=True)
class Pairs:
    """Pairs of different pictures at their best shift, ordered by `first`, then `second`.

    first, second: int64 [P], positions in the set, first < second; of identical pictures the first one
    stands for all. correlation: float64 [P]. down, right: int64 [P], by how many pixels the first face
    lies lower and further right than the second. mirrored: bool [P], whether the second was turned.
    """

    first: np.ndarray
    second: np.ndarray
    correlation: np.ndarray
    down: np.ndarray
    right: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, index: np.ndarray | slice) -> "Pairs":
        """The pairs at `index` (positions, a mask or a slice), in that order."""
        return Pairs(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def joined(cls, parts: list["Pairs"]) -> "Pairs":
        """All pairs of the parts, which must be one or more."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True)
class _Windows:
    """One window of every face. pixels: uint8 [N, h, w].

    described: float32 [N, COEFFICIENTS + 1], of unit length, or 0 where the window is plain.
    total, spread: int64 [N], the sum of its pixels, and h * w times the sum of their squared deviations.
    """

    pixels: np.ndarray
    described: np.ndarray
    total: np.ndarray
    spread: np.ndarray


def near_copies(pixels: np.ndarray, threshold: float = NEAR) -> Pairs:
    """All pairs of pictures whose correlation reaches the threshold at some shift, mirrored or not.

    Takes uint8 [N, 48, 48]. The correlation is that of the pixels where the two overlap. Identical pictures
    are no pair; plain windows have no correlation. The same set gives the same pairs on every machine, since
    a correlation is a ratio of whole sums. FER-2013 takes three minutes of one core and 250 MB beside
    its pixels; time grows with the square of the set.
    """
    _, first_of = np.unique(pixel_keys(pixels), return_index=True)
    at = np.sort(first_of)
    different = np.ascontiguousarray(pixels[at])
    none = np.zeros(0, np.int64)
    parts = [Pairs(none, none, none.astype(float), none, none, none.astype(bool))]
    parts += [
        part
        for down in range(SHIFT + 1)
        for right in range(-SHIFT, SHIFT + 1)
        for part in _pairs_at(different, down, right, threshold)
    ]
    return _best(Pairs.joined(parts), at)


def groups(pixels: np.ndarray, pairs: Pairs) -> np.ndarray:
    """A number for each face, int64 [N], equal for faces of one photo: identical ones and chains of pairs.

    Groups are numbered in the order of their first face. Takes uint8 [N, 48, 48] and its near-copies.
    """
    _, member = np.unique(pixel_keys(pixels), return_inverse=True)
    n = len(pixels)
    links = coo_array((np.ones(len(pairs), bool), (member[pairs.first], member[pairs.second])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    _, first_of, found = np.unique(component[member], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first_of))[found].astype(np.int64)


def _pairs_at(pixels: np.ndarray, down: int, right: int, threshold: float) -> Iterator[Pairs]:
    """The pairs of different pictures at one shift, first as they are, then with the second mirrored.

    Either of two faces may be the first, so shifts up are those down of the other, and where both ways are
    the same shift only half of the pairs are looked at.
    """
    rows, columns = slice(down, SIDE), slice(max(right, 0), SIDE + min(right, 0))
    upper, opposite = slice(0, SIDE - down), slice(max(-right, 0), SIDE - max(right, 0))
    here = _windows(pixels[:, rows, columns])
    for mirrored in (False, True):
        if not mirrored and down == 0 and right < 0:
            continue
        # what the opposite columns hold of a mirrored face are these columns, turned
        there = pixels[:, upper, columns][:, :, ::-1] if mirrored else pixels[:, upper, opposite]
        half = down == 0 and (mirrored or right == 0)
        for first, second, correlation in _matches(here, _windows(there), half, threshold):
            shift = (np.full(len(first), value) for value in (down, right, mirrored))
            yield Pairs(first, second, correlation, *shift)


def _windows(pixels: np.ndarray) -> _Windows:
    """Describe a window of every face, uint8 [N, h, w]."""
    n, height, width = pixels.shape
    size = height * width
    waves = _waves(height, width)
    described = np.zeros((n, COEFFICIENTS + 1), np.float32)
    total, spread = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for start in range(0, n, _ROWS):
        block = slice(start, start + _ROWS)
        flat = pixels[block].reshape(-1, size).astype(np.int32)
        total[block] = flat.sum(axis=1)
        spread[block] = size * np.einsum("ij,ij->i", flat, flat).astype(np.int64) - total[block] ** 2
        described[block, :-1] = flat.astype(np.float32) @ waves
    described[:, :-1] /= np.sqrt(np.maximum(spread, 1) / size)[:, None]
    described[:, -1] = np.sqrt(np.maximum(1 - np.square(described[:, :-1]).sum(axis=1), 0))
    # the deviation is the root of spread, over size
    described[spread < (PLAIN * size) ** 2] = 0
    return _Windows(pixels, described, total, spread)


def _waves(height: int, width: int) -> np.ndarray:
    """The longest cosine waves of a window, float32 [h * w, COEFFICIENTS]: orthonormal, each of mean 0."""

    def along(side: int) -> np.ndarray:
        wave = np.cos(np.pi * np.outer(np.arange(side) + 0.5, np.arange(_LONGEST)) / side)
        return wave / np.linalg.norm(wave, axis=0)

    both = np.einsum("yu,xv->yxuv", along(height), along(width)).reshape(height * width, -1)
    down, across = np.divmod(np.arange(_LONGEST**2), _LONGEST)
    # a photo's energy falls with frequency in all directions alike
    longest = np.argsort(down**2 + across**2, kind="stable")[1 : COEFFICIENTS + 1]
    return both[:, longest].astype(np.float32)


def _matches(
    here: _Windows, there: _Windows, half: bool, threshold: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (first, second, correlation) of windows that correlate; `half`: where first < second alone."""
    n = len(here.described)
    products = np.empty((_ROWS, _COLUMNS), np.float32)
    for top in range(0, n, _ROWS):
        ours = here.described[top : top + _ROWS]
        for left in range(top if half else 0, n, _COLUMNS):
            theirs = there.described[left : left + _COLUMNS]
            bound = products[: len(ours), : len(theirs)]
            np.matmul(ours, theirs.T, out=bound)
            # much faster than np.nonzero
            first, second = np.divmod(np.flatnonzero(bound >= threshold - _SLACK), len(theirs))
            first, second = first + top, second + left
            passed = first < second if half else first != second
            yield from _exact(here, there, first[passed], second[passed], threshold)


def _exact(
    here: _Windows, there: _Windows, first: np.ndarray, second: np.ndarray, threshold: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield those of the given pairs whose correlation reaches the threshold, with it."""
    size = here.pixels[0].size
    for start in range(0, len(first), _PAIRS):
        one, other = first[start : start + _PAIRS], second[start : start + _PAIRS]
        # whole numbers: no sum is rounded, whatever order a processor adds in
        products = np.einsum(
            "pyx,pyx->p", here.pixels[one].astype(np.int32), there.pixels[other].astype(np.int32)
        ).astype(np.int64)
        together = size * products - here.total[one] * there.total[other]
        correlation = together / np.sqrt(here.spread[one].astype(float) * there.spread[other])
        reached = correlation >= threshold
        yield one[reached], other[reached], correlation[reached]


def _best(pairs: Pairs, at: np.ndarray) -> Pairs:
    """Each pair once, at the shift where it correlates best, with positions in the whole set.

    at: int64, where each different picture stands first, ascending.
    """
    # where the second came first, the shift is the other way; a mirrored face shifts to the same side
    swapped = pairs.first > pairs.second
    first = np.where(swapped, pairs.second, pairs.first)
    second = np.where(swapped, pairs.first, pairs.second)
    down = np.where(swapped, -pairs.down, pairs.down)
    right = np.where(swapped & ~pairs.mirrored, -pairs.right, pairs.right)
    distance = down**2 + right**2
    order = np.lexsort((down, right, distance, pairs.mirrored, -pairs.correlation, second, first))
    _, best = np.unique(first[order] * len(at) + second[order], return_index=True)
    kept = order[best]
    return Pairs(
        at[first[kept]],
        at[second[kept]],
        pairs.correlation[kept],
        down[kept],
        right[kept],
        pairs.mirrored[kept],
    )
