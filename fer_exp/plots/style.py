"""One style for all figures."""

from typing import Any

from matplotlib.colors import LinearSegmentedColormap

# Two colours of Okabe and Ito's palette, which colour-blind readers tell apart, and a grey.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"


# Nothing is see-through, so that a chart stands on a light page and a dark one. The most leaves ink
# readable.
_BLUE, _RED = (0.0, 0.447, 0.698), (0.78, 0.12, 0.16)
SHADES = LinearSegmentedColormap.from_list("shades", [(*_BLUE, 0.0), (*_BLUE, 0.8)])
# Of values to either side of 0: blue below, red above.
_SIDES = [(0.0, (*_BLUE, 1.0)), (0.5, (*_BLUE, 0.0)), (0.5, (*_RED, 0.0)), (1.0, (*_RED, 1.0))]
SIGNED = LinearSegmentedColormap.from_list("signed", _SIDES)


# matplotlib's own type of it lists every key
STYLE: Any = {
    "font.size": 9,
    # a name may hold a dollar
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
}
