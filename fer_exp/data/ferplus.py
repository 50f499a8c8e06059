"""FER+: what ten taggers said of each face of FER-2013 (Barsoum et al. 2016), from the user's own file.

`fer2013new.csv` holds votes alone, a row for each row of `fer2013.csv` in the same order, so only faces that
come from that CSV can be matched. A face's label is what most of its votes say; where that is none of our
seven emotions, or two have as many, the face is left out.
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
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

# The file's names of our emotions in their order, and what else a tagger could say.
OURS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
OTHER = ("contempt", "unknown", "NF")
COLUMNS = (*OURS, *OTHER)

_SAID = {"NF": "not a face"}


@dataclass(frozen=True)
class Votes:
    """The votes for each row of fer2013.csv.

    counts: int64 [N, 10], in the order of `COLUMNS`. usage: int64 [N]. named: bool [N], false where FER+
    dropped the face.
    """

    counts: np.ndarray
    usage: np.ndarray
    named: np.ndarray

    def judged(self, row: int) -> int | str:
        """The label that the votes give a row, or why they give none."""
        if not self.named[row]:
            return "dropped by FER+"
        counts = self.counts[row]
        best = int(counts.argmax())
        if np.count_nonzero(counts == counts[best]) > 1:
            return "tied"
        return best if best < len(EMOTIONS) else _SAID.get(COLUMNS[best], COLUMNS[best])


def read(path: Path) -> Votes:
    """The votes of a file laid out as fer2013new.csv; UserError that names the line for anything else."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
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
    # e.g. fer0000012.png; another number means other rows in between, or another order
    name = row["Image name"].strip()
    digits = name.removeprefix("fer").removesuffix(".png")
    if name and not (digits.isascii() and digits.isdigit() and int(digits) == number):
        raise UserError(f"{place}: Image name is {name!r}, not fer{number:07d}.png: rows lack or were sorted")
    return counts, usage, bool(name)


def aligned(entries: Iterable[Row], votes: Votes) -> Iterator[tuple[int, Row]]:
    """Each face of a CSV with the number of its votes; UserError if they are of other rows."""
    number = -1
    for number, row in enumerate(entries):
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

    def rows(self, entries: Iterable[Row]) -> Iterator[Row]:
        """The faces that the votes give one of our emotions, with it."""
        for number, (picture, label, usage) in aligned(entries, self._votes):
            found = self._votes.judged(number)
            if isinstance(found, str):
                self._left_out[found] += 1
                continue
            self._kept += 1
            self._agreeing += found == label
            yield picture, found, usage

    def told(self, fingerprint: Fingerprint) -> Fingerprint:
        """The fingerprint of the relabelled faces, with what was left out in place of differences."""
        counted = ", ".join(f"{count:,} {why}" for why, count in sorted(self._left_out.items())) or "none"
        share = self._agreeing / self._kept
        said = (f"labels: what most of FER+'s votes say, {share:.1%} as FER-2013's", f"left out: {counted}")
        return dataclasses.replace(fingerprint, kind="relabelled", differences=said)


def beside(entries: Iterable[Row], votes: Votes, faces: Faces, relabelled: bool) -> np.ndarray:
    """The votes for each of these faces, int64 [N, 10]; they are those of the entries, in another order.

    relabelled: whether the faces carry the labels of their votes. Raises UserError if a face is no entry.
    """
    found: dict[tuple[bytes, int, int], deque[np.ndarray]] = defaultdict(deque)
    for number, (picture, label, usage) in aligned(entries, votes):
        label = votes.judged(number) if relabelled else label
        if usage != Usage.TRAIN and not isinstance(label, str):
            # copies of one label lie in the order of the file, as sorting leaves them
            found[_key(picture, label, usage)].append(votes.counts[number])
    keys = map(_key, faces.pixels, faces.labels, faces.usage)
    try:
        return np.stack([found[key].popleft() for key in keys])
    except IndexError:
        raise UserError("data.ferplus: a test face is none of the faces that have votes") from None


def _key(picture: np.ndarray, label: int, usage: int) -> tuple[bytes, int, int]:
    return hashlib.blake2b(np.ascontiguousarray(picture), digest_size=16).digest(), int(label), int(usage)
