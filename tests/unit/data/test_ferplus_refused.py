"""A file of votes that does not fit the faces is refused: its votes would be wrong labels unseen."""

import pytest
from helpers.vote_files import load, rewritten, written

from fer_exp.data import datasets, ferplus
from fer_exp.errors import UserError


def swapped_usages(rows):
    """Give the first row and the next of another Usage each other's."""
    first = rows[1]
    other = next(row for row in rows[2:] if row[0] != first[0])
    first[0], other[0] = other[0], first[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].__setitem__(3, "joy"), "has no column happiness"),
        (lambda rows: rows[3].__setitem__(4, "x"), "row 3: votes are"),
        (lambda rows: rows[3].__setitem__(4, "11"), "row 3: holds 21 votes"),
        (
            lambda rows: rows[3].__setitem__(0, "Test"),
            "row 3: Usage is 'Test', not one of Training, PublicTest",
        ),
        (lambda rows: rows[3].__delitem__(slice(5, None)), "row 3: votes are"),
        (lambda rows: rows.pop(), "has votes for 69 rows, the faces are 70|row 70 of the faces has no votes"),
        (
            lambda rows: rows.append(["Training", "", *"0000000009"]),
            "has votes for 71 rows, the faces are 70",
        ),
        (lambda rows: rows.__delitem__(slice(1, None)), "holds no row"),
        # the number of rows need not say so
        (lambda rows: rows.pop(30), "row 30: does not follow from the rows before it"),
        (lambda rows: rows.insert(30, rows[30]), "row 31: does not follow"),
        (lambda rows: rows.__setitem__(slice(1, None), sorted(rows[1:])), r"row \d+: does not follow"),
        (lambda rows: rows[20].__setitem__(1, "face20.png"), "row 20: Image name 'face20.png' is no name as"),
        (swapped_usages, "row 1 of the faces has no votes of its Usage"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(shuffled, votes, tmp_path, change, message):
    """By row, before a cache is written: votes of other rows would be wrong labels unseen."""
    table, path = written(tmp_path, shuffled, votes)
    rewritten(path, change)
    with pytest.raises(UserError, match=message):
        load(table, path)
    assert not list(tmp_path.glob("cache/*.faces"))


def test_a_file_far_larger_than_the_real_one_is_refused(tmp_path):
    """It holds something else."""
    with open(tmp_path / "a.csv", "wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(UserError, match=r"a\.csv: is larger than 64 MiB; name fer2013new\.csv"):
        ferplus.read(tmp_path / "a.csv")


def test_no_row_may_be_skipped(shuffled, votes, tmp_path):
    """Votes belong to rows."""
    with pytest.raises(UserError, match=r"data\.on_error=fail"):
        load(*written(tmp_path, shuffled, votes), on_error="skip")


def test_a_missing_file_is_named(compose_settings, shuffled, votes, tmp_path):
    """With the key that names it."""
    table, path = written(tmp_path, shuffled, votes)
    with pytest.raises(UserError, match=r"no.csv: cannot be read"):
        load(table, path.with_name("no.csv"))
    config = compose_settings("data=fer2013", "data.labels=ferplus", f"data.root={table}")
    with pytest.raises(UserError, match=r"name the file of its votes, data.ferplus=PATH/fer2013new.csv"):
        datasets.load_faces(config.data)
