"""What is known of each face of FER-2013: which photo it shows and which row of `fer2013.csv` it was.

A table, `fer2013_faces.npz`, is found by the pixels of the Kaggle copy, the folder of JPEG files that most
people have. It holds no picture. `write` makes it anew from the files themselves.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fer_exp.data.pixel_keys import pixel_keys
from fer_exp.files import written_whole

TABLE = Path(__file__).with_name("fer2013_faces.npz")

# Rows of fer2013.csv: 28,709 training faces, 3,589 public and 3,589 private test faces.
ROWS = 35_887

# Of a key this many bits are dropped: 40 tell 34,034 pictures apart, and a strange one from all with 3e-8.
_DROPPED = 24

# Stands for no row.
_NONE = 65_535


@dataclass(frozen=True)
class Known:
    """The M different pictures of the Kaggle copy, by ascending key.

    key: uint64 [M], the first 40 bits of their `pixel_keys`. photo: int64 [M], equal for pictures of one
    photo. first: int64 [M + 1], where in `row` the rows of each begin. row: int64 [35887], the rows of the
    files that hold a picture, in the order of the files' paths, or -1.
    """

    key: np.ndarray
    photo: np.ndarray
    first: np.ndarray
    row: np.ndarray

    def places(self, pixels: np.ndarray) -> np.ndarray:
        """The position of each picture here, int64 [N], or -1. Takes uint8 [N, 48, 48]."""
        keys = pixel_keys(pixels) >> np.uint64(_DROPPED)
        at = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        return np.where(self.key[at] == keys, at, -1)


@cache
def known() -> Known:
    """The table that is shipped."""
    with np.load(TABLE, allow_pickle=False) as table:
        step, copies, photo, row = (table[name] for name in ("step", "copies", "photo", "row"))
    alone = photo == 0
    photo = photo.astype(np.int64)
    photo[alone] = photo.max(initial=0) + 1 + np.arange(np.count_nonzero(alone))
    return Known(
        np.cumsum(np.ascontiguousarray(step.T).view(">u8").reshape(-1), dtype=np.uint64),
        photo,
        np.concatenate([[0], np.cumsum(copies, dtype=np.int64)]),
        np.where(row == _NONE, -1, row.astype(np.int64)),
    )


def photos(pixels: np.ndarray) -> np.ndarray | None:
    """A number for each face, int64 [N], equal for faces of one photo, in the order of their first faces.

    Takes uint8 [N, 48, 48], faces of the Kaggle copy, all or some of them; None if one is no such face.
    """
    places = known().places(pixels)
    return None if (places < 0).any() else _in_order(known().photo[places])


def photos_of_rows() -> np.ndarray:
    """The photo of each row of fer2013.csv, int64 [35887]: for its own pixels, whose keys are not known here.

    Of 179 rows no file is known, 173 of which show no face; each counts as a photo of its own.
    """
    table = known()
    photo = -1 - np.arange(ROWS)
    of_file = np.repeat(table.photo, np.diff(table.first))
    photo[table.row[table.row >= 0]] = of_file[table.row >= 0]
    return _in_order(photo)


def write(path: Path, pixels: np.ndarray, names: list[str], row_of: dict[str, int]) -> None:
    """Make the table anew; takes three minutes of one core.

    pixels: uint8 [35887, 48, 48], the Kaggle copy. names: its files, as `train/angry/Training_1426440.jpg`.
    row_of: the row of each file that is known. Raises OSError if the table cannot be written.
    """
    # here, since who looks up a face needs no SciPy
    from fer_exp.data.near_copies import groups, near_copies

    order = np.lexsort((np.array(names), pixel_keys(pixels)))
    ordered, names = pixels[order], [names[each] for each in order]
    keys, first, copies = np.unique(
        pixel_keys(ordered) >> np.uint64(_DROPPED), return_index=True, return_counts=True
    )
    found = groups(ordered, near_copies(ordered))[first]
    _, member, pictures = np.unique(found, return_inverse=True, return_counts=True)
    photo = np.where(pictures > 1, np.cumsum(pictures > 1), 0)[member]
    columns = {
        # steps from key to key, high bytes first and apart from low ones: they are mostly 0 and pack well
        "step": np.diff(keys, prepend=np.uint64(0)).astype(">u8").view(np.uint8).reshape(-1, 8).T,
        "copies": copies.astype(np.uint8),
        "photo": photo.astype(np.uint16),
        "row": np.array([row_of.get(name, _NONE) for name in names], np.uint16),
    }
    with written_whole(path) as file:
        np.savez_compressed(file, **columns)


def _in_order(numbers: np.ndarray) -> np.ndarray:
    _, first, member = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[member].astype(np.int64)
