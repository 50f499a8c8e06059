"""The cells of a Parquet file, a few rows at a time: memory is bounded by the faces, not by the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from fer_exp.data import file_kinds, parquet_columns
from fer_exp.data.parquet_columns import Columns
from fer_exp.errors import UserError, first_line

# Rows read at a time, and fewer where they could take more bytes: in a packed column each cell may be as
# large as all that is kept of it.
_ROWS, _BYTES = 256, 256 << 20

# Of one column that a file keeps together; all of FER-2013 takes half as much as lists of pixels.
_LARGEST_COLUMN = 1 << 30

# So much of a column is read at a time, rather than all of it.
_BUFFER = 1 << 16


@dataclass(frozen=True)
class Cells:
    """What a row has, None for nothing.

    picture: the bytes of an image file, a text of pixels, or an Arrow array of them. name: the name of the
    image file. label, usage: whatever stands there.
    """

    picture: Any
    name: str | None
    label: Any
    usage: Any


@contextmanager
def opened(path: Path) -> Iterator[parquet.ParquetFile]:
    """A Parquet file; raises UserError for what is none, or while it is open turns out to be damaged."""
    try:
        with parquet.ParquetFile(
            path, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True
        ) as file:
            yield file
    # names may be of any bytes
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        if kind := file_kinds.seen_at(path, b"PAR1"):
            raise UserError(f"{path}: is {kind}") from None
        raise UserError(f"{path}: is no whole Parquet file ({first_line(error)}); get it again") from None


def read(file: parquet.ParquetFile, columns: Columns, place: str) -> Iterator[Cells]:
    """Yield the cells of each row. Raises UserError that names `place` where one may be too large."""
    for batch in file.iter_batches(_rows_at_once(file, columns, place), columns=columns.leaves):
        pictures, labels = _values(batch.column(columns.picture)), _values(batch.column(columns.label))
        usages = _values(batch.column(columns.usage)) if columns.usage else [None] * len(batch)
        for picture, label, usage in zip(pictures, labels, usages, strict=True):
            if isinstance(picture, dict):
                yield Cells(picture["bytes"], picture.get("path"), label, usage)
            else:
                yield Cells(picture, None, label, usage)


def _rows_at_once(file: parquet.ParquetFile, columns: Columns, place: str) -> int:
    """How many rows may be read at a time. Raises UserError where even one may be too large."""
    # a list is kept below the name of its column
    wanted = tuple(f"{leaf}." for leaf in columns.leaves)
    at = [each for each in range(len(file.schema)) if f"{file.schema.column(each).path}.".startswith(wanted)]
    # goes through all in little memory: in what is damaged, to ask for the sizes below would end the process
    file.scan_contents(columns.leaves, _ROWS)
    groups = [file.metadata.row_group(each) for each in range(file.metadata.num_row_groups)]
    chunks = [group.column(each) for group in groups for each in at]
    # numbers of a list may be packed to almost nothing
    largest = max([max(chunk.total_uncompressed_size, 8 * chunk.num_values) for chunk in chunks] + [1])
    if largest > _LARGEST_COLUMN:
        raise UserError(
            f"{place}: keeps {largest >> 20:,} MiB of one column together; write it in smaller row groups"
        )
    return max(1, min(_ROWS, _BYTES // largest))


def _values(column: pa.Array) -> Iterator[Any]:
    if parquet_columns.is_text(column.type):
        # not every text is UTF-8
        for cell in column.cast(pa.large_binary()):
            yield cell.as_py().decode(errors="replace") if cell.is_valid else None
    elif parquet_columns.is_list(column.type):
        for cell in column:
            yield cell.values
    else:
        for cell in column:
            yield cell.as_py()
