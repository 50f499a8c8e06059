"""The votes of a file are found by its pixels, and a file of votes in another order is refused."""

import csv

import numpy as np
import pytest
from helpers.photos import FERPLUS, cut, photos, real

from fer_exp.data import fer2013_faces
from fer_exp.data.faces import Usage
from fer_exp.data.fer2013_faces import known, photos_of_rows
from fer_exp.data.ferplus_rows import first_out_of_order, image_number, rows_of

# Four files of one picture in all parts, two of another, a near-copy of that, one whose row nobody knows.
FILES = {
    "test/happy/PrivateTest_7.jpg": (0, 32_298),
    "train/angry/Training_9.jpg": (0, 5),
    "train/happy/Training_2.jpg": (0, 3),
    "test/angry/PublicTest_1.jpg": (0, 28_709),
    "train/sad/Training_1.jpg": (1, 1),
    "train/sad/Training_3.jpg": (1, 0),
    "train/sad/Training_4.jpg": (2, 35),
    "train/fear/Training_5.jpg": (3, None),
}


SPLITS = {"Training": Usage.TRAIN, "PublicTest": Usage.PUBLIC, "PrivateTest": Usage.PRIVATE}


def usages(names):
    """What the names of files say of their split."""
    return np.array([SPLITS[name.rpartition("/")[2].partition("_")[0]] for name in names])


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Pixels and names of `FILES`, whose table stands in for that of FER-2013."""
    photo = photos(3, 11)
    pictures = [cut(photo[0], 0, 0), cut(photo[1], 0, 0), cut(photo[1], 1, 2), cut(photo[2], 0, 0)]
    pixels = np.stack([pictures[number] for number, _ in FILES.values()])
    rows = {name: row for name, (_, row) in FILES.items() if row is not None}
    fer2013_faces.write(tmp_path / "table.npz", pixels, list(FILES), rows)
    monkeypatch.setattr(fer2013_faces, "TABLE", tmp_path / "table.npz")
    known.cache_clear()
    yield pixels, list(FILES)
    known.cache_clear()


def test_each_file_has_its_own_row(small):
    """Identical pictures are told apart by their split, and within it by the order of their paths."""
    pixels, names = small
    order = np.array(sorted(range(len(names)), key=names.__getitem__))
    wanted = np.array([-1 if row is None else row for _, row in FILES.values()])
    np.testing.assert_array_equal(rows_of(pixels[order], usages(names)[order]), wanted[order])


def test_a_part_of_the_files_has_rows_of_its_part(small):
    """A test folder alone takes no rows of training faces, also where its halves are not told apart."""
    pixels, names = small
    test = [number for number, name in enumerate(names) if name.startswith("test")]
    usage = usages(names)[test]
    assert rows_of(pixels[test], usage).tolist() == [32_298, 28_709]
    assert sorted(rows_of(pixels[test], np.full(2, Usage.TEST))) == [28_709, 32_298]
    assert rows_of(pixels[test], np.array([Usage.TEST, Usage.PUBLIC])).tolist() == [32_298, 28_709]


def test_no_row_is_given_twice(small):
    """A third training file of a picture of two has no row; nor has a strange face."""
    pixels, _ = small
    found = rows_of(np.stack([pixels[1], pixels[2], pixels[1], 255 - pixels[1]]), np.zeros(4, int))
    assert found.tolist() == [5, 3, -1, -1]


def test_photos_are_looked_up_for_any_part_of_the_set(small):
    """Faces whose link is left out stay one photo; a strange face among them has none."""
    pixels, _ = small
    assert fer2013_faces.photos(pixels).tolist() == [0, 0, 0, 0, 1, 1, 1, 2]
    assert fer2013_faces.photos(pixels[[7, 6, 0, 4]]).tolist() == [0, 1, 2, 1]
    assert fer2013_faces.photos(pixels[:0]).tolist() == []
    assert fer2013_faces.photos(np.stack([pixels[0], 255 - pixels[0]])) is None


@pytest.mark.usefixtures("small")
def test_rows_of_one_photo_are_known_for_the_original_too():
    """By their numbers alone; a row without a file is a photo of its own."""
    photos_found = photos_of_rows()
    assert len(photos_found) == fer2013_faces.ROWS
    assert photos_found[3] == photos_found[5] == photos_found[28_709] == photos_found[32_298]
    assert photos_found[0] == photos_found[1] == photos_found[35] != photos_found[3]
    assert len(np.unique(photos_found)) == fer2013_faces.ROWS - 5


def numbered(n: int, unnamed: dict[int, bool]) -> list[int | None]:
    """Image numbers of n rows; unnamed: rows without a name, and whether each uses up a number."""
    found, number = [], 0
    for row in range(n):
        found.append(None if row in unnamed else number)
        number += unnamed.get(row, True)
    return found


def test_numbers_that_lag_as_in_the_real_file_are_in_order():
    """Rows without a name, with or without a number of their own, and one in 1,000 that stands out alone."""
    numbers = numbered(2500, {0: False, 17: True, 60: False, 61: False, 2499: False})
    assert first_out_of_order(numbers) is None
    for strange in (2000, 10):
        assert first_out_of_order([*numbers[:1200], strange, *numbers[1200:]]) is None
    assert first_out_of_order([]) is None
    assert first_out_of_order([None, None]) is None


@pytest.mark.parametrize(
    ("spoil", "row"),
    [
        (lambda rows: rows[:40] + rows[41:], 40),
        (lambda rows: rows[:40] + rows[39:], 40),
        (lambda rows: rows[1:], 0),
        (lambda rows: rows[::-1], 0),
        (lambda rows: rows[:100] + rows[200:300] + rows[100:200] + rows[300:], 100),
        (lambda rows: [*rows[:40], 3, *rows[41:]], 40),
        (lambda rows: [*rows[:40], rows[41], rows[40], *rows[42:]], 42),
    ],
    ids=["missing", "doubled", "first missing", "sorted", "moved", "one of few", "swapped"],
)
def test_rows_that_lack_or_were_sorted_are_named(spoil, row):
    """By a row that does not follow from those before."""
    assert first_out_of_order(spoil(numbered(900, {20: False}))) == row


def test_an_image_has_the_number_of_its_name():
    """None without a name; anything else than FER+'s names is refused."""
    assert image_number("fer0000012.png") == 12
    assert image_number(" fer0035801.png ") == 35_801
    assert image_number("") is image_number("  ") is None
    for name in (
        "fer12.png",
        "0000012",
        "fer0000012",
        "fer00000x2.png",
        "fer000001\u0662.png",
        "fer-000012.png",
    ):
        with pytest.raises(ValueError, match="is no name as"):
            image_number(name)


@pytest.mark.slow
def test_the_rows_of_the_real_files_are_those_published():
    """As they were published; 179 rows are unknown."""
    pixels, names = real()
    if not (FERPLUS / "fer2013new.csv").is_file():
        pytest.skip("FER+ is not here: set FERPLUS_ROOT to the folder of fer2013new.csv")
    with open(FERPLUS / "fer2013new.csv", newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    assert first_out_of_order(image_number(entry["Image name"]) for entry in entries) is None
    with open(FERPLUS / "rows.csv", newline="", encoding="utf-8") as file:
        published = {entry["file"]: int(entry["row"]) for entry in csv.DictReader(file) if entry["file"]}
    rows = rows_of(pixels, usages(names))
    assert rows.tolist() == [published.get(name, -1) for name in names]
    assert np.count_nonzero(rows < 0) == 179
