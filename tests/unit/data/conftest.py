"""A set that the tests of several modules read."""

import pytest
from helpers import faces_on_disk


@pytest.fixture
def kaggle(tiny_faces, tmp_path):
    """The tiny faces as Kaggle lays them out."""
    return faces_on_disk.folder(tiny_faces, tmp_path / "kaggle")
