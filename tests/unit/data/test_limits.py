"""A source that holds too much is refused in one line."""

import io

import pytest

from fer_exp.data import csv_reader, datasets, limits
from fer_exp.errors import UserError


@pytest.mark.parametrize(
    ("limit", "value", "text"),
    [
        ("MOST_FACES", 2, "a.csv: holds more than 2 images or lines; take a part of it, or smaller images"),
        ("MOST_BYTES", 29, "a.csv: holds more than 0 GiB; take a part"),
        ("MOST_SECONDS", -1, "a.csv: took more than"),
    ],
)
def test_each_limit_is_told_in_one_line(monkeypatch, limit, value, text):
    """Rows, bytes and time."""
    monkeypatch.setattr(limits, limit, value)
    budget = limits.Budget("a.csv")
    with pytest.raises(UserError, match=text):
        all(budget.spend(10) is None for _ in range(3))


@pytest.mark.fault(
    "Bad data: a table of a million blank lines, or without an end", trials=2, expected="one line, in seconds"
)
@pytest.mark.parametrize("filling", ["\n", "7" * 100_000], ids=["blank", "endless"])
def test_what_holds_no_row_is_not_read_for_ever(monkeypatch, filling):
    """A small zip may hold so much of it."""
    monkeypatch.setattr(limits, "MOST_BYTES", 3_000_000)
    file = io.BytesIO(b"emotion,pixels,Usage\n" + filling.encode() * (4_000_000 // len(filling)))
    with pytest.raises(UserError, match=r"a\.csv: holds more than"):
        list(csv_reader.read(file, "a.csv", lambda _: None))


def test_more_drawn_faces_than_memory_should_hold_are_refused(tmp_path):
    """Before the first is drawn."""
    with pytest.raises(UserError, match=r"data\.n_train=400000, data\.n_test=100001: .* 500,000 faces"):
        datasets.load_synthetic(400_000, 100_001, 0, tmp_path)
