"""Files that are there whole or not at all, whatever ends the program while they are written."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fer_exp.errors import UserError


@contextlib.contextmanager
def failing_in_one_line() -> Iterator[None]:
    """Turn what a disk refuses, full or read-only as it may be, into a UserError that names the file."""
    try:
        yield
    except OSError as error:
        # Hydra's error of a missing option is an OSError, too, which no system has told
        if error.errno is None:
            raise
        raise UserError(
            f"{error.filename or 'a file'}: cannot be written ({error.strerror}); make room, then start the "
            "same again"
        ) from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes its place at `path` when the block ends without error.

    Raises OSError as it comes; nothing is then left behind.
    """
    # the writer's own name: two processes must not write one temporary file
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        # nothing there if it was replaced, or if it could not be opened
        with contextlib.suppress(OSError):
            temporary.unlink()


def write(path: Path, data: bytes) -> None:
    """Write what a user asked for to `path`, whole or not at all; raises UserError if it cannot be."""
    # a link stays one, and a device such as /dev/stdout is not replaced by a file
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            raise UserError(f"{path}: cannot be written (it is no file)")
        with written_whole(target) as file:
            file.write(data)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None
