"""A share as somebody printed it: its exact value, its digits, and how far the truth may lie from it.

The truth lies within half a unit of the last digit, and a figure long enough to show it also carries the
rounding of the floats it was computed with.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fer_exp.errors import UserError

# float32 holds 7.2 significant digits, so shorter figures hide its rounding under their own.
FLOAT_DIGITS = 7

# Half the spacing of floats near 1.
FLOAT32, FLOAT64 = Fraction(1, 2**24), Fraction(1, 2**53)

# The longest repr of a float64 near 0 that makes sense for a share.
MOST_DECIMALS = 30


@dataclass(frozen=True)
class Printed:
    """A figure of 0 to 1. decimals, significant: its digits, of the share (37.40% has 4 and 4)."""

    text: str
    value: Fraction
    decimals: int
    significant: int
    percent: bool

    def tolerance(self, roundings: int) -> Fraction:
        """How far the exact share may lie from the printed one after so many rounded operations.

        Source of the bound: Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1.
        """
        operations = roundings + self.percent
        error = operations * self.unit
        return self.half_digit + self.value * error / (1 - error)

    @property
    def half_digit(self) -> Fraction:
        """Half a unit of the last printed digit."""
        return Fraction(1, 2 * 10**self.decimals)

    @property
    def unit(self) -> Fraction:
        """Relative error of one operation: 0 where the digits are too few to show it.

        All 144 figures that the deck logged are float32 numbers to the 16th or 17th digit, which a
        float64 is by chance once in 2**29; their half digit is some 1e-17 and only float32's rounding
        counts. A long figure that is no float32 was computed with float64.
        """
        if self.significant < FLOAT_DIGITS:
            return Fraction(0)
        as_printed = (self.value, 100 * self.value) if self.percent else (self.value,)
        return FLOAT32 if any(self._is_float32(value) for value in as_printed) else FLOAT64

    def _is_float32(self, value: Fraction) -> bool:
        near = Fraction(float(np.float32(float(value))))
        scale = value / self.value if self.value else 1
        return abs(near - value) <= self.half_digit * scale + 2 * value * FLOAT64


def read(text: str) -> Printed:
    """The figure that a text like `0.374` or `37.40%` prints."""
    found = re.fullmatch(r"\s*(\d*)\.?(\d*)\s*(%?)\s*", text, re.ASCII)
    if not found or not (found[1] or found[2]):
        raise UserError(f"value {text!r} is not a number such as 0.374 or 37.40%")
    percent = bool(found[3])
    decimals = len(found[2]) + 2 * percent
    if decimals > MOST_DECIMALS or len(found[1]) > MOST_DECIMALS:
        raise UserError(f"value {text[:40]!r} has more than {MOST_DECIMALS} digits on one side of its point")
    digits = found[1] + found[2]
    value = Fraction(int(digits), 10**decimals)
    if value > 1:
        allowed = "0 to 100 %" if percent else "0 to 1; a percentage ends in %"
        raise UserError(f"value {text!r} is outside {allowed}")
    return Printed(text.strip(), value, decimals, len(digits.lstrip("0")), percent)
