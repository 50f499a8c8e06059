"""The terminal that several processes write to: a line at its bottom that says how a sweep stands.

One process draws the line and leaves the cursor at its start; whoever else prints wipes it first, and
it is soon drawn again below. Without a terminal nothing is drawn over.
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_WIPE = "\r\x1b[2K"


def is_terminal() -> bool:
    """Whether stdout is a terminal in which a line can be drawn again."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def draw(text: str) -> None:
    """Draw the line, cut to the terminal's width so that it stays one."""
    width = shutil.get_terminal_size().columns - 1
    # in one piece, as others print at any time
    sys.stdout.write(f"\r{text[:width]}\x1b[K\r")
    sys.stdout.flush()


def wipe() -> None:
    """Take the line away."""
    sys.stdout.write(_WIPE)
    sys.stdout.flush()


class Output:
    """A stream that gives up what nobody takes, a pipe whose reader has gone or a full disk.

    lost: why, from then on.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, as if it were taken; a letter that the terminal's encoding lacks is written out."""
        with self._giving_up():
            try:
                self.stream.write(text)
            except UnicodeEncodeError as error:
                self.stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        return len(text)

    def flush(self) -> None:
        """Send on what was written, as if it were taken."""
        with self._giving_up():
            self.stream.flush()

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.lost = error
            # the stream keeps what it could not write, and would fail by it again
            with suppress(OSError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self.stream.fileno())


@contextmanager
def outliving_output() -> Iterator[Output]:
    """Let what runs inside go on, and keep its results, where stdout takes nothing or is closed."""
    if isinstance(sys.stdout, Output):
        # the outermost tells
        yield Output(sys.stdout)
        return
    before = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        output = sys.stdout = Output(before or nowhere)
        try:
            yield output
        finally:
            output.flush()
            sys.stdout = before


class _Quiet(logging.Handler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own
        """Print no traceback for each line: what of a job's results is not taken is told by name."""


class LogFile(_Quiet, logging.FileHandler):
    """The log of a job, which trains on where a full disk takes no more of it."""


class LogStream(_Quiet, logging.StreamHandler):
    """What a job's process prints of its log, which trains on where nobody takes that."""


class LineFormatter(logging.Formatter):
    """A log message alone, which wipes the line at the bottom where there may be one."""

    def format(self, record: logging.LogRecord) -> str:
        """The message after what wipes the line."""
        return (_WIPE if is_terminal() else "") + super().format(record)
