"""Overrides as people type them, turned into what Hydra reads."""

import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from fer_exp import console, env_file, machine, provenance, signals
from fer_exp.config import added_folders
from fer_exp.console import TRACEBACK, collect_rarely, mistakes_in_one_line
from fer_exp.errors import UserError

# Short names that people type for a nested group.
ALIASES = {"activation": "model/activation"}


# Groups whose options are numbers, and the key that takes any other number.
_NUMBERED = {"batch_size": "training.batch_size"}


# Keys that hold a text, a place or a name of any letters; what Hydra's grammar has a use for stays as it is.
_TEXTS = (
    *("data.root", "data.cache_dir", "data.ferplus", "tracking.uri", "tracking.artifacts"),
    *("tracking.experiment", "training.teacher", "resume", "run", "of_study"),
)
_FUNCTIONS = "choice|range|interval|glob|sort|shuffle|tag|str|int|float|bool|json_str"
_OF_GRAMMAR = re.compile(
    rf"|(?i:null)|\?\?\?|'.*'|\".*\"|\[.*\]|\{{.*\}}|(?:{_FUNCTIONS})\(.*\)|.*\$\{{.*", re.DOTALL
)
_WORDS = ("true", "false", "nan", "inf")

# What makes a command one of many jobs.
_SWEEPING = {"-m", "--multirun"}


# Python turns no more digits into a number, and Hydra's parser ends in a traceback some 200 brackets deep.
_MOST_DIGITS, _MOST_BRACKETS = 4300, 50


# What Hydra itself takes with dashes.
_OPTIONS_OF_HYDRA = (
    *("help", "hydra-help", "version", "cfg", "resolve", "package", "run", "multirun", "shell-completion"),
    *("config-path", "config-name", "config-dir", "info"),
)


def as_hydra_reads(arguments: Iterable[str], conf: Path, aliases: Mapping[str, str] = ALIASES) -> list[str]:
    """Arguments as typed, turned into what Hydra's grammar accepts.

    Hydra refuses a bare number as an option (`batch_size=64`), so options of such a group are
    quoted, and a number that is no option (`batch_size=48`) goes to the plain key behind the group.
    aliases: short names of keys.
    """
    arguments = list(arguments)
    sweeping = not _SWEEPING.isdisjoint(arguments)
    return [_as_hydra_reads(argument, conf, aliases, sweeping) for argument in arguments]


def _as_hydra_reads(argument: str, conf: Path, aliases: Mapping[str, str], sweeping: bool) -> str:
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
    if key.lstrip("+") in _TEXTS and not _OF_GRAMMAR.fullmatch(value):
        # a file's name may hold a comma; of a sweep it parts the values
        value = ",".join(map(_quoted, value.split(",") if sweeping else [value]))
    return f"{key}={value}"


def _quoted(text: str) -> str:
    """A text as Hydra's grammar takes it, in quotes if it holds what the grammar has a use for."""
    if re.fullmatch(r"(?:[A-Za-z_/]|\.{1,2}/)[\w./:@%+-]*", text, re.ASCII) and text.lower() not in _WORDS:
        return text
    # before a quote, a backslash would count for the quote
    return "'" + re.sub(r"(\\*)('|$)", lambda at: at[1] * 2 + at[2].replace("'", "\\'"), text) + "'"


def sweep_first(arguments: Iterable[str]) -> list[str]:
    """Arguments with the flag of a sweep first: behind one in the middle Hydra takes no override."""
    return sorted(arguments, key=lambda argument: argument not in _SWEEPING)


