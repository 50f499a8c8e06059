"""FER+: what ten taggers said of each face of FER-2013 (Barsoum et al. 2016), from the user's own file.

`fer2013new.csv` holds a row of votes for each row of `fer2013.csv` in the same order. The rows of Kaggle's
files are known by their pixels, those of a CSV by their places; the number of rows and the Usage of each must
agree. A face's label is what most of its votes say; where that is none of our seven emotions, or two have as
many, the face is left out.
"""

import csv
import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_exp.data import cache, fer2013_faces, ferplus_rows, fingerprint
from fer_exp.data.faces import Faces, Usage
from fer_exp.data.image_folder import check_file
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

# The file's names of our emotions in their order, and what else a tagger could say.
OURS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
OTHER = ("contempt", "unknown", "NF")
COLUMNS = (*OURS, *OTHER)

# The real file takes 1.6 MB.
_LARGEST_FILE = 64 << 20

# The share of faces whose rows must be known; of Kaggle's files .995 are.
MOST_KNOWN = 0.9


@dataclass(frozen=True)
class Votes:
    """The votes for each row of fer2013.csv.

    counts: int64 [N, 10], in the order of `COLUMNS`. usage: int64 [N]. named: bool [N], false where FER+
    dropped the face.
    """

    counts: np.ndarray
    usage: np.ndarray
    named: np.ndarray

    def label(self, row: int) -> int | str:
        """The label that most votes give a row, or why they give none."""
        if not self.named[row]:
            return "dropped by FER+"
        counts = self.counts[row]
        best = int(counts.argmax())
        if np.count_nonzero(counts == counts[best]) > 1:
            return "tied"
        if best < len(EMOTIONS):
            return best
        return "not a face" if COLUMNS[best] == "NF" else COLUMNS[best]


def read(path: Path) -> Votes:
    """The votes of a file laid out as fer2013new.csv; UserError that names the line for anything else."""
    check_file(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UserError(
                f"data.ferplus={path}: is larger than {_LARGEST_FILE >> 20} MiB; name fer2013new.csv"
            )
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            missing = {"Usage", "Image name", *COLUMNS} - set(reader.fieldnames or ())
            if missing:
                raise UserError(
                    f"data.ferplus={path}: has no column {sorted(missing)[0]}; name fer2013new.csv"
                )
            rows = [_parse(row, number, path) for number, row in enumerate(reader)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"data.ferplus={path}: cannot be read ({error})") from None
    if not rows:
        raise UserError(f"data.ferplus={path}: holds no row")
    counts, usage, numbers = zip(*rows, strict=True)
    strange = ferplus_rows.first_out_of_order(numbers)
    if strange is not None:
        raise UserError(
            f"data.ferplus={path}, row {strange + 1}: does not follow from the rows before it, as if some "
            "were missing, doubled or sorted; get a clean fer2013new.csv"
        )
    named = [number is not None for number in numbers]
    return Votes(np.array(counts, np.int64), np.array(usage, np.int64), np.array(named, bool))


def _parse(row: dict[str, str], number: int, path: Path) -> tuple[list[int], Usage, int | None]:
    place = f"data.ferplus={path}, row {number + 1}"
    cells = [row[name] for name in COLUMNS]
    if not all(cell and cell.isascii() and cell.isdigit() and len(cell) < 3 for cell in cells):
        raise UserError(f"{place}: votes are {cells}, not ten whole numbers")
    counts = [int(cell) for cell in cells]
    if not 0 < sum(counts) <= 10:
        raise UserError(f"{place}: holds {sum(counts)} votes, FER+ has ten taggers")
    usage = Usage.named(row["Usage"], place)
    try:
        return counts, usage, ferplus_rows.image_number(row["Image name"])
    except ValueError as error:
        raise UserError(f"{place}: Image name {error}") from None


def check(votes: Votes, faces: Faces) -> None:
    """Raise UserError unless these are the votes of the faces' rows, and most rows are known.

    faces: the whole set.
    """
    rows, n = faces.csv_row, len(faces)
    known = rows >= 0
    if np.count_nonzero(known) < MOST_KNOWN * n:
        raise UserError(
            f"data.ferplus: votes belong to rows of fer2013.csv, and those of {np.count_nonzero(known):,} of "
            f"the {n:,} faces are known; data.root must name FER-2013, all of fer2013.csv or Kaggle's files"
        )
    # a table's rows are all there; of the Kaggle files some are not known
    expected = n if known.all() and rows.max() == n - 1 else fer2013_faces.ROWS
    if len(votes.usage) != expected:
        raise UserError(
            f"data.ferplus: has votes for {len(votes.usage):,} rows, the faces are {expected:,}; name the "
            "fer2013new.csv of this fer2013.csv, with all its rows"
        )
    usage, said = faces.usage[known], votes.usage[rows[known]]
    strange = (usage != said) & ((usage != Usage.TEST) | (said == Usage.TRAIN))
    if strange.any():
        raise UserError(
            f"data.ferplus: row {rows[known][strange].min() + 1} of the faces has no votes of its Usage; the "
            "files must be fer2013.csv and fer2013new.csv, with all their rows in their order"
        )


def relabel(entry: cache.Entry, votes: Votes) -> cache.Entry:
    """The faces that the votes give one of our emotions, with it, and what was left out.

    Raises UserError where the votes are not those of the faces, or leave a class without a training face.
    """
    faces = entry.faces
    check(votes, faces)
    found = [votes.label(row) if row >= 0 else "of unknown row" for row in faces.csv_row.tolist()]
    left_out = Counter(label for label in found if isinstance(label, str))
    kept = np.array([not isinstance(label, str) for label in found])
    labels = np.array([label for label in found if not isinstance(label, str)], np.int64)
    part = faces[kept]
    for label, emotion in enumerate(EMOTIONS):
        if not np.any(part.usage[labels == label] == Usage.TRAIN):
            raise UserError(f"data.ferplus: most votes call no training face {emotion}; name fer2013new.csv")
    counted = ", ".join(f"{count:,} {why}" for why, count in sorted(left_out.items())) or "none"
    share = np.mean(labels == part.labels)
    relabelled = Faces.of(part.pixels, labels, part.usage, part.csv_row)
    taken = dataclasses.replace(
        fingerprint.take(relabelled, drawn=False),
        kind="relabelled",
        copy=entry.fingerprint.copy,
        differences=(
            f"pixels: {entry.fingerprint.kind}",
            f"labels: what most of FER+'s votes say, {share:.1%} as FER-2013's",
            f"left out: {counted}",
        ),
    )
    return cache.Entry(relabelled, taken, ())


def beside(votes: Votes, faces: Faces) -> np.ndarray:
    """The votes for each face, int64 [N, 10]; all 0 where its row is not known."""
    counts = votes.counts[faces.csv_row]
    counts[faces.csv_row < 0] = 0
    return counts
