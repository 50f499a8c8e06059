"""Figures that stand in a page."""

import re

import numpy as np

from fer_exp.plots import charts, inline_svg


def test_an_inline_figure_takes_the_pages_colours():
    """No white ground, no fixed black, ids of its own, and its name for who does not see it."""
    bars = [charts.Bar("a", 30, 29, 31, [29.5, 30.5], 34.8), charts.Bar("b", 25, np.nan, np.nan)]
    found = inline_svg.inline(
        charts.intervals(bars, "accuracy in %", (27.0, "largest class")), "f1", 'of "a" & b'
    )
    assert 'aria-label="of &quot;a&quot; &amp; b"' in found
    assert {"var(--blue)", "var(--orange)", "currentColor"} <= set(
        re.findall(r"var\(--\w+\)|currentColor", found)
    )
    assert "#000000" not in found
    assert all(name.startswith("f1-") for name in re.findall(r' id="([^"]+)"', found))
    assert "<style" not in found
