"""What the tests of networks share."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def pixels(tiny_faces) -> np.ndarray:
    """Some pictures, one pixel of them constant."""
    found = tiny_faces.pixels.copy()
    found[:, 0, 0] = 7
    return found
