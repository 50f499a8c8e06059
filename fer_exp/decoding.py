"""Many pictures decoded in their order, on two cores.

To decode so small a picture is mostly Pillow's Python, so a thread gains nothing: a second process takes
chunks of files, and this one decodes the next itself whenever the other has enough.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_exp import pictures
from fer_exp.errors import UserError

# As many are decoded here before a second process has begun.
_MANY = 8_000

# Files handed over at once: so many, or until they have so many bytes.
_FILES, _BYTES = 256, 4 << 20

# Chunks that the second process has before it, and all that may wait for the first of them.
_AHEAD, _WAITING = 3, 32


@dataclass(frozen=True)
class File:
    """The bytes of a picture file, or why it cannot be read; `place` names it in errors."""

    place: str
    data: bytes | UserError

    def decode(self) -> np.ndarray | UserError:
        """Its picture uint8 [48, 48], or what is wrong with it."""
        if isinstance(self.data, UserError):
            return self.data
        try:
            return pictures.decode(self.data, self.place)
        except UserError as error:
            return error


def decode(chunk: Sequence[File]) -> list[np.ndarray | UserError]:
    """Each file's picture, or what is wrong with it."""
    return [file.decode() for file in chunk]


def in_order(
    names: Sequence[str], read: Callable[[str], bytes], root: str
) -> Iterator[np.ndarray | UserError]:
    """Each file's picture uint8 [48, 48], or the UserError that says what is wrong with it.

    read: the bytes of a file by its name; root: what errors name before it. Raises UserError if the second
    process dies.
    """
    files = (_file(f"{root}: {name}", name, read) for name in names)
    if len(names) < _MANY:
        return (file.decode() for file in files)
    # here, since few pictures need none
    from joblib import cpu_count

    return _by_two(files, root) if cpu_count() > 1 else (file.decode() for file in files)


def _file(place: str, name: str, read: Callable[[str], bytes]) -> File:
    try:
        return File(place, read(name))
    except UserError as error:
        return File(place, error)


def _by_two(files: Iterator[File], root: str) -> Iterator[np.ndarray | UserError]:
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pool = ProcessPoolExecutor(1)
    # in the files' order: what the second process is to give, or what was decoded here
    waiting: deque[Any] = deque()
    try:
        for chunk in _chunks(files):
            unfinished = sum(not each.done() for each in waiting if not isinstance(each, list))
            waiting.append(decode(chunk) if unfinished >= _AHEAD else pool.submit(decode, chunk))
            while waiting and (_is_there(waiting[0]) or len(waiting) > _WAITING):
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())
    except BrokenProcessPool as error:
        raise UserError(f"{root}: the process that helps to decode died; start the same again") from error
    finally:
        pool.shutdown(kill_workers=True)


def _chunks(files: Iterator[File]) -> Iterator[list[File]]:
    chunk, size = [], 0
    for file in files:
        chunk.append(file)
        size += len(file.data) if isinstance(file.data, bytes) else 0
        if len(chunk) == _FILES or size >= _BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _is_there(each: Any) -> bool:
    return isinstance(each, list) or each.done()


def _result(each: Any) -> list[np.ndarray | UserError]:
    return each if isinstance(each, list) else each.result()
