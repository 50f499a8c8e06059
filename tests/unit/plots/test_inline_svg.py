"""Figures that stand in a page."""

import re
from xml.etree import ElementTree

import numpy as np

from fer_exp.plots import charts, inline_svg


def drawn(name: str) -> str:
    """A figure with all colours of the page."""
    bars = [charts.Bar("a", 30, 29, 31, [29.5, 30.5], 34.8), charts.Bar("b <#000000>", 25, np.nan, np.nan)]
    figure = charts.intervals(bars, "accuracy in %", (27.0, "majority class"))
    return inline_svg.inline(figure, name, 'of "a" & b')


def test_an_inline_figure_takes_the_pages_colours():
    """No white ground, no fixed black, and its name for who does not see it; texts stay as they are."""
    found = drawn("f1")
    assert 'aria-label="of &quot;a&quot; &amp; b"' in found
    assert {"var(--blue)", "var(--orange)", "currentColor"} <= set(
        re.findall(r"var\(--\w+\)|currentColor", found)
    )
    assert not re.search(r'style="[^"]*#(000000|ffffff)', found)
    assert "b &lt;#000000&gt;" in found
    assert "<style" not in found
    assert "font-family" not in found
    ElementTree.fromstring(found.replace("xlink:", ""))


def test_each_figure_has_ids_of_its_own():
    """All that it refers to, and nothing that another has."""
    ids = [re.findall(r' id="([^"]+)"', drawn(name)) for name in ("f1", "f2")]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    assert len(ids[0]) == len(set(ids[0]))
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', drawn("f1"))
    assert {name for pair in used for name in pair if name} <= set(ids[0])
