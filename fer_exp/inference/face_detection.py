"""Where the faces are in a picture, found by OpenCV's Haar cascade, and what was done about each.

OpenCV comes with the optional extra `faces`. Whatever is shown to the network says how it was cut:
around a face, or centrally because no face was found or none was looked for.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_exp import extras
from fer_exp.data import images
from fer_exp.fer2013 import SIDE

# FER-2013's faces show a little more than the cascade frames: hair and chin.
MARGIN = 0.1

# Larger pictures are shrunk for the search; a face that counts is still tens of pixels wide then.
_LONGEST = 1024

# The cascade's window; no smaller face can be found.
_SMALLEST = 24


class BoundingBox(NamedTuple):
    """A part of a picture, as high as wide, in its pixels; x to the right and y down."""

    left: int
    top: int
    side: int


class FaceCrop(NamedTuple):
    """What the network is shown of a picture: uint8 [48, 48], around which face if any, and why."""

    pixels: np.ndarray
    face: BoundingBox | None
    note: str


# From grey pixels uint8 [H, W] to squares around its faces, from left to right.
Finder = Callable[[np.ndarray], list[BoundingBox]]


def load() -> Finder | None:
    """The Haar cascade, or None where OpenCV cannot be used."""
    if extras.lack("cv2"):
        return None
    import cv2

    # OpenCV 5 comes without cascades
    if not hasattr(cv2, "CascadeClassifier"):
        return None
    # OpenCV's stubs do not know of it
    folder = cv2.data.haarcascades  # type: ignore[attr-defined]
    cascade = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")

    def find(grey: np.ndarray) -> list[BoundingBox]:
        zoom = max(1.0, max(grey.shape) / _LONGEST)
        height, width = (max(1, round(length / zoom)) for length in grey.shape)
        shrunk = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA) if zoom > 1 else grey
        smallest = max(_SMALLEST, min(height, width) // 12)
        found = cascade.detectMultiScale(shrunk, 1.1, 5, minSize=(smallest, smallest))
        boxes = sorted([zoom * float(length) for length in box[:3]] for box in found)
        return [with_margin(left, top, side, grey.shape) for left, top, side in boxes]

    return find


def with_margin(left: float, top: float, side: float, shape: tuple[int, ...]) -> BoundingBox:
    """A square with a margin on every side, moved and if need be shrunk to lie within [H, W] pixels."""
    height, width = shape
    wider = min(round(side * (1 + 2 * MARGIN)), height, width)
    middle = left + side / 2, top + side / 2
    x, y = (round(centre - wider / 2) for centre in middle)
    return BoundingBox(min(max(x, 0), width - wider), min(max(y, 0), height - wider), wider)


def views(picture: Image.Image, finder: Finder | None) -> list[FaceCrop]:
    """What the network is shown of a grey upright picture: each face, or else one view of the middle."""
    if picture.size == (SIDE, SIDE):
        return [FaceCrop(images.cut(picture), None, f"{SIDE}x{SIDE}: taken as a face already")]
    if finder is None:
        why = f"OpenCV {extras.lack('cv2') or 'has no cascades since its version 5'}"
        note = f"no face was looked for, as {why} ({extras.installs('faces')}): the central square is used"
        return [FaceCrop(images.cut(picture), None, note)]
    found = finder(np.asarray(picture))
    if not found:
        return [FaceCrop(images.cut(picture), None, "no face was found: the central square is used")]
    return [
        FaceCrop(images.cut(picture, face), face, _which(number, len(found), face))
        for number, face in enumerate(found, start=1)
    ]


def _which(number: int, count: int, face: BoundingBox) -> str:
    which = "the face" if count == 1 else f"face {number} of {count}, from left to right,"
    return f"{which} found at {face.side}x{face.side}+{face.left}+{face.top}"
