"""Matplotlib's SVG cleaned to stand in a page: named for readers of screens, in the page's own colours.

Black becomes the page's ink and the palette its variables, so that a dark page turns the figure with it; no
colour of matplotlib's can.
"""

import html
import io
import re

import matplotlib
from matplotlib.figure import Figure

from fer_exp.plots.style import BLUE, GREY, ORANGE, STYLE

_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    BLUE.lower(): "var(--blue)",
    ORANGE.lower(): "var(--orange)",
    GREY.lower(): "var(--grey)",
}

_CLEANED = (
    # its style sheet would reach the whole page
    (r"<style.*?</style>|<metadata>.*?</metadata>|<!--.*?-->", ""),
    # of groups, to which nothing refers and which every figure has
    (r' id="[\w.]+_\d+"', ""),
    # half of its size
    (r">\s+<", "><"),
    # the page's typeface
    (r" ?font-family: [^;\"]*;?", ""),
)


def inline(figure: Figure, name: str, text: str) -> str:
    """The figure as an `svg` element; name: unique in the page, as its ids are by it; text: its alt text."""
    file = io.StringIO()
    unsaid = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata=unsaid)
    opening, _, body = file.getvalue().partition("<svg ")[2].partition(">")
    for pattern, new in _CLEANED:
        body = re.sub(pattern, new, body, flags=re.DOTALL)
    body = re.sub(r'(?<=style=")[^"]*', _in_page_colours, body)
    told = dict(re.findall(r'(\w+)="([^"]*)"', opening))
    # a point of the figure is a point of the screen where there is room
    told["style"] = f"width: {float(told['width'].removesuffix('pt')) * 4 / 3:.0f}px"
    told |= {"role": "img", "aria-label": html.escape(text)}
    kept = " ".join(f'{key}="{told[key]}"' for key in ("viewBox", "style", "role", "aria-label"))
    return f"<svg {kept}>{body.strip()}"


def _in_page_colours(style: re.Match[str]) -> str:
    return re.sub(r"#[0-9a-f]{6}", lambda colour: _COLOURS.get(colour[0], colour[0]), style[0])
