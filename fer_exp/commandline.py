"""What a user types and reads: overrides as people write them, errors as one line."""

import argparse
import atexit
import difflib
import errno
import gc
import os
import re
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import NoReturn

from fer_exp import terminal
from fer_exp.errors import UserError

# Set when the user wants tracebacks instead of one line.
_TRACEBACK = "FER_EXP_TRACEBACK"

# Short names that people type for a nested group.
ALIASES = {"activation": "model/activation"}

# Groups whose options are numbers, and the key that takes any other number.
_NUMBERED = {"batch_size": "training.batch_size"}

# Python turns no more digits into a number, and Hydra's parser ends in a traceback some 200 brackets deep.
_MOST_DIGITS, _MOST_BRACKETS = 4300, 50


def as_hydra_reads(arguments: Iterable[str], conf: Path, aliases: Mapping[str, str] = ALIASES) -> list[str]:
    """Arguments as typed, turned into what Hydra's grammar accepts.

    Hydra refuses a bare number as an option (`batch_size=64`), so options of such a group are
    quoted, and a number that is no option (`batch_size=48`) goes to the plain key behind the group.
    aliases: short names of keys.
    """
    return [_as_hydra_reads(argument, conf, aliases) for argument in arguments]


def _as_hydra_reads(argument: str, conf: Path, aliases: Mapping[str, str]) -> str:
    key, equals, value = argument.partition("=")
    if not equals:
        return argument
    key = aliases.get(key, key)
    if key in _NUMBERED:
        options = {path.stem for path in (conf / key).glob("*.yaml")}
        values = [part.strip().strip("'\"") for part in value.split(",")]
        if options.issuperset(values):
            return f"{key}={','.join(repr(part) for part in values)}"
        return f"{_NUMBERED[key]}={value}"
    return f"{key}={value}"


def sweep_first(arguments: Iterable[str]) -> list[str]:
    """Arguments with the flag of a sweep first: behind one in the middle Hydra takes no override."""
    return sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))


def refuse_unreadable(arguments: Iterable[str]) -> None:
    """Raise UserError on what no parser takes: endless numbers, brackets without bottom, no key."""
    for argument in arguments:
        if re.match(r"[+~]*(=|$)", argument):
            raise UserError(f"'{argument[:40]}' names no setting, as seed=3 does")
        said = f"{argument.partition('=')[0][:40]}: holds"
        if re.search(rf"\d{{{_MOST_DIGITS + 1}}}", argument.replace("_", "")):
            raise UserError(f"{said} a number of more than {_MOST_DIGITS:,} digits")
        depth = accumulate((letter in "[{(") - (letter in "]})") for letter in argument)
        if max(depth, default=0) > _MOST_BRACKETS:
            raise UserError(f"{said} more than {_MOST_BRACKETS} brackets inside one another")


