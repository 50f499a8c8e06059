"""What stands between the program and the terminal: options, errors as one line, and how far something is."""

import argparse
import atexit
import errno
import gc
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, Self, TextIO

from fer_exp import hints, machine, places, provenance, signals
from fer_exp.errors import UserError
from fer_exp.redaction import printable

# Set when the user wants tracebacks instead of one line.
TRACEBACK = "FER_EXP_TRACEBACK"


class Options(argparse.ArgumentParser):
    """The options of `python -m fer_exp COMMAND`; a mistake in them is one line, as all others are.

    about: whose first line tells what the command does.
    """

    def __init__(self, command: str, about: str | None, **more: Any):
        description = (about or "").partition("\n")[0]
        super().__init__(**{"prog": f"python -m fer_exp {command}", "description": description, **more})

    def error(self, message: str) -> NoReturn:
        fail(UserError(f"{message}; {self.prog} --help lists all"))


def takes_store(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where the runs are: `tracking_uri` and `experiment`."""
    parser.add_argument(
        "--tracking-uri",
        type=placed(places.store),
        default=machine.variable("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        help="where the runs are (default: MLFLOW_TRACKING_URI, else mlflow.db in this folder)",
    )
    parser.add_argument("--experiment", default="fer-exp", help="(default: fer-exp)")


def placed(read: Callable[[str], str]) -> Callable[[str], str]:
    """What an option of a command takes a place by: one of the functions of `places`."""

    def taken(text: str) -> str:
        try:
            return read(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return taken


def path(text: str) -> Path:
    """What an option of a command takes a file or folder of this machine by."""
    return Path(placed(places.here)(text))


def whole(least: int, most: int) -> Callable[[str], int]:
    """What an option of a command takes a whole number by."""

    def taken(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most:,}")
        return number

    return taken


# What an option of a command takes a seed by.
seed = whole(0, 2**63 - 1)


@contextmanager
def mistakes_in_one_line(*expected: type[Exception]) -> Iterator[None]:
    """End the program with one line and exit code 2 on a UserError or one of `expected`.

    Whose output is not taken comes to its end all the same, then with exit code 1; who reads but the first
    lines knows why.
    """
    # objects stay as they are at the end of the program: Python would look at all of them for a second
    atexit.register(gc.freeze)
    mistakes: tuple[type[Exception], ...] = (UserError, *expected)
    with outliving_output() as output:
        try:
            yield
        except Exception as error:
            if stop := signals.interruption(error):
                raise stop from error
            if isinstance(error, mistakes):
                fail(error)
            raise
    if output.lost:
        if not isinstance(output.lost, BrokenPipeError):
            complain(UserError(f"stdout: takes nothing ({output.lost.strerror}); all but that is done"))
        sys.exit(1)


def fail(error: Exception) -> NoReturn:
    """Print an error as `complain` does, and exit 2."""
    complain(error)
    sys.exit(2)


def complain(error: Exception) -> None:
    """Print an error as one line on stderr, below its traceback if the user wants that."""
    if machine.variable(TRACEBACK):
        traceback.print_exception(error)
    print(f"error: {one_line(error)}", file=sys.stderr)


def interrupted(next_step: str) -> int:
    """Print that Ctrl-C has ended the program, and what to do next, on stderr; the exit code."""
    print(f"interrupted: {next_step}", file=sys.stderr)
    return 130


def one_line(error: BaseException) -> str:
    """The message of an error in one line, without what helps only Hydra's authors."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and not error.filename:
        # Python names a file that it cannot open, not one that it cannot go on with
        return f"the output folder cannot be written ({error.strerror}); make room, then start the same again"
    if isinstance(error, OSError) and str(error) == "AF_UNIX path too long":
        # processes talk by sockets among the temporary files, whose paths may have 107 letters
        return "the path of the folder of temporary files is too long: set TMPDIR to a shorter one"
    if isinstance(error, FileNotFoundError) and not error.filename:
        return "the current folder has been removed; change into another"
    return printable(provenance.as_typed(hints.said(error))) or type(error).__name__


def collect_rarely() -> None:
    """Look for dead cycles among objects every 50,000 new ones, instead of every 700.

    PyTorch and MLflow bring 400,000 to stay; looking at them again and again takes a fifth of their import.
    """
    gc.set_threshold(50_000, 20, 50)


@contextmanager
def serving() -> Iterator[None]:
    """Let Ctrl-C be the usual end of what is served inside, and SIGTERM or a closed terminal end it too."""
    signals.end_by_signals()
    with suppress(KeyboardInterrupt), mistakes_in_one_line():
        yield


class Bar:
    """How far something has come: a bar on a terminal, from its first news on, and lines elsewhere."""

    def __init__(self, text: str, total: int | None):
        # here, since most commands draw none
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.drawn = sys.stdout.isatty()
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, disable=not self.drawn)
        self.task = self.progress.add_task(text, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.progress.live.is_started:
            self.progress.stop()

    def show(self, text: str, done: int, total: int, line: str) -> None:
        """Show a text beside the bar, or this line, if it is none of nothing."""
        self.progress.start()
        self.progress.update(self.task, description=text, completed=done, total=total)
        if line and not self.drawn:
            print(line, flush=True)


class Output:
    """A stream that gives up what nobody takes, a pipe whose reader has gone or a full disk.

    lost: why, from then on.
    """

    def __init__(self, stream: "TextIO | Output"):
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


def has_windows() -> bool:
    """Whether a browser with windows can open; without a display Python may find one for the terminal."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return not sys.platform.startswith("linux") or any(map(machine.variable, screens))
