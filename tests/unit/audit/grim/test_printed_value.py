"""What a printed figure tells of its exact value."""

from fractions import Fraction

import numpy as np
import pytest

from fer_exp.audit.grim import printed_value
from fer_exp.errors import UserError


def test_a_percentage_is_a_share_of_two_more_decimals():
    """37.40% and 0.3740 say the same; 0.374 says less."""
    percent, share = printed_value.read(" 37.40% "), printed_value.read("0.3740")
    assert (percent.value, percent.decimals, percent.significant) == (Fraction(374, 1000), 4, 4)
    assert (share.value, share.decimals, share.significant) == (Fraction(374, 1000), 4, 4)
    assert percent.half_digit == share.half_digit == Fraction(1, 20000)
    assert printed_value.read(".374").half_digit == Fraction(1, 2000)


@pytest.mark.parametrize("text", ["0", "1", "1.000", "100%", "0%", "1.", ".5"])
def test_ends_and_short_forms_are_figures(text):
    """Nothing right and all right are shares too."""
    assert 0 <= printed_value.read(text).value <= 1


@pytest.mark.parametrize("text", ["", ".", "%", "nan", "-0.1", "0,374", "1e-3", "0.3.7", "one", "0.5 %%"])
def test_what_is_no_figure_is_refused(text):
    """The message names the value."""
    with pytest.raises(UserError, match="is not a number such as"):
        printed_value.read(text)


@pytest.mark.parametrize("text", ["1.001", "37", "100.1%"])
def test_what_is_no_share_is_refused(text):
    """A percentage must say so."""
    with pytest.raises(UserError, match="outside 0 to 1"):
        printed_value.read(text)


def test_endless_digits_are_refused():
    """Nobody prints them, and they cost memory."""
    with pytest.raises(UserError, match="more than 30 digits"):
        printed_value.read("0." + "1" * 31)


def test_only_long_figures_show_the_floats_behind_them():
    """Below seven digits a float's error hides under the last digit; a float64 is told from a float32."""
    single = float(np.float32(0.3740250766))
    assert printed_value.read("0.374025").unit == 0
    assert printed_value.read("0.3740251").unit == printed_value.FLOAT32
    assert printed_value.read(repr(single)).unit == printed_value.FLOAT32
    assert printed_value.read(f"{100 * single!r}%").unit == printed_value.FLOAT32
    assert (
        printed_value.read(f"{float(np.float32(100) * np.float32(single))!r}%").unit == printed_value.FLOAT32
    )
    assert printed_value.read(repr(0.37402507661234567)).unit == printed_value.FLOAT64
    assert printed_value.read("0.00000000").unit == 0
