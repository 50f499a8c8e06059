"""One order of faces, whichever way they came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS


@given(st.integers(0, 1000))
def test_faces_may_come_one_by_one(tiny_faces, seed):
    """In any order, as a source gives them; and none gives a set of none."""
    order = np.random.default_rng(seed).permutation(len(tiny_faces))
    columns = ("pixels", "labels", "usage", "group")
    rows = zip(*(getattr(tiny_faces, name)[order] for name in columns[:3]), strict=True)
    found = Faces.from_rows(rows)
    for column in columns:
        np.testing.assert_array_equal(getattr(found, column), getattr(tiny_faces, column))
    assert len(Faces.from_rows(())) == 0


def test_train_comes_first(tiny_faces):
    """So that train and test are slices of one map."""
    assert np.all(np.diff(tiny_faces.usage != Usage.TRAIN) >= 0)


def test_identical_faces_share_a_group_across_splits():
    """Pixels alone decide, not label or split."""
    pixels = np.zeros((4, 48, 48), np.uint8)
    pixels[2:, 5, 5] = 9
    found = Faces.of(pixels, np.array([0, 1, 2, 2]), np.array([0, 0, 0, 1]))
    assert len(set(found.group)) == 2
    by_mark = {int(p[5, 5]): set() for p in found.pixels}
    for p, group in zip(found.pixels, found.group, strict=True):
        by_mark[int(p[5, 5])].add(int(group))
    assert all(len(groups) == 1 for groups in by_mark.values())


def test_wrong_arrays_are_a_bug_with_words():
    """Shapes and types are checked where faces are made."""
    with pytest.raises(ValueError, match="1 images, 2 labels"):
        Faces.of(np.zeros((1, 48, 48), np.uint8), np.zeros(2, int), np.zeros(1, int))
    with pytest.raises(ValueError, match="pixels must be uint8"):
        Faces.of(np.zeros((1, 48, 48)), np.zeros(1, int), np.zeros(1, int))


def test_emotions_stand_in_the_order_of_the_csv_codes():
    """sad 4, surprise 5, neutral 6: not the alphabet's."""
    assert EMOTIONS[4:] == ("sad", "surprise", "neutral")


@pytest.mark.parametrize("usage", [Usage.PUBLIC, Usage.PRIVATE, Usage.TEST])
def test_a_half_that_is_not_there_is_no_part(tiny_faces, usage):
    """Nobody reports a score on no faces."""
    train, test = tiny_faces[tiny_faces.usage == 0], tiny_faces[tiny_faces.usage == 1]
    test = Faces.of(test.pixels, test.labels, np.full(len(test), usage))
    halves = {Usage.PUBLIC: ["public"], Usage.PRIVATE: ["private"], Usage.TEST: []}
    assert [name for name, _ in test.parts(train.group)] == [*halves[usage], "union", "union_no_copies"]


def test_parts_are_positions_in_these_faces(tiny_faces):
    """So that a prediction made once is scored on each part."""
    test = tiny_faces[tiny_faces.usage != 0]
    parts = dict(test.parts(test.group[:5]))
    assert set(test[parts["public"]].usage) == {Usage.PUBLIC}
    assert set(test[parts["private"]].usage) == {Usage.PRIVATE}
    np.testing.assert_array_equal(parts["union_no_copies"], np.arange(5, len(test)))


def test_counts_name_every_emotion_also_the_absent(tiny_faces):
    """In the one order."""
    assert tiny_faces.counts() == dict.fromkeys(EMOTIONS, 10)
    assert list(tiny_faces[tiny_faces.labels == 3].counts().values()) == [0, 0, 0, 10, 0, 0, 0]
