"""Draws are independent by name."""

from hypothesis import given
from hypothesis import strategies as st

from fer_exp.seeds import derive


@given(st.integers(0, 2**63 - 1), st.text(), st.integers())
def test_a_seed_is_what_every_generator_takes(seed, name, number):
    """Non-negative, below 2**63, and the same each time."""
    assert 0 <= derive(seed, name, number) < 2**63
    assert derive(seed, name, number) == derive(seed, name, number)


def test_seed_and_name_both_count():
    """Another seed, name or epoch is another draw; the value is fixed for good."""
    draws = {derive(0, "order", 1), derive(0, "order", 2), derive(0, "dropout", 1), derive(1, "order", 1)}
    assert len(draws) == 4
    assert derive(0, "order", 1) == 2961819992523135983
