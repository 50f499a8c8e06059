"""Shares that are made with known faces and batches are found again; chances are counted by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_exp.audit.grim import attainable, printed_value

sizes = st.integers(1, 400)
batch_sizes = st.integers(1, 70)


def all_shares(faces, batch=None):
    """Every attainable share, straight from the definition, as exact fractions."""
    batch = batch or faces
    batches = -(-faces // batch)
    last = faces - batch * (batches - 1)
    return {
        (Fraction(full, batch) + Fraction(right, last)) / batches
        for full in range(batch * (batches - 1) + 1)
        for right in range(last + 1)
    }


def shares_of(faces, batch):
    """Counts without a batch size, means over batches with one."""
    return attainable.batch_means(faces, batch) if batch else attainable.counts(faces)


@given(st.integers(1, 60), st.none() | st.integers(1, 20))
def test_numbers_are_those_of_the_definition(faces, batch):
    """How many steps can arise up to each, and the ways to each, agree with trying all numerators."""
    shares = shares_of(faces, batch)
    found = {Fraction(t, shares.steps) for t in range(shares.steps + 1) if shares.ways(t)}
    assert found == all_shares(faces, batch)
    arises = [bool(shares.ways(t)) for t in range(shares.steps + 1)]
    steps = np.arange(shares.steps + 1)
    np.testing.assert_array_equal(shares.number(0, steps), np.cumsum(arises))
    np.testing.assert_array_equal(shares.number(steps, steps), arises)
    assert shares.faces == faces


@given(st.integers(2, 60), st.integers(1, 20), st.data())
def test_ways_give_the_share(faces, batch, data):
    """All ways, and only those, have numerators in range and the right value."""
    shares = attainable.batch_means(faces, batch)
    t = data.draw(st.integers(0, shares.steps))
    per_batch = [shares.batch, shares.last]
    expected = [
        (full, right)
        for right in range(shares.last + 1)
        for full in range(faces - shares.last + 1)
        if (Fraction(full, per_batch[0]) + Fraction(right, per_batch[1])) / shares.batches
        == Fraction(t, shares.steps)
    ]
    assert shares.ways(t) == expected


def drawn_accuracies(seed, faces, batch):
    """The accuracies of batches of random answers, float64 [batches], and what was right in each."""
    right = np.random.default_rng(seed).random(faces) < 0.4
    parts = [right[start : start + batch] for start in range(0, faces, batch)]
    return [part.mean() for part in parts], [int(part.sum()) for part in parts]


@given(sizes, batch_sizes, st.integers(0, 10**6), st.integers(1, 12), st.booleans())
def test_a_rounded_mean_is_found(faces, batch, seed, decimals, percent):
    """A mean over batches that is printed with any number of digits fits its own faces and batch."""
    accuracies, _ = drawn_accuracies(seed, faces, batch)
    mean = np.mean(accuracies)
    text = f"{100 * mean:.{max(decimals - 2, 0)}f}%" if percent else f"{mean:.{decimals}f}"
    assert attainable.fit(printed_value.read(text), attainable.batch_means(faces, batch)).number


@given(sizes, batch_sizes, st.integers(0, 10**6), st.sampled_from([np.float32, np.float64]))
def test_a_logged_mean_is_found(faces, batch, seed, kind):
    """So does a running sum of floats, as a training loop logs it with all its digits."""
    accuracies, right = drawn_accuracies(seed, faces, batch)
    total = kind(0)
    for accuracy in accuracies:
        total = kind(total + kind(accuracy))
    figure = printed_value.read(np.format_float_positional(float(total / kind(len(accuracies))), trim="-"))
    shares = attainable.batch_means(faces, batch)
    found = attainable.fit(figure, shares)
    assert found.number
    if kind is np.float32 and found.number == 1 and shares.batches > 1:
        assert (sum(right[:-1]), right[-1]) in found.ways


@given(sizes, st.integers(0, 400), st.integers(1, 17))
def test_a_count_is_found(faces, right, digits):
    """A share of all faces fits them, printed with any number of digits."""
    right = min(right, faces)
    figure = printed_value.read(
        np.format_float_positional(right / faces, precision=digits, unique=False, trim="k")
    )
    found = attainable.fit(figure, attainable.counts(faces))
    assert found.number
    if found.number == 1:
        assert found.ways == [(0, right)]


@pytest.mark.slow
@given(st.integers(1, 20), st.none() | st.integers(1, 12), st.integers(1, 3))
@settings(max_examples=50)
def test_chance_of_few_digits_is_that_of_trying_all(faces, batch, decimals):
    """Each figure of so many decimals is tried against each share."""
    units = 10**decimals
    half = Fraction(1, 2 * units)
    every = all_shares(faces, batch)
    fitting = sum(any(abs(Fraction(f, units) - s) <= half for s in every) for f in range(units + 1))
    assert attainable.chance(shares_of(faces, batch), decimals, half) == pytest.approx(fitting / (units + 1))


@given(st.integers(1, 40), st.none() | st.integers(1, 12), st.integers(1, 300))
def test_chance_of_many_digits_is_that_of_a_fine_grid(faces, batch, thousandths):
    """The covered length, against the share of a million evenly spaced figures that lie near enough."""
    tolerance = Fraction(thousandths, 1000 * 20)
    every = np.array(sorted(all_shares(faces, batch)), dtype=float)
    grid = (np.arange(10**5) + 0.5) / 10**5
    place = np.searchsorted(every, grid)
    near = np.minimum(
        grid - every[np.maximum(place - 1, 0)], every[np.minimum(place, len(every) - 1)] - grid
    ) <= float(tolerance)
    found = attainable.chance(shares_of(faces, batch), 9, tolerance)
    assert found == pytest.approx(near.mean(), abs=2 * len(every) / 10**5)


def test_fit_and_chance_agree_on_every_figure():
    """The chance is the share of figures whose own fit says yes."""
    shares = attainable.batch_means(37, 8)
    figures = [printed_value.read(f"{f / 1000:.3f}") for f in range(1001)]
    fits = [attainable.fit(figure, shares) for figure in figures]
    assert fits[0].chance == pytest.approx(np.mean([fit.number > 0 for fit in fits]))


def test_a_short_figure_says_little():
    """Three digits of 5,741 faces fit always, though nine digits of the same share do not."""
    shares = attainable.counts(5741)
    assert attainable.fit(printed_value.read("0.374"), shares).chance == 1
    assert attainable.fit(printed_value.read("0.374025076"), shares).number == 0


def test_an_even_split_has_no_short_batch():
    """Faces that fill their batches give the counts."""
    assert all_shares(64, 16) == all_shares(64)
    assert attainable.batch_means(64, 16).steps == 64
    assert attainable.batch_means(5, 32) is attainable.counts(5)
