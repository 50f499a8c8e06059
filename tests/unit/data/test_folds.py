"""Each face is validated once a repeat, no photo stands on two sides, and every class is everywhere."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.data.folds import FOLDS, fold, partition
from fer_exp.errors import UserError


def drawn(seed: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of uneven classes and groups of up to `largest` faces, here and there of several labels."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, largest + 1, 150)
    groups = np.repeat(rng.permutation(150) * 3 - 7, size)
    labels = np.repeat(rng.choice(7, 150, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.04, 0.01]), size)
    labels = np.where(rng.random(len(labels)) < 0.05, rng.integers(0, 7, len(labels)), labels)
    order = rng.permutation(len(labels))
    return labels[order], groups[order]


faces = st.builds(drawn, st.integers(0, 2**32), st.sampled_from([1, 2, 4, 30]))


@given(faces, st.integers(0, 30), st.integers(0, 2**32))
def test_each_face_is_validated_once_a_repeat(made, repeat, seed):
    """Both sides together are all faces, ascending, with none on both."""
    labels, groups = made
    times = np.zeros(len(labels), int)
    for run in range(FOLDS * repeat, FOLDS * (repeat + 1)):
        fit, validation = fold(labels, groups, run, seed)
        times[validation] += 1
        np.testing.assert_array_equal(np.sort(np.concatenate([fit, validation])), np.arange(len(labels)))
        assert (np.diff(fit) > 0).all()
        assert (np.diff(validation) > 0).all()
    assert (times == 1).all()


@given(faces, st.integers(0, 30))
def test_no_photo_stands_on_two_sides(made, run):
    """However large the photo's group and whatever its labels."""
    labels, groups = made
    fit, validation = fold(labels, groups, run)
    assert not set(groups[fit]) & set(groups[validation])


@given(faces, st.integers(0, 5), st.integers(0, 5))
def test_the_same_seed_and_repeat_cut_alike(made, repeat, seed):
    """Whatever ran before, and whatever numbers the groups have; another repeat cuts anew."""
    labels, groups = made
    cut = partition(labels, groups, repeat, seed)
    np.testing.assert_array_equal(partition(labels, groups * 5 + 1, repeat, seed), cut)
    assert (partition(labels, groups, repeat + 1, seed) != cut).any()
    assert (partition(labels, groups, repeat, seed + 1) != cut).any()


@given(st.integers(0, 2**32), st.integers(0, 5))
def test_single_faces_are_dealt_evenly(seed, repeat):
    """No fold has two faces more than another, of any class or of all."""
    labels = np.random.default_rng(seed).integers(0, 7, 203)
    cut = partition(labels, np.arange(203), repeat)
    assert np.ptp(np.bincount(cut, minlength=FOLDS)) <= 1
    for label in range(7):
        assert np.ptp(np.bincount(cut[labels == label], minlength=FOLDS)) <= 1


@given(st.integers(0, 2**32), st.sampled_from([2, 4, 30]))
def test_groups_of_one_label_are_uneven_by_no_more_than_the_largest(seed, largest):
    """Largest first, each to where its class is rarest."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, largest + 1, 60)
    groups, labels = np.repeat(np.arange(60), size), np.repeat(rng.integers(0, 3, 60), size)
    cut = partition(labels, groups, 0)
    for label in range(3):
        if (labels == label).any():
            own = labels == label
            assert np.ptp(np.bincount(cut[own], minlength=FOLDS)) <= np.bincount(groups[own]).max()


def test_a_large_group_does_not_end_its_class():
    """A fifth of a class in one photo fills a fold of it; the others share the rest."""
    labels = np.repeat([0, 1], 100)
    groups = np.where(np.arange(200) < 20, 0, np.arange(200))
    cut = partition(labels, groups, 0)
    for label in (0, 1):
        np.testing.assert_array_equal(np.bincount(cut[labels == label]), [20] * FOLDS)


@pytest.mark.parametrize(("labels", "groups"), [([0, 1, 2, 3], [0, 1, 2, 3]), ([0] * 9, [4] * 9), ([], [])])
def test_fewer_photos_than_folds_are_refused(labels, groups):
    """One line for the user, whichever fold is asked for."""
    for run in range(FOLDS):
        with pytest.raises(UserError, match="cannot be cut into 5 folds"):
            fold(np.array(labels, int), np.array(groups, int), run)


def test_a_run_before_the_first_is_a_bug():
    """Numbers of runs and seeds count from 0."""
    with pytest.raises(ValueError, match="must be 0 or more"):
        fold(np.arange(10), np.arange(10), -1)


def test_a_set_of_fer2013s_size_is_cut_at_once_and_evenly():
    """28,709 faces with copies: class shares within .3 points in each of 20 runs, in .2 s each."""
    rng = np.random.default_rng(0)
    share = np.array([3995, 436, 4097, 7215, 4830, 3171, 4965]) / 28_709
    labels, groups = rng.choice(7, 28_709, p=share), np.arange(28_709)
    for size in (60, 20, *rng.integers(2, 4, 1500)):
        start = rng.integers(0, 28_709 - size)
        groups[start : start + size] = start
    times = []
    for run in range(20):
        start = time.process_time()
        _, validation = fold(labels, groups, run)
        times.append(time.process_time() - start)
        found = np.bincount(labels[validation], minlength=7) / len(validation)
        assert np.abs(found - np.bincount(labels) / len(labels)).max() < 0.003
    assert min(times) < 0.2
