"""What jobs say of themselves: in files, and as lines above the one at the bottom of a terminal.

That line is ours, not rich's live display: rich leaves the cursor behind it, where whatever another process
prints, such as a job's warning, would go on. Here the cursor waits at its beginning.
"""

import logging
import shutil
import sys
from contextlib import suppress

from fer_exp import machine
from fer_exp.redaction import printable, without_login

_WIPE = "\r\x1b[2K"


def is_terminal() -> bool:
    """Whether stdout is a terminal in which a line can be drawn again."""
    return sys.stdout.isatty() and machine.variable("TERM") != "dumb"


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


class _Quiet(logging.Handler):
    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out what a library says of a signal that ends the program, as it comes through it."""
        error = record.exc_info and record.exc_info[1]
        return not isinstance(error, KeyboardInterrupt | SystemExit) and bool(super().filter(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own
        """Print no traceback for each line: what of a job's results is not taken is told by name."""


class LogFile(_Quiet, logging.FileHandler):
    """The log of a job, which trains on where a full disk takes no more of it."""


class JobLog(logging.Handler):
    """The log of one of many jobs that take turns, whose files are not all open at a time."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Add a line, if the disk takes it."""
        with suppress(OSError, UnicodeError), open(self.path, "a", encoding="utf-8") as file:
            file.write(self.format(record) + "\n")


class LogStream(_Quiet, logging.StreamHandler):
    """What a job's process prints of its log, which trains on where nobody takes that."""


class FileFormatter(logging.Formatter):
    """A log message with its traceback, without a login that an address in it has."""

    def format(self, record: logging.LogRecord) -> str:
        """The message for a file."""
        return without_login(super().format(record))


class LineFormatter(FileFormatter):
    """A log message alone, which wipes the line at the bottom where there may be one.

    Whatever else a terminal would obey is written out, as a message may quote names of strangers.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The message after what wipes the line."""
        return (_WIPE if is_terminal() else "") + printable(super().format(record), also="\n\t")
