"""Faces in a CSV: read whole, or refused by line."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_exp.data import csv_reader
from fer_exp.data.faces import Usage
from fer_exp.errors import UserError

PIXELS = " ".join(["7"] * 2304)


def read(text: str | bytes, on_broken=None):
    """All rows of a file of this text."""

    def stop(error):
        raise error

    data = text if isinstance(text, bytes) else text.encode()
    return list(csv_reader.read(io.BytesIO(data), "a.csv", on_broken or stop))


def row(label="3", pixels=PIXELS, usage="Training", header="emotion,pixels,Usage") -> str:
    """A file of one row."""
    return f"{header}\n{label},{pixels},{usage}\n"


@pytest.mark.parametrize(
    "text",
    [
        row(),
        "\ufeff" + row(),
        row().replace("\n", "\r\n"),
        row(pixels=f'"{PIXELS}"'),
        row(label="happy"),
        row(label=" Happiness "),
        row(usage=" training "),
        row() + "\n",
        f"emotion, Usage, pixels\n3,Training,{PIXELS}",
        f"Usage,extra,PIXELS,Emotion\nTraining,x,{PIXELS},3",
    ],
)
@pytest.mark.fault(
    "Bad data: a table with BOM, CRLF, quotes, names, blank lines", trials=10, expected="the same face"
)
def test_a_row_is_read_however_it_is_written(text):
    """BOM, line ends, quotes, names, cases, order of columns, blank lines."""
    [(pixels, label, usage)] = read(text)
    assert (pixels.shape, pixels.dtype, set(pixels.flat)) == ((48, 48), np.uint8, {7})
    assert (label, usage) == (3, Usage.TRAIN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (row(pixels=" ".join(["7"] * 2303)), "line 2: has 2,303 pixels, a face has 2,304"),
        (row(pixels=" ".join(["7"] * 2305)), "line 2: has 2,305 pixels"),
        (row(pixels=PIXELS[:-1] + "256"), "line 2: has a pixel of 256"),
        (row(pixels="99999999999999999999 " + PIXELS[2:]), "line 2: has a pixel of"),
        (row(pixels="-1 " + PIXELS[2:]), "line 2: pixels holds something else"),
        (row(pixels="1e3 " + PIXELS[2:]), "line 2: pixels holds something else"),
        (row(pixels="x " + PIXELS[2:]), "line 2: pixels holds something else"),
        (row(pixels="\0 " + PIXELS[2:]), "line 2: pixels holds something else"),
        (row(pixels=""), "line 2: has 0 pixels"),
        (row(label="7"), "line 2: emotion is '7'"),
        (row(label="-1"), "line 2: emotion is '-1'"),
        (row(label="bored"), "line 2: emotion is 'bored'"),
        (row(usage="Test"), "line 2: Usage is 'Test', not one of Training, PublicTest, PrivateTest"),
        ("emotion,pixels,Usage\n3\n", "line 2: has 1 values"),
        (
            f"emotion,pixels\n3,{PIXELS}\n",
            "has no column usage, but begins 'emotion,pixels'; it needs emotion",
        ),
        ("x", "has no column emotion, pixels, usage"),
        ("emotion,pixels,Usage\n" + "1" * 200_000, "line 2: is longer than"),
    ],
)
@pytest.mark.fault(
    "Bad data: 2,303 or 2,305 pixels, 256, -1, text, NUL, wrong labels",
    trials=17,
    expected="one line that names the row",
)
def test_a_wrong_row_is_refused_by_line(text, message):
    """What is wrong, where, and what was expected."""
    with pytest.raises(UserError) as caught:
        read(text)
    assert f"a.csv{',' if 'line' in message else ':'} {message}" in str(caught.value)


def test_a_broken_row_may_be_left_out():
    """The others are read, and the broken one is told of."""
    errors = []
    text = row() + f"9,{PIXELS},Training\n4,{PIXELS},PublicTest\n"
    assert [(label, usage) for _, label, usage in read(text, errors.append)] == [(3, 0), (4, 1)]
    assert "line 3" in str(errors[0])


@given(st.binary(max_size=300))
@pytest.mark.fault("Bad data: a table of any bytes", trials=100, expected="one line")
def test_any_bytes_are_refused_in_one_line(data):
    """A file of anything never ends in another exception."""
    with pytest.raises(UserError, match=r"a\.csv"):
        read(data)


@given(st.integers(0, len(row()) - 1), st.characters(codec="utf-8"))
@pytest.mark.fault("Bad data: a table with a changed character", trials=100, expected="a face, or one line")
def test_any_changed_character_gives_a_face_or_one_line(place, letter):
    """A mutated row is a valid face, nothing (its line vanished), or a UserError."""
    text = row()
    found, message = [], "a.csv"
    try:
        found = read(text[:place] + letter + text[place + 1 :])
    except UserError as error:
        message = str(error)
    assert message.startswith("a.csv")
    assert len(found) <= 1
    assert all(pixels.shape == (48, 48) and 0 <= label < 7 for pixels, label, _ in found)


@given(
    pixels=arrays(np.uint8, (48, 48), elements=st.integers(0, 255)),
    label=st.integers(0, 6),
    usage=st.sampled_from(["Training", "PublicTest", "PrivateTest"]),
)
def test_what_is_written_is_read(pixels, label, usage):
    """Any face, with any label, in any split."""
    [(found, found_label, found_usage)] = read(row(label, " ".join(map(str, pixels.flat)), usage))
    np.testing.assert_array_equal(found, pixels)
    assert (found_label, found_usage) == (label, ["Training", "PublicTest", "PrivateTest"].index(usage))


@pytest.mark.fault("Bad data: duplicate rows", trials=1, expected="kept, as copies of one face")
def test_equal_rows_are_equal_faces():
    """Copies are part of the set; leaving them out is evaluation's business."""
    assert len(read(row() + f"3,{PIXELS},Training\n" * 2)) == 3


