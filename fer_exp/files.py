"""Files that are there whole or not at all, whatever ends the program while they are written."""

import atexit
import contextlib
import errno
import functools
import glob
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fer_exp.errors import UserError

try:
    import fcntl
except ImportError:
    # Windows, which has no locks of this kind
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def failing_in_one_line(unnamed: str = "a file") -> Iterator[None]:
    """Turn what a disk refuses, full or read-only as it may be, into a UserError that names the file.

    unnamed: what it is called where the system does not name it.
    """
    try:
        yield
    except OSError as error:
        # Hydra's error of a missing option is an OSError, too, which no system has told
        if error.errno is None:
            raise
        # the second is the one that is written, where a file is copied
        place = error.filename2 or error.filename or unnamed
        raise UserError(
            f"{place}: cannot be written ({error.strerror}); make room, then start the same again"
        ) from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes its place at `path` when the block ends without error.

    It keeps the mode of a file that it replaces. Raises OSError as it comes; nothing is then left behind, and
    what a writer of `path` left that was killed is taken away.
    """
    remove_leftovers(path.parent, glob.escape(_stem(path)))
    temporary, descriptor = _begin(path)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(path, temporary)
            # while it is still locked
            os.replace(temporary, path)
    finally:
        # nothing there if it was replaced
        with contextlib.suppress(OSError):
            temporary.unlink()


def _lock(descriptor: int, wait: bool = True) -> None:
    """Lock a file or folder for as long as it is open; raises OSError where that cannot be."""
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "no locks")
    fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _stem(path: Path) -> str:
    """How the name of an unfinished file begins: so that all of it has at most 255 bytes, as a name may."""
    return "." + path.name.encode("utf-8", "surrogateescape")[:240].decode("utf-8", "ignore")


def _begin(path: Path) -> tuple[Path, int]:
    """A file for one writer beside `path`, and its descriptor, locked for as long as the writer lives."""
    while True:
        # not by the id of a process, which two containers may share
        temporary = path.with_name(f"{_stem(path)}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        # some disks know no locks: nobody then takes a file for a leftover
        with contextlib.suppress(OSError):
            _lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        # somebody took it for a leftover before it was locked
        os.close(descriptor)


def remove_leftovers(folder: Path, pattern: str = "**/.*") -> None:
    """Take away what writers that have died left of files in a folder and below, or of those of a pattern."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{pattern}.{'[0-9a-f]' * 8}"):
            with contextlib.suppress(OSError):
                _remove_unlocked_file(path)


def _remove_unlocked_file(path: Path) -> None:
    # a pipe of such a name would let its reader wait, and a link make what it names
    if stat.S_ISREG(path.lstat().st_mode):
        with open(path, "ab") as file:
            # refused while its writer lives
            _lock(file.fileno(), wait=False)
            path.unlink()


_SCRATCH = "fer-exp-scratch-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder among the system's temporary files, taken away when the block ends.

    What blocks left whose process was killed is taken away, too. Raises OSError as it comes.
    """
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            _remove_unlocked(left)
    folder, descriptor = _begin_folder(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


@functools.cache
def of_this_process() -> Path:
    """A folder as `scratch` gives it, for as long as this process lives."""
    whole_life = contextlib.ExitStack()
    atexit.register(whole_life.close)
    return whole_life.enter_context(scratch())


def _begin_folder(place: Path) -> tuple[Path, int]:
    """A folder for one process, and its descriptor, locked for as long as the process lives."""
    while True:
        folder = place / f"{_SCRATCH}{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        # somebody may take it for a leftover before it is locked
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            with contextlib.suppress(OSError):
                _lock(descriptor)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _remove_unlocked(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # refused while its owner lives
        _lock(descriptor, wait=False)
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)


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
