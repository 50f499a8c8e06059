"""Runs of one kind as one line with its spread."""

import pytest

from fer_exp.plots import learning_curves


def test_a_band_says_how_far_all_seeds_got():
    """Mean and extremes by epoch; values that are no numbers are left out."""
    found = learning_curves.band([{1: 1.0, 2: 2.0, 3: 3.0}, {1: 3.0, 2: 4.0}, {1: 2.0, 2: float("nan")}])
    assert found.mean == pytest.approx([2, 3, 3])
    assert found.low == pytest.approx([1, 2, 3])
    assert found.high == pytest.approx([3, 4, 3])
    assert found.whole == 1
    assert learning_curves.band([{1: float("nan")}]) is None


def test_a_line_is_named_at_its_end_and_broken_where_a_seed_has_stopped():
    """Names stand apart though the lines end together; the accuracy is in percent."""
    bands = {
        line: learning_curves.band([{1: 0.2, 2: 0.4}, {1: 0.2, 2: 0.4, 3: 0.5}])
        for line in learning_curves.LINES
    }
    ranges = {quantity: learning_curves.limits([bands], quantity) for quantity in learning_curves.QUANTITIES}
    upper, lower = learning_curves.learning(bands, "relu", ranges).axes
    assert upper.get_ylim() == pytest.approx((18.2, 51.8))
    assert [len(line.get_xdata()) for line in lower.lines] == [3, 2, 3, 2]
    heights = {text.get_text(): text.xy[1] for text in upper.texts}
    assert abs(heights["train"] - heights["validation"]) == pytest.approx(0.14 * 33.6)
