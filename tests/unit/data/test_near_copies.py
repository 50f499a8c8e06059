"""Faces of one photo are found however they were cut, and no others."""

import itertools

import numpy as np
import pytest
from helpers.photos import cut, photos, real
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_exp.data import fer2013_faces, near_copies
from fer_exp.data.near_copy_sheet import near_copy_sheet

# Pairs of the same photo in FER-2013 that were seen by eye.
SEEN = [
    ("PrivateTest_57288449", "Training_22249127"),
    ("PublicTest_21498023", "Training_47841216"),
    ("PrivateTest_34615392", "Training_52261766"),
    ("PublicTest_60061352", "Training_19633495"),
    ("PrivateTest_46939282", "Training_1603531"),
]


def by_hand(pixels: np.ndarray) -> dict[tuple[int, int], tuple[float, int, int, bool]]:
    """The best correlation of each two faces, with its shift, tried one after another."""
    found = {}
    for mirrored in (False, True):
        turned = pixels[:, :, ::-1] if mirrored else pixels
        for down in range(-4, 5):
            for right in range(-4, 5):
                a = pixels[:, max(down, 0) : 48 + min(down, 0), max(right, 0) : 48 + min(right, 0)]
                b = turned[:, max(-down, 0) : 48 + min(-down, 0), max(-right, 0) : 48 + min(-right, 0)]
                values = np.corrcoef(a.reshape(len(a), -1), b.reshape(len(b), -1))[: len(a), len(a) :]
                for pair in itertools.combinations(range(len(pixels)), 2):
                    tried = (values[pair], down, right, mirrored)
                    found[pair] = max(tried, found.get(pair, tried))
    return found


@pytest.mark.slow
@given(st.integers(0, 2**32), st.floats(0.2, 0.9))
@settings(max_examples=8)
def test_every_pair_is_found_that_a_search_by_hand_finds(seed, threshold):
    """With its correlation, shift and mirroring; faces are blends, so that many lie near the threshold."""
    rng = np.random.default_rng(seed)
    photo = photos(6, seed).astype(float)
    made = []
    for _ in range(12):
        first, second = rng.integers(0, 6, 2)
        blend = photo[first] + rng.random() * (photo[second] - photo[first])
        face = cut(blend, *rng.integers(-2, 3, 2)).astype(np.uint8)
        made.append(face[:, ::-1] if rng.random() < 0.3 else face)
    pixels = np.unique(np.stack(made), axis=0)
    found = near_copies.near_copies(pixels, threshold)
    got = {(a, b): rest for a, b, *rest in zip(*(getattr(found, name) for name in vars(found)), strict=True)}
    for pair, (value, *shift) in by_hand(pixels).items():
        assert (pair in got) == (value >= threshold)
        if value >= threshold:
            assert got[pair] == [pytest.approx(value), *shift]


def test_shifted_mirrored_and_brightened_faces_are_one_photo():
    """A chain of them is one group; a stranger, a plain face and its identical twin are not of it."""
    photo, stranger = photos(2, 1)
    bright = (cut(photo, 0, 0) * 0.6 + 90).astype(np.uint8)
    plain = np.full((48, 48), 7, np.uint8)
    own = cut(stranger, 0, 0)
    copies = [cut(photo, 0, 0), cut(photo, 3, -4), cut(photo, -1, 2)[:, ::-1], bright]
    pixels = np.stack([own, copies[0], plain, *copies[1:], plain, own])
    pairs = near_copies.near_copies(pixels)
    np.testing.assert_array_equal(near_copies.groups(pixels, pairs), [0, 1, 2, 1, 1, 1, 2, 0])


def test_a_plain_face_is_like_no_other():
    """Noise of a grey level on one colour says nothing of a photo."""
    face = np.full((48, 48), 100, np.uint8)
    dotted, moved = face.copy(), face.copy()
    dotted[20:30, 20:30] = 110
    moved[21:31, 20:30] = 110
    assert len(near_copies.near_copies(np.stack([face, dotted, moved]))) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_a_set_may_be_empty(n):
    """Nothing is found, and each face is a group."""
    pixels = photos(1, 0, 48)[:n]
    pairs = near_copies.near_copies(pixels)
    assert len(pairs) == 0
    assert near_copies.groups(pixels, pairs).tolist() == list(range(n))


def test_blocks_do_not_change_what_is_found(monkeypatch):
    """Sets of more faces than a block takes are searched like small ones."""
    photo = photos(20, 3)
    pixels = np.concatenate([[cut(each, 0, 0) for each in photo], [cut(each, -2, 1) for each in photo]])
    whole = near_copies.near_copies(pixels)
    assert whole.second.tolist() == list(range(20, 40))
    for name, value in {"_ROWS": 7, "_COLUMNS": 11, "_PAIRS": 3}.items():
        monkeypatch.setattr(near_copies, name, value)
    again = near_copies.near_copies(pixels)
    for name, column in vars(whole).items():
        np.testing.assert_array_equal(getattr(again, name), column)


def test_a_sheet_shows_pairs_of_all_correlations(tmp_path):
    """As many as there are, or a sample from the lowest to the highest; none is an empty sheet."""
    photo = photos(100, 6)
    pixels = np.concatenate([[cut(each, 0, 0) for each in photo], [cut(each, 1, 1) for each in photo]])
    pairs = near_copies.near_copies(pixels)
    assert near_copy_sheet(pixels, pairs, tmp_path / "many.png") == 64
    assert near_copy_sheet(pixels, pairs[:3], tmp_path / "few.png") == 3
    assert near_copy_sheet(pixels, pairs[:0], tmp_path / "none.png") == 0
    with Image.open(tmp_path / "few.png") as sheet:
        shown = np.asarray(sheet)[8:104, 8:104]
    assert any(np.array_equal(shown[::2, ::2], face) for face in pixels[:3])


@pytest.mark.slow
def test_the_table_of_fer2013_is_what_the_search_finds():
    """Every photo of the 35,887 faces; the pairs that an eye has seen are among them."""
    pixels, names = real()
    groups = fer2013_faces.photos(pixels)
    stems = {name.rpartition("/")[2].removesuffix(".jpg"): number for number, name in enumerate(names)}
    for first, second in SEEN:
        assert groups[stems[first]] == groups[stems[second]]
    searched = near_copies.groups(pixels, near_copies.near_copies(pixels))
    np.testing.assert_array_equal(groups, searched)
