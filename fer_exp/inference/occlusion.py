"""Which parts of a face a network's answer hangs on, found by covering them one at a time.

A flat grey patch slides over the face, and the fall of one class's probability is measured. Unlike a
gradient, which tells of changes too small to see, this says what would happen if the spot were hidden;
and a small network answers all covered faces in one pass.
"""

from collections.abc import Callable, Iterator

import numpy as np

from fer_exp.fer2013 import SIDE

# An eye or a corner of the mouth; what is smaller hardly moves any probability.
PATCH = 8

# Pixels between neighbouring patches.
STEP = 2

# Falls of probability below this are drawn faint: a picture of nothing must not look like one.
FAINT = 0.01

# Told apart by the colour-blind, and over grey by anyone: the probability falls, or rises.
FALLS, RISES = (230, 100, 0), (30, 130, 255)

# The opacity of the strongest pixel, of 255: the face must stay visible below it.
_STRONGEST = 190

# From pictures uint8 [N, 48, 48] to probabilities float64 [N, classes].
Probabilities = Callable[[np.ndarray], np.ndarray]


def _patches() -> Iterator[tuple[slice, slice]]:
    """Where the patch lies, row by row from the upper left."""
    starts = range(0, SIDE - PATCH + 1, STEP)
    for top in starts:
        for left in starts:
            yield slice(top, top + PATCH), slice(left, left + PATCH)


def falls(probabilities: Probabilities, pixels: np.ndarray, label: int) -> np.ndarray:
    """By how much each patch lowers the probability of class `label`, float64 [patches]; of 1.

    pixels: one picture, uint8 [48, 48]. A patch is as bright as the picture is on average, so that it
    hides a spot without making the picture brighter or darker. Negative where the probability rises.
    """
    places = list(_patches())
    covered = np.repeat(pixels[None], len(places) + 1, axis=0)
    for picture, place in zip(covered[1:], places, strict=True):
        picture[place] = round(pixels.mean())
    chances = probabilities(covered)[:, label]
    return chances[0] - chances[1:]


def spread(found: np.ndarray) -> np.ndarray:
    """Falls [patches] as a picture, float64 [48, 48]: a pixel has the mean of the patches that cover it."""
    total, count = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for place, fall in zip(_patches(), found, strict=True):
        total[place] += fall
        count[place] += 1
    return total / count


def overlay(picture: np.ndarray) -> np.ndarray:
    """Falls as a picture [48, 48], coloured to be laid over the face: uint8 [48, 48, 4], RGBA."""
    strength = np.abs(picture) / max(FAINT, np.abs(picture).max())
    colour = np.where((picture > 0)[..., None], FALLS, RISES)
    return np.dstack([colour, np.rint(_STRONGEST * strength)]).astype(np.uint8)
