"""Small faces that the tests make themselves, and a store of their own."""

import numpy as np
import pytest

from fer_exp.faces import EMOTIONS, SIDE, Faces, Usage


@pytest.fixture(scope="session")
def tiny_faces() -> Faces:
    """Seven emotions with 6 train and 4 test faces each (2 public, 2 private), all distinct noise."""
    usage = [Usage.TRAIN] * 6 + [Usage.PUBLIC] * 2 + [Usage.PRIVATE] * 2
    labels = np.repeat(np.arange(len(EMOTIONS)), len(usage))
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), SIDE, SIDE), dtype=np.uint8)
    return Faces.of(pixels, labels, np.tile(usage, len(EMOTIONS)))
