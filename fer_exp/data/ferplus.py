"""FER+: what ten taggers said of each face of FER-2013 (Barsoum et al. 2016), from the user's own file.

`fer2013new.csv` holds a row of votes for each row of `fer2013.csv` in the same order, so only faces that come
from that CSV can be matched: by the number of rows, and by the Usage of each. Image names do not tell a row,
since a face that FER+ dropped has none and takes no number. A face's label is what most of its votes say;
where that is none of our seven emotions, or two have as many, the face is left out.
"""

import csv
import dataclasses
import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_exp.data.faces import USAGES, Faces, Row, Usage
from fer_exp.data.fingerprint import Fingerprint
from fer_exp.data.image_folder import check_file
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

# The file's names of our emotions in their order, and what else a tagger could say.
OURS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
OTHER = ("contempt", "unknown", "NF")
COLUMNS = (*OURS, *OTHER)

# The real file takes 1.6 MB.
_LARGEST_FILE = 64 << 20


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
    counts, usage, named = zip(*rows, strict=True)
    return Votes(np.array(counts, np.int64), np.array(usage, np.int64), np.array(named, bool))


def _parse(row: dict[str, str], number: int, path: Path) -> tuple[list[int], Usage, bool]:
    place = f"data.ferplus={path}, row {number + 1}"
    cells = [row[name] for name in COLUMNS]
    if not all(cell and cell.isascii() and cell.isdigit() and len(cell) < 3 for cell in cells):
        raise UserError(f"{place}: votes are {cells}, not ten whole numbers")
    counts = [int(cell) for cell in cells]
    if not 0 < sum(counts) <= 10:
        raise UserError(f"{place}: holds {sum(counts)} votes, FER+ has ten taggers")
    usage = Usage.named(row["Usage"])
    if usage is None:
        raise UserError(f"{place}: Usage is {row['Usage']!r}, not one of {', '.join(USAGES)}")
    return counts, usage, bool(row["Image name"].strip())


def aligned(rows: Iterable[Row], votes: Votes) -> Iterator[tuple[int, Row]]:
    """Each face of a CSV with the number of its votes; UserError if they are of other rows."""
    number = -1
    for number, row in enumerate(rows):
        if number >= len(votes.usage) or row[2] != votes.usage[number]:
            raise UserError(
                f"data.ferplus: row {number + 1} of the faces has no votes of its Usage; the files must be "
                "fer2013.csv and fer2013new.csv, with all their rows in their order"
            )
        yield number, row
    if number + 1 != len(votes.usage):
        raise UserError(
            f"data.ferplus: has votes for {len(votes.usage):,} rows, the faces are {number + 1:,}"
        )


class Relabelling:
    """Faces with the labels of their votes, and a count of what became of each."""

    def __init__(self, votes: Votes):
        self._votes = votes
        self._left_out: Counter[str] = Counter()
        self._kept = self._agreeing = 0

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The faces that the votes give one of our emotions, with it."""
        for number, (image, label, usage) in aligned(rows, self._votes):
            voted = self._votes.label(number)
            if isinstance(voted, str):
                self._left_out[voted] += 1
                continue
            self._kept += 1
            self._agreeing += voted == label
            yield image, voted, usage

    def described(self, fingerprint: Fingerprint) -> Fingerprint:
        """The fingerprint of the relabelled faces, with what was left out in place of differences."""
        counted = ", ".join(f"{count:,} {why}" for why, count in sorted(self._left_out.items())) or "none"
        share = self._agreeing / self._kept
        differences = (
            f"labels: what most of FER+'s votes say, {share:.1%} as FER-2013's",
            f"left out: {counted}",
        )
        return dataclasses.replace(fingerprint, kind="relabelled", differences=differences)


def beside(rows: Iterable[Row], votes: Votes, faces: Faces, relabelled: bool) -> np.ndarray:
    """The votes for each of these faces, int64 [N, 10]; they are test faces of the rows, in another order.

    relabelled: whether the faces carry the labels of their votes. Raises UserError if a face is none of them.
    """
    found: dict[tuple[bytes, int, int], deque[np.ndarray]] = defaultdict(deque)
    for number, (image, own, usage) in aligned(rows, votes):
        label = votes.label(number) if relabelled else own
        if usage != Usage.TRAIN and not isinstance(label, str):
            # copies of one label lie in the order of the file, as sorting leaves them
            found[_key(image, label, usage)].append(votes.counts[number])
    keys = map(_key, faces.pixels, faces.labels, faces.usage)
    try:
        return np.stack([found[key].popleft() for key in keys])
    except IndexError:
        raise UserError("data.ferplus: a test face is none of the faces that have votes") from None


def _key(image: np.ndarray, label: int, usage: int) -> tuple[bytes, int, int]:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest(), int(label), int(usage)
