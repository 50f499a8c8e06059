"""The photo of each face, looked up or searched once."""

import dataclasses
import logging

import numpy as np
import pytest
from helpers.photos import cut, photos

from fer_exp.config.faces import Split
from fer_exp.data import fer2013_faces, fingerprint, near_copies
from fer_exp.data import photos as photos_module
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces
from fer_exp.data.splits import split_of
from fer_exp.errors import UserError

# Which photo, how far to the right, and the split of each made face.
CUTS = [(0, 0, 0), (0, 2, 3), (1, 0, 0), (1, 0, 3), (2, 0, 0), (3, 0, 3), (3, 0, 0), (4, 0, 3), (4, -1, 0)]


@pytest.fixture
def made():
    """Faces of five photos, as a set that nobody knows."""
    photo = photos(5, 5)
    pixels = np.stack([cut(photo[each], 0, right) for each, right, _ in CUTS])
    return Faces.of(pixels, np.arange(len(CUTS)) % 7, np.array([usage for *_, usage in CUTS]))


def photo_of(faces):
    """The photo of `CUTS` that each face was cut from."""
    photo = photos(5, 5)
    known = {cut(photo[each], 0, right).tobytes(): each for each, right, _ in CUTS}
    return np.array([known[face.tobytes()] for face in faces.pixels])


def same_parts(one, other):
    """Whether two numberings put the same faces together."""
    return np.array_equal(one[:, None] == one, other[:, None] == other)


def test_a_strange_set_is_searched_once(made, tmp_path, monkeypatch):
    """What was found lies in the cache, whole; a damaged answer is searched for anew."""
    taken = fingerprint.take(made, drawn=False)
    found = Dataset("fer2013", made, taken, (), tmp_path).photos
    assert same_parts(found, photo_of(made))
    [path] = tmp_path.iterdir()
    monkeypatch.setattr(near_copies, "near_copies", None)
    again = Dataset("fer2013", made, taken, (), tmp_path)
    np.testing.assert_array_equal(again.photos, found)
    assert again.photos is again.photos
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:-8])
    np.testing.assert_array_equal(Dataset("fer2013", made, taken, (), tmp_path).photos, found)
    np.testing.assert_array_equal(Dataset("fer2013", made, taken, (), tmp_path / "new").photos, found)
    assert same_parts(Dataset("fer2013", made, taken, ()).photos, found)


def test_copies_are_counted_where_that_takes_no_search(made, tmp_path):
    """So that a job may keep their numbers, and starts no later for it."""
    taken = fingerprint.take(made, drawn=False)
    assert Dataset("fer2013", made, taken, (), tmp_path).copies is None
    searched = Dataset("fer2013", made, taken, (), tmp_path)
    assert searched.photos is not None
    assert searched.copies == Dataset("fer2013", made, taken, (), tmp_path).copies
    assert (searched.copies.photos, searched.copies.test_exact, searched.copies.test_near) == (5, 2, 2)


def test_a_random_split_needs_no_photos(made, monkeypatch):
    """A set too large to be searched, in a time that grows with its square, is of use without."""
    monkeypatch.setattr(photos_module, "MOST_SEARCHED", 8)
    strange = Dataset("fer2013", made, fingerprint.take(made, drawn=False), ())
    assert len(split_of(strange, Split("random", 0.5), 0).fit) == 3
    with pytest.raises(UserError, match="9 faces are too many to search for near-copies"):
        split_of(strange, Split("grouped", 0.5), 0)


def test_a_cache_that_cannot_be_written_is_named(made, tmp_path):
    """In one line, as for the set itself."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(UserError, match=r"data\.cache_dir=.*/a: cannot write the cache"):
        photos_module.photos_of(made, fingerprint.take(made, drawn=False), tmp_path / "a")


def test_a_long_search_is_told_beforehand(made, monkeypatch, caplog):
    """By its minutes."""
    monkeypatch.setattr(fer2013_faces, "ROWS", 9)
    with caplog.at_level(logging.INFO):
        photos_module.photos_of(made, fingerprint.take(made, drawn=False), None)
    assert "once: about 3.0 minutes of one core" in caplog.text


def test_drawn_faces_are_of_one_photo_where_their_pixels_are_the_same(made):
    """They were cut from none."""
    found = photos_module.photos_of(made, fingerprint.take(made, drawn=True), None)
    np.testing.assert_array_equal(found, made.group)


@pytest.fixture
def original(made, monkeypatch):
    """The made faces as the original pixels, with the photos of their rows, one of which has no file."""
    of_row = np.array([each for each, *_ in CUTS])
    of_row[0] = 99
    monkeypatch.setattr(fer2013_faces, "ROWS", len(CUTS))
    monkeypatch.setattr(fer2013_faces, "photos_of_rows", lambda: of_row)
    monkeypatch.setattr(near_copies, "near_copies", None)
    taken = dataclasses.replace(fingerprint.take(made, drawn=False), kind="original", copy="original")
    photo = photos(5, 5)
    rows = {cut(photo[each], 0, right).tobytes(): row for row, (each, right, _) in enumerate(CUTS)}
    csv_row = np.array([rows[face.tobytes()] for face in made.pixels])
    return dataclasses.replace(made, csv_row=csv_row), taken, of_row


def test_the_original_is_looked_up_by_its_rows(original):
    """With other labels, too."""
    faces, taken, of_row = original
    for kind in ("original", "relabelled"):
        found = photos_module.photos_of(faces, dataclasses.replace(taken, kind=kind), None)
        assert same_parts(found, of_row[faces.csv_row])


def test_identical_pixels_are_one_photo_whatever_the_rows_say(original):
    """A row without a file is known by its pixels alone."""
    faces, taken, _ = original
    without_file = int(np.flatnonzero(faces.csv_row == 0)[0])
    twin = int(np.flatnonzero(faces.csv_row == 1)[0])
    group = faces.group.copy()
    group[twin] = group[without_file]
    # of many copies whose rows agree, one that does not is no sign of another order
    agreeing = np.full(12, int(np.flatnonzero(faces.csv_row == 8)[0]))
    joined = dataclasses.replace(faces, group=group)[np.concatenate([np.arange(len(faces)), agreeing])]
    found = photos_module.photos_of(joined, taken, None)
    assert found[without_file] == found[twin]


@pytest.mark.parametrize("change", ["unknown", "another order"])
def test_rows_that_are_not_to_be_trusted_are_not(original, monkeypatch, change):
    """The set is searched instead."""
    faces, taken, _ = original
    csv_row = faces.csv_row.copy()
    group = faces.group
    if change == "unknown":
        csv_row[3] = -1
    else:
        group = np.zeros(len(faces), int)
    monkeypatch.setattr(near_copies, "near_copies", lambda _: None)
    monkeypatch.setattr(near_copies, "groups", lambda pixels, _: np.full(len(pixels), 7))
    found = photos_module.photos_of(dataclasses.replace(faces, csv_row=csv_row, group=group), taken, None)
    assert set(found) == {7}