def takes_store(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where the runs are: `tracking_uri` and `experiment`."""
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        help="where the runs are (default: MLFLOW_TRACKING_URI, else mlflow.db in this folder)",
    )
    parser.add_argument("--experiment", default="fer-exp", help="(default: fer-exp)")


def typed(script: str) -> str:
    """The command that runs a script as the user has it now, from the script's own folder."""
    # sys.argv holds the arguments as Hydra reads them
    arguments = sys.orig_argv[len(sys.orig_argv) - len(sys.argv) + 1 :]
    return to_keep(["python", script, *arguments])


def to_keep(words: Iterable[str]) -> str:
    """A command to keep with runs and pages, without what it tells of a user's login."""
    return without_login(shlex.join(words))


def without_login(text: str) -> str:
    """A text without the user and password of any address in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def to_repeat(command: str) -> str:
    """The command that trains the same elsewhere: without what is this machine's, files of data as PATH."""
    own = ("tracking.", "hydra", "data.cache_dir", "n_jobs", "dry_run", "rerun")
    words = [word for word in shlex.split(command) if not word.lstrip("+").startswith(own)]
    kept = [re.sub(r"^(data\.(?:root|ferplus))=.*", r"\1=PATH", word) for word in words]
    return shlex.join(kept)


def evaluating(target: str, command: str) -> str:
    """The command that evaluates what `command` has trained, on the same faces."""
    faces = [word for word in shlex.split(command) if word.startswith(("data=", "data."))]
    return shlex.join(["python", "evaluate.py", target, *faces])


def of_study(study: str, command: str) -> str:
    """The command that trains another study as `command` trains its own: same faces, same settings."""
    own = ("study=", "seed=", "search.trial=", "search.best", "dry_run=", "rerun=")
    kept = [word for word in shlex.split(command)[2:] if not word.lstrip("+").startswith(own)]
    return shlex.join(["python", "train.py", f"study={study}", *kept])


def run(
    main: Callable[[], object],
    conf: Path,
    expected: tuple[type[Exception], ...],
    interrupted: str,
    aliases: Mapping[str, str] = ALIASES,
) -> None:
    """Run a script's `main`; a mistake of the user's ends in one line and exit code 2.

    conf: the folder of config groups. expected: further exceptions that mean a user's mistake.
    interrupted: what Ctrl-C leaves to do. aliases: short names that people type for keys.
    HYDRA_FULL_ERROR=1 shows the traceback instead.
    """
    if os.environ.get("HYDRA_FULL_ERROR") == "1":
        os.environ[_TRACEBACK] = "1"
    # Hydra would print several lines and exit 1 by itself; so set, the exception reaches us.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    collect_rarely()
    end_on_sigterm()
    try:
        with mistakes_in_one_line(*expected):
            refuse_unreadable(sys.argv[1:])
            sys.argv[1:] = as_hydra_reads(sweep_first(sys.argv[1:]), conf, aliases)
            main()
    except KeyboardInterrupt:
        print(f"interrupted: {interrupted}", file=sys.stderr)
        sys.exit(130)


@contextmanager
def mistakes_in_one_line(*expected: type[Exception]) -> Iterator[None]:
    """End the program with one line and exit code 2 on a UserError or one of `expected`.

    Whose output is not taken comes to its end all the same, then with exit code 1; who reads but the first
    lines knows why.
    """
    # objects stay as they are at the end of the program: Python would look at all of them for a second
    atexit.register(gc.freeze)
    with terminal.outliving_output() as output:
        try:
            yield
        except (UserError, *expected) as error:
            fail(error)
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
    if _TRACEBACK in os.environ:
        traceback.print_exception(error)
    print(f"error: {one_line(error)}", file=sys.stderr)


def one_line(error: Exception) -> str:
    """The message of an error in one line, without what helps only Hydra's authors."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and not error.filename:
        # Python names a file that it cannot open, not one that it cannot go on with
        return f"the output folder cannot be written ({error.strerror}); make room, then start the same again"
    if isinstance(error, FileNotFoundError) and not error.filename:
        return "the current folder has been removed; change into another"
    text = re.split(r"\nConfig search path:", str(error))[0]
    # Hydra suggests to append the key, but no key may be added here
    text = re.sub(
        r"To append to your .*", lambda _: f"There is no such setting; {_settings_near(error)}", text
    )
    return " ".join(text.split()) or type(error).__name__


def _settings_near(error: Exception) -> str:
    """What may have been meant by a key that Hydra does not find, by what it has found beside it."""
    beside = getattr(error.__cause__, "parent_node", None)
    if beside is None:
        return "--help lists them all."
    # as typed, e.g. training.epoch
    path, dot, key = str(getattr(error.__cause__, "full_key", "")).rpartition(".")
    known = [str(each) for each in beside]
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"did you mean {path}{dot}{near[0]}?"
    return f"known in {path}, as it is chosen: {', '.join(known)}." if path else "--help lists them all."


def collect_rarely() -> None:
    """Look for dead cycles among objects every 50,000 new ones, instead of every 700.

    PyTorch and MLflow bring 400,000 to stay; looking at them again and again takes a fifth of their import.
    """
    gc.set_threshold(50_000, 20, 50)


def end_on_sigterm() -> None:
    """Let SIGTERM unwind the program like Ctrl-C, so that open runs end as KILLED."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


@contextmanager
def serving() -> Iterator[None]:
    """Let Ctrl-C be the usual end of what is served inside, and SIGTERM or a closed terminal end it too."""
    end_on_sigterm()
    # a terminal that is closed must not leave a server behind
    signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    with suppress(KeyboardInterrupt), mistakes_in_one_line():
        yield