def test_a_header_alone_holds_no_faces():
    """It is a table, of nothing."""
    assert read("emotion,pixels,Usage\n") == []


def test_the_line_named_is_the_files_own():
    """Blank lines and rows of several lines count, as an editor counts them."""
    text = f'emotion,pixels,Usage,note\n\n3,{PIXELS},Training,"two\nlines"\n9,{PIXELS},Training,x\n'
    with pytest.raises(UserError, match=r"a\.csv, line 5: emotion is '9'"):
        read(text)


def test_a_quote_that_never_ends_is_refused():
    """It would make one value of all that follows."""
    with pytest.raises(UserError, match=r"a\.csv, line 2: is not CSV \(field larger.*look at its quotes"):
        read('emotion,pixels,Usage\n3,"' + f"{PIXELS}\n" * 40)


OPENED = f'3,"{PIXELS},Training\n'


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (OPENED, ["line 3: is not CSV (unexpected end of data)"]),
        (OPENED * 2, ["line 3: is not CSV (',' expected", "line 4: is not CSV (unexpected end of data)"]),
        (f'3,"{PIXELS}"7,Training\n', ["line 3: is not CSV (',' expected after '\"')"]),
        ("7" * 400_000 + "\n", ["line 3: is longer than 131,072 characters"]),
        ('a",",\n' * 3, [f"line {number}: " for number in (3, 4, 5)]),
    ],
)
@pytest.mark.fault(
    "Bad data: a quote that never closes, a line without end",
    trials=5,
    expected="costs its own line alone, by number",
)
def test_what_is_no_csv_costs_its_own_line_alone(broken, message):
    """A quote that never closes would otherwise take all that follows into one row."""
    errors = []
    found = read(row() + broken + f"4,{PIXELS},PublicTest\n" * 20, errors.append)
    assert [label for _, label, _ in found] == [3] + [4] * 20
    assert len(errors) == len(message)
    for error, expected in zip(errors, message, strict=True):
        assert f"a.csv, {expected}" in str(error)
