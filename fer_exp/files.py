"""Files that are there whole or not at all, whatever ends the program while they are written."""

import contextlib
import fcntl
import os
import re
import secrets
import stat
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

    It keeps the mode of a file that it replaces. Raises OSError as it comes; nothing is then left behind, and
    what a writer of `path` left that was killed is taken away.
    """
    _remove_leftovers(path)
    temporary, descriptor = _begin(path)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(path.stat().st_mode))
            # while it is still locked
            os.replace(temporary, path)
    finally:
        # nothing there if it was replaced
        with contextlib.suppress(OSError):
            temporary.unlink()


def _begin(path: Path) -> tuple[Path, int]:
    """A file for one writer beside `path`, and its descriptor, locked for as long as the writer lives."""
    while True:
        # not by the id of a process, which two containers may share
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        # some disks know no locks: nobody then takes a file for a leftover
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        # somebody took it for a leftover before it was locked
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Take away what writers of `path` left that have died."""
    own = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}")
    with contextlib.suppress(OSError):
        for name in filter(own.fullmatch, os.listdir(path.parent)):
            with contextlib.suppress(OSError), open(path.with_name(name), "ab") as file:
                # refused while its writer lives
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.with_name(name).unlink()


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
