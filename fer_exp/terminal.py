"""The terminal that several processes write to: a line at its bottom that says how a sweep stands.

One process draws the line and leaves the cursor at its start; whoever else prints wipes it first, and
it is soon drawn again below. Without a terminal nothing is drawn over.
"""

import logging
import os
import shutil
import sys

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


class LogFile(logging.FileHandler):
    """The log of a job, which trains on where a full disk takes no more of it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own
        """Print no traceback for each line: what of a job's results is not taken is told by name."""


class LineFormatter(logging.Formatter):
    """A log message alone, which wipes the line at the bottom where there may be one."""

    def format(self, record: logging.LogRecord) -> str:
        """The message after what wipes the line."""
        return (_WIPE if is_terminal() else "") + super().format(record)
