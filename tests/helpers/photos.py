"""Faces cut from made photos, and the real FER-2013 where it is."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

SHARED = Path(__file__).parents[3] / "shared" / "data"
ROOT = Path(os.environ.get("FER2013_ROOT", SHARED / "fer2013.zip"))
FERPLUS = Path(os.environ.get("FERPLUS_ROOT", SHARED / "ferplus"))


def photos(n: int, seed: int, side: int = 56) -> np.ndarray:
    """Soft random pictures, uint8 [n, side, side], as little alike as two can be."""
    rng = np.random.default_rng(seed)
    soft = gaussian_filter(rng.standard_normal((n, side, side)), (0, 2, 2))
    return np.clip(128 + 50 * soft / soft.std(), 0, 255).astype(np.uint8)


def cut(photo: np.ndarray, down: int, right: int) -> np.ndarray:
    """48x48 of a photo of 56x56, shifted from its middle."""
    return photo[4 + down : 52 + down, 4 + right : 52 + right]


def real() -> tuple[np.ndarray, list[str]]:
    """FER-2013 from its zip, with the names of its files; skips where it is not."""
    if not ROOT.is_file():
        pytest.skip(f"FER-2013 is not at {ROOT.name}: set FER2013_ROOT to its zip")
    with zipfile.ZipFile(ROOT) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        pictures = []
        for name in names:
            with archive.open(name) as file, Image.open(file) as picture:
                pictures.append(np.asarray(picture))
    return np.stack(pictures), names
