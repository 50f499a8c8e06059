"""Faces in a CSV, one a row: `fer2013.csv` and `icml_face_data.csv`.

The second writes its column names with a leading space and in another order; columns are matched by
name. Rows are read one at a time, so memory is bounded by the faces, not by the file.
"""

import csv
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from fer_exp.archives import emotion_label
from fer_exp.errors import UserError
from fer_exp.faces import EMOTIONS, SIDE, Row, Usage

_USAGES = {"training": Usage.TRAIN, "publictest": Usage.PUBLIC, "privatetest": Usage.PRIVATE}

# 2,304 numbers of three digits take 9 kB; a line without end must not fill the memory.
_LONGEST_LINE = 1 << 17


def read(file: BinaryIO, place: str, on_broken: Callable[[UserError], None]) -> Iterator[Row]:
    """Yield (pixels uint8 [48, 48], label, usage) of each row.

    on_broken: told of each row that is none, with the line in its message; it raises to stop.
    """
    reader = csv.reader(_lines(file, place))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        columns = _columns(header, place)
        for row in reader:
            if not row:
                continue
            try:
                yield _parse(row, columns, f"{place}, line {reader.line_num}")
            except UserError as error:
                on_broken(error)
    except csv.Error as error:
        raise UserError(f"{place}, line {reader.line_num}: is not CSV ({error})") from None


def _lines(file: BinaryIO, place: str) -> Iterator[str]:
    text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
    number = 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise UserError(f"{place}, line {number}: is longer than {_LONGEST_LINE:,} characters")
        yield line
    text.detach()


def _columns(header: list[str], place: str) -> tuple[int, int, int]:
    missing = [name for name in ("emotion", "pixels", "usage") if name not in header]
    if missing:
        raise UserError(
            f"{place}: has no column {', '.join(missing)}; it needs emotion, pixels and Usage "
            "(Training, PublicTest or PrivateTest), as fer2013.csv has them"
        )
    return header.index("emotion"), header.index("pixels"), header.index("usage")


def _parse(row: list[str], columns: tuple[int, int, int], place: str) -> Row:
    if len(row) <= max(columns):
        raise UserError(f"{place}: has {len(row)} values, the header names more")
    emotion, pixels, usage = (row[column] for column in columns)
    if usage.strip().lower() not in _USAGES:
        raise UserError(f"{place}: Usage is {usage[:40]!r}, not Training, PublicTest or PrivateTest")
    return _pixels(pixels, place), _label(emotion.strip(), place), _USAGES[usage.strip().lower()]


def _label(text: str, place: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:3]) < len(EMOTIONS) and len(text) < 3:
        return int(text)
    label = emotion_label(text)
    if label is None:
        raise UserError(f"{place}: emotion is {text[:40]!r}, not 0..6 or one of {', '.join(EMOTIONS)}")
    return label


def _pixels(text: str, place: str) -> np.ndarray:
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
