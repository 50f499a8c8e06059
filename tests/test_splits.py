"""Validation is carved from train without losing, doubling or leaking a face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.errors import UserError
from fer_exp.faces import Faces
from fer_exp.settings import Split
from fer_exp.splits import carve


def faces(labels, groups) -> Faces:
    """Faces of which only labels and groups matter."""
    n = len(labels)
    blank = np.zeros((n, 48, 48), dtype=np.uint8)
    return Faces(blank, np.asarray(labels), np.zeros(n, np.uint8), np.asarray(groups))


many = (
    st.integers(0, 2**32)
    .map(np.random.default_rng)
    .map(lambda rng: faces(rng.integers(0, 7, 400), rng.integers(0, 300, 400)))
)


@given(many, st.sampled_from(["grouped", "random"]), st.integers(0, 5))
def test_the_parts_are_disjoint_and_whole(train, method, seed):
    """Every face is in exactly one part, and the same seed gives the same parts."""
    parts = carve(train, Split(method, 0.2), seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.fit, parts.validation])), np.arange(400))
    np.testing.assert_array_equal(carve(train, Split(method, 0.2), seed).fit, parts.fit)


@given(many, st.integers(0, 5))
def test_no_copy_sits_on_both_sides(train, seed):
    """A group of identical faces is fitted on or validated with, never both."""
    parts = carve(train, Split("grouped", 0.2), seed)
    assert not set(train.group[parts.fit]) & set(train.group[parts.validation])


def test_each_class_gives_its_fraction():
    """Stratified: 20 % of each class, to within its largest group."""
    train = faces(np.repeat(np.arange(7), 100), np.arange(700) // 2)
    parts = carve(train, Split("grouped", 0.2), 0)
    np.testing.assert_array_equal(np.bincount(train.labels[parts.validation]), [20] * 7)


def test_the_random_carve_has_the_decks_sizes():
    """22,968 and 5,741 of 28,709 (A2)."""
    parts = carve(faces(np.zeros(28709, int), np.arange(28709)), Split("random", 0.2), 0)
    assert (len(parts.fit), len(parts.validation)) == (22968, 5741)


def test_another_seed_carves_otherwise():
    """Seeds vary the split too, so their spread covers it."""
    train = faces(np.repeat(np.arange(7), 50), np.arange(350))
    one, two = (set(carve(train, Split("grouped", 0.2), seed).validation) for seed in (0, 1))
    assert one != two


@pytest.mark.parametrize("method", ["grouped", "random"])
def test_too_few_faces_are_refused(method):
    """Both parts need a face, and the message says which has none."""
    with pytest.raises(UserError, match=r"split\.validation_fraction=0\.2.*0 to validate with"):
        carve(faces([0, 1], [0, 1]), Split(method, 0.2), 0)
