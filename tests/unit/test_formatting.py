"""Values as text."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_exp.formatting import PLAIN, Styled, Words, message
from fer_exp.statistics import Difference, Interval

NAN = math.nan
FOUND = Difference(-0.02, -0.03, -0.01, 0.0004)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (0.3920, "percent", "39.20"),
        (Interval(0.392, 0.387, 0.397), "percent", "39.20 ±0.50"),
        (Interval(0.392, NAN, NAN), "percent", "39.20"),
        (Interval(0.392, 0.387, 0.397), "range", "39.20 [38.70, 39.70]"),
        (FOUND, "points", "-2.00 [-3.00, -1.00]"),
        (Difference(-0.02, NAN, NAN, NAN), "points", "-2.00"),
        (FOUND, "gain", "-2.00* [-3.00, -1.00]"),
        (0.1, "gain", "+10.00"),
        (FOUND, "bounds", "[-3.00, -1.00]"),
        (None, "percent", "-"),
        (7178, ",", "7,178"),
        ([1, None, "x"], "", "1, -, x"),
        (Styled(0.5, ".2f"), "percent", "0.50"),
    ],
)
def test_a_value_is_printed_by_its_kind(value, kind, said):
    """Shares in percent; what is missing is a dash."""
    assert PLAIN.text(value, kind) == said


def test_no_p_value_is_zero():
    """However small; a missing one is no small one."""
    assert [PLAIN.text(p, "p") for p in (1.0, 0.0494, 0.0005, 0.0004, 0.0, NAN)] == [
        *("1.000", "0.049", "0.001", "<0.001", "<0.001", "-")
    ]
    assert [PLAIN.text(p, "p=") for p in (0.0494, 0.0)] == ["p = 0.049", "p <0.001"]


@given(st.floats(0, 1))
@example(0.0495)
@example(0.04999999)
@example(0.05)
@example(0.0504)
def test_a_printed_p_value_lies_on_its_own_side(p):
    """Read back, it is below, at or above .05 just as the value is."""
    said = PLAIN.text(p, "p")
    if said == "<0.001":
        assert p < 0.0005
    else:
        assert float(said) > 0
        assert (float(said) < 0.05, float(said) > 0.05) == (p < 0.05, p > 0.05)
        assert float(said) == pytest.approx(p, abs=0.0005)


def test_a_message_is_said_by_its_template():
    """With messages in messages, lists joined, plurals by n, and names with their gloss."""
    words = Words(
        {
            "arms": "{arms:;}",
            "gap": "{arm} {found:signed}",
            "seeds": {"one": "{n} seed", "other": "{n} seeds"},
            "of": "{name:gloss}",
            "gloss.happy": "기쁨(happy)",
        }
    )
    gaps = [message("gap", arm=name, found=FOUND) for name in "ab"]
    assert words.text(message("arms", arms=gaps)) == "a -2.00; b -2.00"
    assert [words("seeds", n=n) for n in (1, 2)] == ["1 seed", "2 seeds"]
    assert [words("of", name=name) for name in ("happy", "other")] == ["기쁨(happy)", "other"]


def test_an_unknown_key_is_an_error():
    """No page shows a key in place of words."""
    with pytest.raises(KeyError):
        PLAIN.text(message("nowhere"))
