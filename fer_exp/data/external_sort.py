"""Sorting on disk: faces that come one by one, in any order, become one canonical set.

Only what is small about a face (its hash, label and usage) is held in memory, so that a set may be
larger than that. The pictures lie in nameless files, which are gone with the last array that maps them.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fer_exp import files
from fer_exp.data.faces import Faces, Row
from fer_exp.errors import UserError
from fer_exp.fer2013 import SIDE

# Pictures that are moved at once: 2.4 MB.
_BLOCK = 1024

# Bytes that are collected before the system is called: a picture is 2,304.
_BUFFER = 1 << 20


def on_disk(rows: Iterable[Row], folder: Path) -> Faces:
    """All rows as faces whose pixels are mapped from a file in `folder`; UserError if it cannot hold them."""
    labels, usages = [], []
    try:
        with (
            _folder(folder),
            tempfile.TemporaryFile(buffering=_BUFFER, dir=folder) as unsorted,
            tempfile.TemporaryFile(dir=folder) as ordered,
        ):
            for picture, label, usage in rows:
                unsorted.write(picture)
                labels.append(label)
                usages.append(usage)
            return Faces.of(
                _mapped(unsorted),
                np.array(labels, np.int64),
                np.array(usages, np.uint8),
                lambda pixels, order: _copied(pixels, order, ordered),
            )
    except OSError as error:
        raise UserError(
            f"data.cache_dir={folder}: cannot write the cache ({error.strerror}); name a folder that can"
        ) from None


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """The folder exists inside, and afterwards only if it was there or the block ended well."""
    missing = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if missing:
            # not empty: another process has begun to use it
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _copied(pixels: np.ndarray, order: np.ndarray, file: BinaryIO) -> np.ndarray:
    if len(order):
        files.read_at_random(pixels)
    # written, not stored through the map: on a full disk that would kill the process without a word
    for start in range(0, len(order), _BLOCK):
        file.write(pixels[order[start : start + _BLOCK]])
    return _mapped(file)


def _mapped(file: BinaryIO) -> np.ndarray:
    file.flush()
    shape = (file.tell() // (SIDE * SIDE), SIDE, SIDE)
    # nothing cannot be mapped
    return np.memmap(file, np.uint8, "c", shape=shape) if shape[0] else np.empty(shape, np.uint8)
