"""Faces in Parquet files, as copies of FER-2013 lie on hubs: pictures or pixels, and labels as numbers."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fer_exp.data import csv_reader, image_folder, images, label_order, parquet_cells, parquet_columns
from fer_exp.data.faces import USAGES, Row, Usage
from fer_exp.data.image_folder import LARGEST_FILE, SPLITS
from fer_exp.data.limits import Budget
from fer_exp.data.parquet_cells import Cells
from fer_exp.data.parquet_columns import Columns
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE


def read(
    files: Sequence[Path], names: Sequence[str], place: str, on_broken: Callable[[UserError], None]
) -> Generator[Row, None, None]:
    """Yield (pixels uint8 [48, 48], label, usage) of each row of the files of a set.

    names: of the numbers of the labels; those that the files say if there are none. place: the set, for
    messages. on_broken: told of each row that is no face, with its number from 1; it raises to stop. Raises
    UserError for a file that is no such table, and where the order of the labels is wrong.
    """
    budget = Budget(place)
    counts = [0] * len(EMOTIONS)
    for path, usage_of_file in zip(files, _usages(files), strict=True):
        for row in _rows(path, usage_of_file, names, budget, on_broken):
            counts[row[1]] += row[2] == Usage.TRAIN
            yield row
    label_order.check(counts, place)


def has_usage(path: Path) -> bool:
    """Whether each row names its split, as those of fer2013.csv do; raises UserError for no Parquet file."""
    with parquet_cells.opened(path) as file:
        return parquet_columns.usage_column(file.schema_arrow) is not None


def _usages(files: Sequence[Path]) -> list[Usage | None]:
    """The split of each file by its name, or by its folder's; None where that names none or several."""
    found = []
    for path in files:
        named = {SPLITS[word] for word in re.split("[^a-z]+", path.name.lower()) if word in SPLITS}
        named = named or {SPLITS[word] for word in [path.parent.name.lower()] if word in SPLITS}
        found.append(named.pop() if len(named) == 1 else None)
    if Usage.PUBLIC in found:
        return [Usage.PRIVATE if usage == Usage.TEST else usage for usage in found]
    return found


def _rows(
    path: Path,
    usage_of_file: Usage | None,
    names: Sequence[str],
    budget: Budget,
    on_broken: Callable[[UserError], None],
) -> Iterator[Row]:
    with parquet_cells.opened(path) as file:
        columns = parquet_columns.find(file.schema_arrow, names, str(path))
        # that of the rows counts more
        of_file = None if columns.usage else usage_of_file
        if of_file is None and not columns.usage:
            raise UserError(
                f"{path}: its name says no split, as that of train-0.parquet does, and no column Usage does "
                f"({', '.join(USAGES)})"
            )
        for number, cells in enumerate(parquet_cells.read(file, columns, str(path)), 1):
            # bytes, characters or pixels
            budget.spend(len(cells.picture or ()))
            try:
                row = _row(cells, columns, of_file, f"{path}, row {number}")
            except UserError as error:
                on_broken(error)
            else:
                yield row


def _row(cells: Cells, columns: Columns, of_file: Usage | None, place: str) -> Row:
    if of_file is None:
        usage = Usage.named(cells.usage, place)
    else:
        usage = image_folder.usage_of(of_file, (cells.name or "").lower(), three_way=False)
    return _face(cells.picture, columns.encoded, place), columns.meant[_number(cells.label, place)], usage


def _face(value: Any, encoded: bool, place: str) -> np.ndarray:
    if value is None:
        raise UserError(f"{place}: holds no {'picture' if encoded else 'pixels'}")
    if encoded:
        return _decoded(value, place)
    return csv_reader.face_of(value, place) if isinstance(value, str) else _listed(value, place)


def _decoded(data: bytes, place: str) -> np.ndarray:
    """The face of an image file. Of another size it would not be FER-2013's, whatever it is resized from."""
    if len(data) > LARGEST_FILE:
        raise UserError(f"{place}: is larger than {LARGEST_FILE >> 20} MiB, too large for an image")
    image = images.upright(data, place)
    if image.size != (SIDE, SIDE):
        raise UserError(
            f"{place}: the picture has {image.width}x{image.height} pixels, a face has {SIDE}x{SIDE}"
        )
    return images.cut(image)


def _listed(values: pa.Array, place: str) -> np.ndarray:
    """The face of a list of pixels, or of one of rows of pixels."""
    rows = [len(row.values or ()) for row in values] if parquet_columns.is_list(values.type) else []
    pixels = values.flatten() if rows else values
    if len(pixels) != SIDE * SIDE or (rows and rows != [SIDE] * SIDE):
        raise UserError(f"{place}: has {len(pixels):,} pixels, a face has {SIDE} rows of {SIDE}")
    if not pa.types.is_integer(pixels.type) or pixels.null_count:
        raise UserError(f"{place}: pixels holds something else than whole numbers 0..255")
    numbers = pixels.to_numpy()
    if numbers.min() < 0 or numbers.max() > 255:
        raise UserError(f"{place}: has a pixel of {numbers.min()} or {numbers.max()}, they go from 0 to 255")
    return numbers.astype(np.uint8).reshape(SIDE, SIDE)


def _number(value: Any, place: str) -> int:
    if value is None:
        raise UserError(f"{place}: holds no label")
    if type(value) is not int or not 0 <= value < len(EMOTIONS):
        raise UserError(f"{place}: the label is {str(value)[:40]!r}, not a whole number of 0..6")
    return value
