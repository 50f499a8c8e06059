"""Figures as SVG that stands in a page: clean, named for readers of screens, in the page's own colours.

Black becomes the page's ink and the palette its variables, so that a dark page turns the figure with it.
Ids are kept only where something refers to them, and made the figure's own.
"""

import io
import re
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from fer_exp.plots.style import BLUE, GREY, ORANGE, STYLE

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    BLUE.lower(): "var(--blue)",
    ORANGE.lower(): "var(--orange)",
    GREY.lower(): "var(--grey)",
}


def inline(figure: Figure, name: str, said: str) -> str:
    """The figure as an `svg` element; name: of letters and digits, unique in the page; said: its alt text."""
    file = io.BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            file,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    root = ElementTree.fromstring(file.getvalue())
    _own_ids(root, name)
    # its style sheet would reach the whole page, and its blanks are half of its size
    for parent in root.iter():
        for child in parent.findall(f"{{{_SVG}}}style"):
            parent.remove(child)
    for element in root.iter():
        if "style" in element.attrib:
            element.set("style", _style(element.get("style")))
        if element.tag != f"{{{_SVG}}}text":
            element.text = None
        element.tail = None
    width = float(root.get("width").removesuffix("pt"))
    for size in ("width", "height"):
        del root.attrib[size]
    # a point of the figure is a point of the screen where there is room
    root.set("style", f"width: {width * 4 / 3:.0f}px")
    root.set("role", "img")
    root.set("aria-label", said)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Drop ids that nothing refers to, and lead the others with the figure's name."""
    refers = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
    used = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if found := refers.search(value):
                used.add(found[1] or found[2])
                element.set(key, value.replace("#", f"#{name}-", 1))
    for element in root.iter():
        if "id" in element.attrib:
            identity = element.attrib.pop("id")
            if identity in used:
                element.set("id", f"{name}-{identity}")


def _style(style: str) -> str:
    """A style in the page's colours and in its typeface."""
    parts = [part.strip() for part in style.split(";") if part.strip()]
    kept = []
    for part in parts:
        key, value = (text.strip() for text in part.split(":", 1))
        if key == "font":
            # size and weight without the family
            key, value = "font-size", re.search(r"[\d.]+px", value)[0]
        if key != "font-family":
            kept.append(f"{key}: {_COLOURS.get(value.lower(), value)}")
    return "; ".join(kept)
