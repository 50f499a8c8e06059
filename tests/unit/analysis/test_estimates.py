"""The error of a paired difference against explicit loops, bootstraps by draws, and scipy."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from fer_exp.analysis.estimates import (
    Arm,
    Judged,
    Method,
    corrected,
    differences,
    two_way,
    variances,
)

point = st.floats(-20, 20, allow_nan=False)


def crossed(rng, runs=4, faces=30, share=0.6):
    """Values of some faces in each run, as lists by run, with the group of each face: pairs of copies."""
    picked = [np.flatnonzero(rng.random(faces) < share) for _ in range(runs)]
    values = [rng.integers(-1, 2, len(each)) for each in picked]
    return values, [each // 2 for each in picked]


def looped(values, units):
    """The variance of the mean of all values if whole units are drawn, by loops: units of each value, [n]."""
    mean = sum(values) / len(values)
    sums = {}
    for value, unit in zip(values, units, strict=True):
        sums[unit] = sums.get(unit, 0) + value - mean
    many = len(sums)
    return many / (many - 1) * sum(each**2 for each in sums.values()) / len(values) ** 2


@given(st.integers(0, 10**6))
def test_the_parts_of_the_variance_are_those_of_explicit_loops(seed):
    """Runs, groups, and groups within runs, for runs that judge any number of faces."""
    values, groups = crossed(np.random.default_rng(seed))
    found = variances(values, groups)
    flat = [float(value) for each in values for value in each]
    run = [number for number, each in enumerate(values) for _ in each]
    group = [int(face) for each in groups for face in each]
    assert found.mean == pytest.approx(np.mean(flat))
    assert found.runs == pytest.approx(looped(flat, run))
    assert found.groups == pytest.approx(looped(flat, group))
    assert found.cells == pytest.approx(looped(flat, list(zip(run, group, strict=True))))


def test_a_bootstrap_by_draws_agrees_with_the_formulas():
    """Runs drawn alone, groups drawn alone, and both at once, which counts the common part three times."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(12, 1)) * 0.2 + rng.normal(size=(1, 400)) + rng.normal(size=(12, 400))
    found = variances(list(table), [np.arange(400)] * 12)
    weights = rng.multinomial(12, [1 / 12] * 12, size=4000)
    faces = rng.multinomial(400, [1 / 400] * 400, size=4000)
    by_runs = (weights @ table.mean(axis=1)) / 12
    by_faces = (faces @ table.mean(axis=0)) / 400
    both = np.einsum("br,rf,bf->b", weights, table, faces, optimize=True) / (12 * 400)
    # a bootstrap divides by n where the formula divides by n - 1
    assert by_runs.var() == pytest.approx(found.runs * 11 / 12, rel=0.1)
    assert by_faces.var() == pytest.approx(found.groups, rel=0.1)
    assert both.var() == pytest.approx(found.runs * 11 / 12 + found.groups + found.cells, rel=0.1)


def test_the_error_holds_each_source_of_variance_once():
    """A run effect, a face effect and what is left: their variances over their numbers, on average of 200."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        table = rng.normal(size=(10, 1)) * 0.3 + rng.normal(size=(1, 100)) + 2 * rng.normal(size=(10, 100))
        parts = variances(list(table), [np.arange(100)] * 10)
        found.append(parts.runs + parts.groups - parts.cells)
    assert np.mean(found) == pytest.approx(0.09 / 10 + 1 / 100 + 4 / 1000, rel=0.06)


def arms(seed, runs=5, faces=200):
    """Two arms that judged the same fifth of the faces in each run."""
    rng = np.random.default_rng(seed)
    judged = [np.flatnonzero(np.arange(faces) % 5 == run % 5) for run in range(runs)]
    pair = [{run: Judged(each, rng.random(len(each)) < 0.5) for run, each in enumerate(judged)} for _ in "ab"]
    return Arm("a", pair[0]), Arm("b", pair[1])


@given(st.integers(0, 10**6), st.integers(2, 12))
@example(40, 2)
@example(4007, 2)
def test_the_error_is_never_less_than_that_over_runs(seed, runs):
    """Of one repeat it is that; more repeats add what they share, and the floor is within the error."""
    ours, theirs = arms(seed, runs)
    found = two_way(ours, theirs, np.arange(200))
    sums = [np.sum(ours.runs[run].right.astype(float) - theirs.runs[run].right) for run in range(runs)]
    off = np.array(sums) - found.points / 100 * 40
    over_runs = 100 * np.sqrt(runs / (runs - 1) * np.sum(off**2)) / (40 * runs)
    assert found.error >= over_runs * (1 - 1e-9)
    if runs <= 5:
        # the root of what a variance of equal sums differs by in its last digits
        assert found.error == pytest.approx(over_runs, abs=1e-6)
    assert 0 <= found.floor <= found.error
    assert found.freedom == runs - 1
    assert found.points == pytest.approx(differences(ours, theirs).mean())
    assert (found.runs, found.faces, found.method) == (runs, min(runs, 5) * 40, Method.TWO_WAY)


def test_the_order_of_faces_and_the_sign_do_not_matter():
    """Shuffled answers give the same, and the arms swapped the opposite."""
    ours, theirs = arms(3)
    order = np.random.default_rng(0).permutation(40)
    shuffled = Arm(
        "c", {run: Judged(each.faces[order], each.right[order]) for run, each in ours.runs.items()}
    )
    groups = np.arange(200) // 2
    found = two_way(ours, theirs, groups)
    assert two_way(shuffled, theirs, groups) == found
    turned = two_way(theirs, ours, groups)
    assert (turned.points, turned.error) == pytest.approx((-found.points, found.error))


def test_copies_widen_the_error():
    """Every face twice tells no more than every face once."""
    ours, theirs = arms(5, faces=400)
    doubled = [
        Arm(
            arm.name,
            {run: Judged(np.arange(80), np.repeat(each.right[:40], 2)) for run, each in arm.runs.items()},
        )
        for arm in (ours, theirs)
    ]
    apart, together = (two_way(*doubled, groups) for groups in (np.arange(80), np.arange(80) // 2))
    assert together.error > apart.error
    assert together.floor > 1.2 * apart.floor


def test_other_faces_are_no_pair():
    """A run that judged another fold in one arm is refused by its index."""
    ours, theirs = arms(0)
    moved = Arm("c", {**theirs.runs, 3: Judged(theirs.runs[3].faces + 1, theirs.runs[3].right)})
    with pytest.raises(ValueError, match="run 3: the two arms judged different faces"):
        two_way(ours, moved, np.arange(201))


@given(st.lists(point, min_size=2, max_size=20), st.floats(0, 1))
def test_the_corrected_error_is_the_usual_one_at_another_share(values, share):
    """Bouckaert and Frank's statistic: mean over sqrt((1/n + share) var); at share 0 scipy's t test."""
    found = corrected(values, share)
    assert found.error == pytest.approx(np.sqrt((1 / len(values) + share) * np.var(values, ddof=1)))
    if np.ptp(values) > 1e-6:
        plain = corrected(values, 0)
        low, high = stats.ttest_1samp(values, 0).confidence_interval()
        assert plain.interval() == pytest.approx((low, high), abs=1e-9)


def test_one_run_has_no_interval():
    """A mean and nothing else."""
    found = corrected([1.5])
    assert found.points == 1.5
    assert np.isnan(found.half_width())
    assert not found.spread
