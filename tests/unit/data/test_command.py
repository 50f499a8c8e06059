"""What a set holds, printed and drawn."""

import csv
import io

import numpy as np
import pytest
from helpers import faces_on_disk
from helpers.photos import cut, photos
from helpers.refused import refusal
from PIL import Image

from fer_exp.data import command
from fer_exp.data.faces import Faces

# Photo, shift, label and split of made faces beside two of each class. Photos 0 and 1 have exact copies in
# train and test, 0 with other labels; 2 and 3 near ones; 4 an exact and 5 a near one in train, 5 with others.
CUTS = [(0, 0, 1, 0), (0, 0, 2, 1), (1, 0, 3, 0), (1, 0, 3, 1), (2, 0, 4, 0), (2, 3, 4, 2), (3, 0, 5, 0)]
CUTS += [(3, 2, 5, 1), (4, 0, 6, 0), (4, 0, 6, 0), (5, 0, 0, 0), (5, -2, 1, 0)]


@pytest.fixture
def root(tmp_path):
    """The made faces as a folder of pictures."""
    photo = photos(6 + 14, 3)
    pixels = [cut(photo[each], 0, right) for each, right, *_ in CUTS]
    pixels += [cut(each, 0, 0) for each in photo[6:]]
    labels = [label for *_, label, _ in CUTS] + [*range(7)] * 2
    usage = [usage for *_, usage in CUTS] + [0] * 7 + [2] * 7
    return faces_on_disk.folder(
        Faces.of(np.stack(pixels), np.array(labels), np.array(usage)), tmp_path / "set"
    )


def run(*arguments):
    """The command."""
    command.main([str(each) for each in arguments])


def test_the_summary_counts_photos_copies_and_majorities(root, tmp_path, capsys):
    """By hand, for a made set; its form is that of all tables."""
    run("--root", root, "--cache-dir", tmp_path / "cache", "--summary", "--format", "markdown")
    printed = capsys.readouterr().out
    assert "**faces by emotion and split: other: 15 train, 11 test" in printed
    for row in (
        "| angry | 2 | 0 | 1 | 3 | 13.33 |",
        "| photos | 20 |",
        "| photos of several faces | 6 |",
        "| faces of these | 12 |",
        "| train faces with the pixels of another | 1 |",
        "| train faces of another's photo, with other pixels | 1 |",
        "| test faces with the pixels of a train face | 2 |",
        "| test faces of a train face's photo, with other pixels | 2 |",
        "| groups of the same pixels with several labels | 1 |",
        "| photos with several labels | 2 |",
        "| union | 11 | fear | 18.18 |",
        "| union_no_copies | 9 | sad | 22.22 |",
        "| union_no_near_copies | 7 | angry | 14.29 |",
    ):
        assert row in printed


def test_the_summary_is_tidy_for_a_program(root, tmp_path, capsys):
    """A line a value, without a title."""
    run("--root", root, "--cache-dir", tmp_path / "cache", "--summary", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["table"] for row in rows} == {"classes", "copies", "parts"}
    assert any(row["what"] == "photos" and row["value"] == "20" for row in rows)


def test_a_sheet_of_near_copies_is_drawn(root, tmp_path, capsys):
    """Of the pairs that are not the same picture; where it is and what it holds is said."""
    run("--root", root, "--cache-dir", tmp_path / "cache", "--near-copies", tmp_path / "sheet.png")
    assert "sheet.png: 3 of 3 pairs of near-copies" in capsys.readouterr().out
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.mode == "L"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to do: --download FOLDER, or --root PATH with --summary or --near-copies sheet.png"),
        (["--root", "."], "say what to do"),
        (["--summary"], "say what to do"),
        (["--download", "new", "--root", "."], "say what to do"),
        (["--download", "new", "--summary"], "say what to do"),
        (["--root", ".", "--near-copies", "sheet.jpg"], "the sheet is a PNG"),
        (["--root", "no-such-set", "--summary"], "there is nothing there"),
    ],
)
def test_a_wrong_call_is_one_line(arguments, message, capsys):
    """No traceback."""
    assert message in refusal(capsys, command.main, *arguments)
