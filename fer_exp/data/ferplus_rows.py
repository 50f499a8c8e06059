"""FER+ for the Kaggle copy: the row of `fer2013new.csv`, hence the votes, of each file of the folder.

The votes come in the order of fer2013.csv and name no file. The rows of the files were found by their pixels
and are kept in `fer2013_faces.npz`.
"""

from collections.abc import Iterable

import numpy as np

from fer_exp.data.faces import Usage
from fer_exp.data.fer2013_faces import known

# The first row of each split in fer2013.csv.
STARTS = {Usage.TRAIN: 0, Usage.PUBLIC: 28_709, Usage.PRIVATE: 32_298}

# Of so many rows one may carry a number out of order: the real file has four, for pictures that occur twice.
STRAY_ONCE_IN = 1000


def rows_of(pixels: np.ndarray, usage: np.ndarray) -> np.ndarray:
    """The row of fer2013.csv of each face of the Kaggle copy, int64 [N]; -1 where it is unknown.

    pixels: uint8 [N, 48, 48]. usage: int [N]. Identical pictures of one split get their rows in the order in
    which they come, which for each to have its own must be that of the files' paths. No row is given twice.
    """
    table = known()
    places = table.places(pixels)
    row_usage = np.searchsorted(list(STARTS.values()), table.row, side="right") - 1
    rows = np.full(len(places), -1, np.int64)
    taken = np.zeros(len(table.row), bool)
    # a test face whose half is not known takes what the others leave
    for face in np.argsort(usage == Usage.TEST, kind="stable").tolist():
        place = places[face]
        if place < 0:
            continue
        for at in range(table.first[place], table.first[place + 1]):
            fits = row_usage[at] == usage[face] or (usage[face] == Usage.TEST and row_usage[at] > 0)
            if table.row[at] >= 0 and fits and not taken[at]:
                taken[at], rows[face] = True, table.row[at]
                break
    return rows


def image_number(name: str) -> int | None:
    """12 for `fer0000012.png`, None for no name. Raises ValueError for any other name."""
    if not name.strip():
        return None
    digits = name.strip().removeprefix("fer").removesuffix(".png")
    if name.strip() != f"fer{digits}.png" or not (digits.isascii() and digits.isdigit() and len(digits) == 7):
        raise ValueError(f"{name!r} is no name as fer0000012.png")
    return int(digits)


def first_out_of_order(numbers: Iterable[int | None]) -> int | None:
    """A row, from 0, at or just after which rows lack, were doubled or sorted; None if all are in order.

    numbers: of each row of fer2013new.csv, e.g. 12 of fer0000012.png, or None where the row names no image.
    A row without a name may have used up a number or not, so numbers lag behind rows: by up to 85 in the real
    file. Between two rows with names the numbers rise by 1 at least and by the distance of the rows at most.
    One row in `STRAY_ONCE_IN` may stand out alone, since the real file names four pictures twice.
    """
    last_row = last = -1
    row, strays = -1, 0
    first = stray = None
    for row, number in enumerate(numbers):
        if number is None:
            continue
        if 1 <= number - last <= row - last_row:
            last_row, last, stray = row, number, None
        elif stray is not None or number == last:
            return row if stray is None else stray
        else:
            stray, strays = row, strays + 1
            first = row if first is None else first
    return first if strays * STRAY_ONCE_IN > row + 1 else None
