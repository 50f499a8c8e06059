"""Faces in a CSV, one a row: `fer2013.csv` and `icml_face_data.csv`.

The second writes its column names with a leading space and in another order; columns are matched by
name. Rows are read one at a time, so memory is bounded by the faces, not by the file.
"""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np

from fer_exp.data import file_kinds
from fer_exp.data.faces import USAGES, Row, Usage
from fer_exp.data.image_folder import emotion_label
from fer_exp.data.limits import Budget
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE

# 2,304 numbers of three digits take 9 kB; a line or a row without end must not fill the memory.
_LONGEST_ROW = 1 << 17

# Its number, from 1, and its text.
Line = tuple[int, str]


def read(file: IO[bytes], place: str, on_broken: Callable[[UserError], None]) -> Iterator[Row]:
    """Yield (pixels uint8 [48, 48], label, usage) of each row.

    on_broken: told of each row that is none, with its first line in the message; it raises to stop. Raises
    UserError for what is no such table.
    """
    head = file.read(file_kinds.HEAD)
    file.seek(0)
    rows = _rows(_lines(file, place, on_broken), place, on_broken)
    _, header = next(rows, (1, []))
    columns = _columns([name.strip().lower() for name in header], head, place)
    for number, row in rows:
        try:
            yield _parse(row, columns, f"{place}, line {number}")
        except UserError as error:
            on_broken(error)


def _rows(
    lines: Iterator[Line], place: str, on_broken: Callable[[UserError], None]
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, values) of each row that is CSV.

    A quote that never closes takes all that follows into its row: only the line that opens it is given up.
    """
    again: deque[Line] = deque()
    while True:
        taken: list[Line] = []
        try:
            row = next(csv.reader(_of_one_row(again, lines, taken), strict=True), None)
        except csv.Error as error:
            on_broken(UserError(f"{place}, line {taken[0][0]}: is not CSV ({error}); look at its quotes"))
            again.extendleft(reversed(taken[1:]))
            continue
        if row is None:
            return
        if row:
            yield taken[0][0], row


def _of_one_row(again: deque[Line], lines: Iterator[Line], taken: list[Line]) -> Iterator[str]:
    """The lines that a row asks for, kept in `taken`, until it is longer than any row may be."""
    length = 0
    while length <= _LONGEST_ROW and (line := again.popleft() if again else next(lines, None)):
        taken.append(line)
        length += len(line[1])
        yield line[1]


def _lines(file: IO[bytes], place: str, on_broken: Callable[[UserError], None]) -> Iterator[Line]:
    text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
    number, budget = 0, Budget(place)
    try:
        while line := text.readline(_LONGEST_ROW):
            number += 1
            budget.spend(len(line))
            if len(line) < _LONGEST_ROW:
                yield number, line
                continue
            on_broken(UserError(f"{place}, line {number}: is longer than {_LONGEST_ROW:,} characters"))
            while line and not line.endswith(("\n", "\r")):
                line = text.readline(_LONGEST_ROW)
                budget.spend(len(line))
    finally:
        # the file is its opener's to close, also where the reader has had enough
        if not file.closed:
            text.detach()


def _columns(header: list[str], head: bytes, place: str) -> tuple[int, int, int]:
    missing = [name for name in ("emotion", "pixels", "usage") if name not in header]
    if missing and (kind := file_kinds.seen(head)):
        raise UserError(f"{place}: is {kind}")
    if missing:
        seen = ",".join(header)[:40]
        raise UserError(
            f"{place}: has no column {', '.join(missing)}, but begins {seen!r}; it needs emotion, pixels and "
            f"Usage ({', '.join(USAGES)}) between commas in UTF-8, as fer2013.csv has them"
        )
    return header.index("emotion"), header.index("pixels"), header.index("usage")


def _parse(row: list[str], columns: tuple[int, int, int], place: str) -> Row:
    if len(row) <= max(columns):
        raise UserError(f"{place}: has {len(row)} values, the header names more")
    emotion, pixels, name = (row[column] for column in columns)
    usage = Usage.named(name, place)
    return face_of(pixels, place), _label(emotion.strip(), place), usage


def _label(text: str, place: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:3]) < len(EMOTIONS) and len(text) < 3:
        return int(text)
    label = emotion_label(text)
    if label is None:
        raise UserError(f"{place}: emotion is {text[:40]!r}, not 0..6 or one of {', '.join(EMOTIONS)}")
    return label


def face_of(text: str, place: str) -> np.ndarray:
    """The face of a text of pixels, uint8 [48, 48]; raises UserError that names `place`."""
    if not text.isascii() or text.translate(_NUMBERS):
        raise UserError(f"{place}: pixels holds something else than whole numbers 0..255")
    # six times faster than int() of each; it is deprecated for text that it cannot read to its end,
    # which the check above excludes
    values = np.fromstring(text, np.int64, sep=" ")
    if len(values) != SIDE * SIDE:
        raise UserError(f"{place}: has {len(values):,} pixels, a face has {SIDE * SIDE:,}")
    if values.max() > 255 or values.min() < 0:
        raise UserError(f"{place}: has a pixel of {max(values.max(), -values.min())}, they go from 0 to 255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


# Deletes what pixels may hold; anything left is wrong.
_NUMBERS = dict.fromkeys(map(ord, "0123456789 \t"))
