"""The cache: one file with a whole set of faces, mapped into memory by every job that needs it.

It is found by a key made of the source's content, its own content is checked by a digest at each
start, and it is written whole or not at all; so a stale, cut or flipped file is rebuilt, never
trusted, and several processes may build it at once.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fer_exp import files
from fer_exp.data.faces import Faces
from fer_exp.data.fingerprint import Fingerprint
from fer_exp.errors import UserError
from fer_exp.fer2013 import SIDE

MAGIC = b"FEREXP3\n"

# Before the header: the magic word, the SHA-256 of all that follows the length, the header's length.
_PREAMBLE = len(MAGIC) + 32 + 8
_LARGEST_HEADER = 64 * 1024 * 1024

# What a file that is cut or is none of ours may raise.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the cache keeps of a set: its faces, its fingerprint and the files that were skipped."""

    faces: Faces
    fingerprint: Fingerprint
    skipped: tuple[str, ...]


def _columns(n: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    # eight-byte columns first, so that each begins at a multiple of its item size
    eights = dict.fromkeys(("labels", "group", "csv_row"), ("<i8", (n,)))
    return eights | {"pixels": ("|u1", (n, SIDE, SIDE)), "usage": ("|u1", (n,))}


def write(path: Path, key: str, entry: Entry) -> None:
    """Write an entry under its key, atomically. Raises UserError if the folder cannot be written."""
    columns = _columns(len(entry.faces))
    arrays = [np.ascontiguousarray(getattr(entry.faces, name), dtype) for name, (dtype, _) in columns.items()]
    header = {"key": key, "n": len(entry.faces), "skipped": entry.skipped}
    header["fingerprint"] = dataclasses.asdict(entry.fingerprint)
    text = json.dumps(header).encode()
    text += b" " * (-(_PREAMBLE + len(text)) % 64)
    digest = hashlib.sha256(text)
    for array in arrays:
        digest.update(array.data)
    head = MAGIC + digest.digest() + len(text).to_bytes(8, "little") + text
    write_file(path, [head, *(array.data for array in arrays)])


def write_file(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file of the cache, atomically. Raises UserError if the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.written_whole(path) as file:
            file.writelines(parts)
    except OSError as error:
        raise UserError(
            f"data.cache_dir={path.parent}: cannot write the cache ({error.strerror}); name a folder that can"
        ) from None


def keys_of(folder: Path, content: str) -> Iterator[tuple[Path, str]]:
    """The files in a folder, each with its key, whose header says that their faces have this content hash."""
    for path in sorted(folder.glob("*.faces")):
        with contextlib.suppress(*_UNREADABLE), open(path, "rb") as file:
            header = json.loads(_head(file)[1])
            if header["fingerprint"]["content"] == content:
                yield path, header["key"]


def read(path: Path, key: str) -> Entry | None:
    """The entry of this key, its arrays mapped from the file; None if there is no whole one."""
    try:
        with open(path, "rb") as file:
            expected, text = _head(file)
            header = json.loads(text)
            if header["key"] != key:
                return None
            start = file.tell()
            columns = _columns(header["n"])
            size = sum(np.dtype(dtype).itemsize * int(np.prod(shape)) for dtype, shape in columns.values())
            if os.fstat(file.fileno()).st_size != start + size:
                return None
        # copy-on-write: pages are shared between jobs, and PyTorch asks for writable memory
        payload = np.memmap(path, np.uint8, "c", start, (size,))
        digest = hashlib.sha256(text)
        digest.update(payload.data)
        if digest.digest() != expected:
            return None
        return Entry(_faces(payload, columns), _fingerprint(header["fingerprint"]), tuple(header["skipped"]))
    except _UNREADABLE:
        return None


def _head(file: BinaryIO) -> tuple[bytes, bytes]:
    """The digest that a file begins with, and the text of its header; raises ValueError if it has none."""
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("no cache")
    expected = file.read(32)
    length = int.from_bytes(file.read(8), "little")
    if length > _LARGEST_HEADER:
        raise ValueError("no header of ours")
    return expected, file.read(length)


def _faces(payload: np.ndarray, columns: dict[str, tuple[str, tuple[int, ...]]]) -> Faces:
    arrays, start = {}, 0
    for name, (dtype, shape) in columns.items():
        end = start + np.dtype(dtype).itemsize * int(np.prod(shape))
        arrays[name] = np.asarray(payload[start:end]).view(dtype).reshape(shape)
        start = end
    return Faces(**arrays)


def _fingerprint(kept: dict[str, Any]) -> Fingerprint:
    # JSON knows no tuples
    return Fingerprint(**(kept | {name: tuple(kept[name]) for name in ("train", "test", "differences")}))
