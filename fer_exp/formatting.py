"""Values as text: the one place that knows how a figure is printed.

A message is a key with typed values. A catalogue holds its template in one language, whose fields name the
kind in which a value is printed: `{found:points}`. So no number is ever read back from text.
"""

import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fer_exp.redaction import printable

MISSING = "-"

# A p value below it is said to be one; it is printed on its own side.
_SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Message:
    """What is to be said: the key of a template, and the values in it."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


def message(key: str, **values: Any) -> Message:
    """The message of this key with these values."""
    return Message(key, values)


@dataclass(frozen=True)
class Styled:
    """A value that is printed by a kind of its own, whatever its column or field says.

    tone: `good` or `bad` news, which a terminal shows in colour.
    """

    value: Any
    kind: str = ""
    tone: str = ""


def _mean(value: Any) -> float:
    return float(getattr(value, "mean", value))


def _bounds(value: Any, sign: str = "") -> str:
    if math.isnan(value.low):
        return ""
    return f" [{100 * value.low:{sign}.2f}, {100 * value.high:{sign}.2f}]"


def _percent(value: Any) -> str:
    """A share in percent, with half the width of its interval where it has one.

    Where that is more than a point the second decimal says nothing. A difference keeps its own, as a verdict
    may hang on it.
    """
    half = 100 * (getattr(value, "high", math.nan) - _mean(value))
    places = 1 if half > 1 else 2
    return f"{100 * _mean(value):.{places}f}" + ("" if math.isnan(half) else f" ±{half:.{places}f}")


def _range(value: Any) -> str:
    """A share in percent with the ends of its interval."""
    return f"{100 * value.mean:.2f}{_bounds(value)}"


def _span(value: Any) -> str:
    """The ends of an interval of shares, in percent, as one word; nothing without an interval."""
    return "" if math.isnan(value.low) else f"{100 * value.low:.1f}-{100 * value.high:.1f}"


def _signed(value: Any) -> str:
    return f"{100 * _mean(value):+.2f}"


def _ends(value: Any) -> str:
    return _bounds(value, "+").lstrip()


def _points(value: Any) -> str:
    """A difference of shares in percentage points with its interval."""
    return _signed(value) + _bounds(value, "+")


def _gain(value: Any) -> str:
    """A difference that may be of one pair alone; a star where p < .05."""
    if not hasattr(value, "p"):
        return _signed(value)
    return _signed(value) + ("*" if value.p < _SIGNIFICANCE else "") + _bounds(value, "+")


def _chance(p: float) -> str:
    """A p value to three places, or as many as show on which side of .05 it lies; none is ever 0."""
    if math.isnan(p):
        return MISSING
    if p < 0.0005:
        return "<0.001"
    for places in range(3, 17):
        shown = float(f"{p:.{places}f}")
        if (shown < _SIGNIFICANCE, shown > _SIGNIFICANCE) == (p < _SIGNIFICANCE, p > _SIGNIFICANCE):
            return f"{p:.{places}f}"
    return repr(p)


def _equation(p: float) -> str:
    """`p = 0.012`, or `p <0.001`."""
    shown = _chance(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def duration(seconds: float) -> str:
    """Seconds as people say them: `40 s`, `12 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


KINDS: dict[str, Callable[[Any], str]] = {
    "percent": _percent,
    "range": _range,
    "share": lambda value: f"{100 * _mean(value):.2f}",
    "span": _span,
    "signed": _signed,
    "points": _points,
    "bounds": _ends,
    "gain": _gain,
    "p": _chance,
    "p=": _equation,
    "one": lambda value: f"{100 * value:.1f}",
}

# How a list is joined that is none of words: by clauses, by sentences or figures, or by alternatives.
JOINTS = {";": "; ", ".": " ", "/": "/"}


class Words(string.Formatter):
    """Text in one language. templates: by key; of one with a plural, by `one` and `other`, chosen by `n`.

    A name may have a gloss, `gloss.<name>`, for the kind `gloss`.
    """

    def __init__(self, templates: Mapping[str, Any] | None = None):
        self.templates: Mapping[str, Any] = templates or {}

    def __call__(self, key: str, **values: Any) -> str:
        """The text of this key, with the values in it."""
        template = self.templates[key]
        if isinstance(template, Mapping):
            template = template["one" if values["n"] == 1 else "other"]
        return self.vformat(template, (), values)

    def text(self, value: Any, kind: str = "") -> str:
        """A value as printed: in a kind of ours, or by a format of Python's; a list with commas between."""
        match value:
            case None:
                return MISSING
            case str():
                return (
                    str(self.templates.get(f"gloss.{value}", value)) if kind == "gloss" else printable(value)
                )
            case Message():
                return self(value.key, **value.values)
            case Styled():
                return self.text(value.value, value.kind)
            case Sequence() if kind in JOINTS:
                return JOINTS[kind].join(map(self.text, value))
            case Sequence():
                return ", ".join(self.text(each, kind) for each in value)
        return KINDS[kind](value) if kind in KINDS else format(value, kind)

    def format_field(self, value: Any, format_spec: str) -> str:
        """A value in the field of a template."""
        return self.text(value, format_spec)


# For tables whose words stand in them.
PLAIN = Words()
