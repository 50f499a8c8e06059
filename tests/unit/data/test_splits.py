"""Validation is carved from train without losing, doubling or leaking a face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.config.faces import Split
from fer_exp.data.faces import Faces
from fer_exp.data.folds import fold
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError


def faces(labels, groups) -> Faces:
    """Faces of which only labels and groups matter."""
    n = len(labels)
    blank = np.zeros((n, 48, 48), dtype=np.uint8)
    return Faces(blank, np.asarray(labels), np.zeros(n, np.uint8), np.asarray(groups), np.full(n, -1))


def split(train, config, seed):
    """The split of faces whose photos are their groups."""
    return train_val_split(train, train.group, config, seed)


def drawn(seed) -> Faces:
    """Faces some of which are copies."""
    rng = np.random.default_rng(seed)
    return faces(rng.integers(0, 7, 400), rng.integers(0, 300, 400))


@given(st.integers(0, 2**32).map(drawn), st.sampled_from(["grouped", "random"]), st.integers(0, 5))
def test_the_parts_are_disjoint_and_whole(train, method, seed):
    """Every face is in exactly one part, and the same seed gives the same parts, another one others."""
    parts = split(train, Split(method, 0.2), seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.fit, parts.validation])), np.arange(400))
    np.testing.assert_array_equal(split(train, Split(method, 0.2), seed).fit, parts.fit)
    assert set(split(train, Split(method, 0.2), seed + 1).validation) != set(parts.validation)


def test_a_seed_is_a_run_of_the_cross_validation():
    """Unless the setting names one, whatever the seed of the training; another seed cuts anew."""
    train = drawn(0)
    for seed in (0, 7):
        parts = split(train, Split("grouped", 0.2), seed)
        fit, validation = fold(train.labels, train.group, seed)
        np.testing.assert_array_equal(parts.fit, fit)
        np.testing.assert_array_equal(parts.validation, validation)
    one, other = (split(train, Split("grouped", 0.2, 0, 5), seed) for seed in (1, 2))
    np.testing.assert_array_equal(one.fit, other.fit)
    assert set(split(train, Split("grouped", 0.2, 1), 0).fit) != set(
        split(train, Split("grouped", 0.2), 0).fit
    )


@pytest.mark.parametrize("fraction", [0.3, 0.9])
def test_folds_are_equal(fraction):
    """Another share is none of a cross-validation."""
    with pytest.raises(UserError, match="split=grouped cuts train into equal folds; take one of k"):
        split(faces(np.zeros(100, int), np.arange(100)), Split("grouped", fraction), 0)


def test_the_random_carve_has_the_decks_sizes():
    """22,968 and 5,741 of 28,709 (A2)."""
    parts = split(faces(np.zeros(28709, int), np.arange(28709)), Split("random", 0.2), 0)
    assert (len(parts.fit), len(parts.validation)) == (22968, 5741)


def test_too_few_faces_are_refused():
    """Both parts need a face, and the message says which has none."""
    with pytest.raises(UserError, match=r"split\.validation_fraction=0\.2.*0 to validate with"):
        split(faces([0, 1], [0, 1]), Split("random", 0.2), 0)
    with pytest.raises(UserError, match="2 faces of 2 photos cannot be cut into 5 folds"):
        split(faces([0, 1], [0, 1]), Split("grouped", 0.2), 0)