def refuse_unreadable(arguments: Iterable[str], conf: Path) -> None:
    """Raise UserError on what no parser takes: dashes, endless numbers, brackets without bottom, no key.

    And on a pickle to start from, which may hold any code, and a group of which nothing is chosen.
    """
    for argument in arguments:
        if argument.startswith("--experimental-rerun"):
            raise UserError("--experimental-rerun: a pickle may hold any code; type the command again")
        key, _, value = argument.partition("=")
        options = conf / ALIASES.get(key, key)
        if value == "null" and key and options.is_dir():
            known = ", ".join(sorted(path.stem for path in options.glob("*.yaml")))
            raise UserError(f"{key}=null: choose one of {known}")
        option = re.match(r"--([\w./-]+)", argument)
        if option and option[1] not in _OPTIONS_OF_HYDRA:
            raise UserError(f"{argument[:40]}: a setting has no dashes; write {option[1][:40]}=VALUE")
        if re.match(r"[+~]*(=|$)", argument):
            raise UserError(f"'{argument[:40]}' names no setting; write seed=3, without spaces")
        subject = f"{argument.partition('=')[0][:40]}: holds"
        if re.search(rf"\d{{{_MOST_DIGITS + 1}}}", argument.replace("_", "")):
            raise UserError(f"{subject} a number of more than {_MOST_DIGITS:,} digits")
        depth = accumulate((letter in "[{(") - (letter in "]})") for letter in argument)
        if max(depth, default=0) > _MOST_BRACKETS:
            raise UserError(f"{subject} more than {_MOST_BRACKETS} brackets inside one another")


@contextmanager
def _hydras_own_mistakes(expected: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn what Hydra finds wrong otherwise, as of two options that exclude each other, into a UserError.

    expected: the errors by which it says so as a rule.
    """
    told: tuple[type[Exception], ...] = (UserError, *expected)
    try:
        yield
    except told:
        raise
    except Exception as error:
        frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
        known = [name for name in frames if name.startswith(("fer_exp", "hydra", "__main__"))]
        if known and known[-1].startswith("hydra."):
            said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            raise UserError(f"Hydra: {said}{cause}") from error
        raise


def _completes(arguments: Sequence[str]) -> bool:
    """Whether a shell asks what may come next."""
    asked = {"-sc", "--shell-completion"}.intersection(arguments)
    return bool(asked) and any(each.startswith("query=") for each in arguments)


def _complete(conf: Path, aliases: Mapping[str, str]) -> bool:
    """Print what may stand at the end of the line that the shell names; whether that is all there is."""
    # here, since it brings all that reads settings
    from fer_exp.config import completion

    line = machine.variable("COMP_LINE")
    found = completion.options(line, conf, aliases)
    print("\n".join(found or completion.short_names(line, aliases)))
    return found is not None


def run(
    main: Callable[[], object],
    conf: Path,
    expected: tuple[type[Exception], ...],
    aliases: Mapping[str, str] = ALIASES,
) -> None:
    """Run a script's `main`; a mistake of the user's ends in one line and exit code 2.

    conf: the folder of config groups. expected: further exceptions that mean a user's mistake.
    aliases: short names that people type for keys.
    HYDRA_FULL_ERROR=1 shows the traceback instead.
    """
    machine.settle()
    provenance.remember(sys.argv[1:])
    if machine.variable("HYDRA_FULL_ERROR") == "1":
        machine.give(TRACEBACK, "1")
    # Hydra would print several lines and exit 1 by itself; so set, the exception reaches us.
    machine.give("HYDRA_FULL_ERROR", "1")
    collect_rarely()
    signals.end_by_signals()
    try:
        with mistakes_in_one_line(*expected):
            env_file.load()
            if _completes(sys.argv[1:]) and _complete(conf, aliases):
                return
            refuse_unreadable(sys.argv[1:], conf)
            added_folders.refuse_logging(sys.argv[1:])
            sys.argv[1:] = as_hydra_reads(sweep_first(sys.argv[1:]), conf, aliases)
            with _hydras_own_mistakes(expected):
                main()
    except KeyboardInterrupt as error:
        again = f"go on by: {provenance.again(provenance.typed(Path(sys.argv[0]).name))}"
        sys.exit(console.interrupted(error.args[0] if error.args else again))
