"""The command lines that were typed, and those that follow them."""

import re
import shlex
from collections.abc import Iterable

from fer_exp import places
from fer_exp.redaction import without_login

# What is typed in a checkout, and in its place where a wheel is installed, which has no Makefile.
_IN_A_WHEEL = (
    (r"\bpython (train|evaluate)\.py\b", r"fer-exp \1"),
    (r"\.venv/bin/pip install -e \"\.\[(\w+)\]\"", r'pip install "fer-exp[\1]"'),
    (r"\bmake run\b", "fer-exp train study=quick"),
    (r"\bmake demo-page RUN=", "fer-exp demo --run "),
    (r"\bmake baseline(?: ARGS='([^']*)')?", r"fer-exp evaluate -m baseline=majority,prior,ridge,nearest \1"),
    (r"\bmake (compare|ui|report|sync) ARGS=", r"fer-exp \1 "),
    (r"\bmake (compare|ui|report|sync)\b", r"fer-exp \1"),
)


def as_typed(text: str) -> str:
    """A text with the commands in it as this user can type them, from a checkout or with a wheel."""
    for here, there in _IN_A_WHEEL if places.IS_WHEEL else ():
        text = re.sub(here, there, text)
    return text


# What followed the script's name, as it was typed: sys.argv becomes what Hydra reads, and the command line of
# this process is another one where a notebook runs the script.
_TYPED: list[str] = []


def remember(arguments: Iterable[str]) -> None:
    """Keep the arguments of the script that runs, as the user typed them."""
    _TYPED[:] = arguments


def typed(script: str) -> str:
    """The command that runs a script as the user has it now, from the script's own folder."""
    return to_keep(["python", script, *_TYPED])


def to_keep(words: Iterable[str]) -> str:
    """A command to keep with runs and pages, without what it tells of a user's login."""
    return as_typed(without_login(shlex.join(words)))


# Letters of a run's id that tell it from others.
SHORT = 8

# What a run does not know of itself: where its faces are cached and its votes are, and where it is kept.
_PLACES = ("data.cache_dir=", "data.ferplus=", "tracking.")


def evaluating(target: str, command: str) -> str:
    """The command that evaluates what `command` has trained."""
    kept = [word for word in shlex.split(command) if word.startswith(_PLACES)]
    return as_typed(shlex.join(["python", "evaluate.py", target, *kept]))


def again(command: str) -> str:
    """The command that goes on with what `command` was doing: not all of it anew."""
    return shlex.join(word for word in shlex.split(command) if word != "rerun=all")


def going_on(run_id: str, command: str) -> str:
    """How to go on with a run that `command` was training: by the same, or by a short one."""
    if any(word.startswith("resume=") for word in shlex.split(command)):
        # which would begin where that run ended
        return f"go on by: {_short(run_id, command)}"
    same = "the same command" if again(command) == command else again(command)
    return f"go on by {same}, or by: {_short(run_id, command)}"


def _short(run_id: str, command: str) -> str:
    kept = [word for word in shlex.split(command)[2:] if word.startswith(("data=", "data.", *_PLACES))]
    short = shlex.join(["python", "train.py", f"resume={run_id[:SHORT]}", *kept])
    return as_typed(short)


def of_study(study: str, command: str) -> str:
    """The command that trains another study as `command` trains its own: same faces, same settings."""
    own = ("study=", "seed=", "search.trial=", "search.best", "dry_run=", "rerun=")
    kept = [word for word in shlex.split(command)[2:] if not word.lstrip("+").startswith(own)]
    return as_typed(shlex.join(["python", "train.py", f"study={study}", *kept]))
