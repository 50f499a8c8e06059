"""One style for all figures."""

from typing import Any

# Two colours of Okabe and Ito's palette, which colour-blind readers tell apart, and a grey.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"


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
