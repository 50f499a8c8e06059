"""Sets and votes that the tests of several modules read."""

import numpy as np
import pytest
from helpers import faces_on_disk
from helpers.vote_files import votes_for

from fer_exp.data import ferplus


@pytest.fixture
def shuffled(tiny_faces):
    """The tiny faces in an order that no source keeps."""
    return tiny_faces[np.random.default_rng(1).permutation(len(tiny_faces))]


@pytest.fixture
def votes(shuffled):
    """Votes that move every label on by one, so that none is FER-2013's own."""
    return [votes_for(ferplus.OURS[(label + 1) % 7]) for label in shuffled.labels]


@pytest.fixture
def kaggle(tiny_faces, tmp_path):
    """The tiny faces as Kaggle lays them out."""
    return faces_on_disk.folder(tiny_faces, tmp_path / "kaggle")
