"""Where things lie on this machine, left out of what a run says: whoever reads it has other folders."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def left_out(text: str, *folders: Path | None) -> str:
    """A text without these folders, and without the current one and the user's own."""
    for folder in (*folders, *_own()):
        text = text.replace(f"{folder}/", "")
    return text


def _own() -> Iterator[Path]:
    # a container's user may have no folder, and the current one may have been removed
    for find in (Path.cwd, Path.home):
        with suppress(OSError, RuntimeError):
            yield find()


# Settings that name a place of this machine or its cluster, and those of them that whoever repeats a
# command has to name, too.
KEYS = (
    "data.cache_dir",
    "data.ferplus",
    "data.root",
    "hydra.launcher.",
    "hydra.run.",
    "hydra.sweep.",
    "tracking.",
)
_TO_NAME = ("data.ferplus", "data.root")

# A path from the root of a disk or a user's own folder, also as an address.
_ABSOLUTE = re.compile(r"(?<![^\s'\"=,(\[])(?:(?:file|sqlite):)?(?:~[\w.-]*)?/[^\s'\",)\]]+")


def all_left_out(text: str) -> str:
    """A text without any folder: of a path its last part stays, of a command what holds elsewhere."""
    lines = (_repeatable(line) if line.startswith("python ") else line for line in text.split("\n"))
    return _ABSOLUTE.sub(lambda found: found[0].rstrip("/").rpartition("/")[2], left_out("\n".join(lines)))


def _repeatable(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    kept = []
    for word in words:
        key, equals, value = word.rpartition("=")
        name = key.lstrip("+")
        if name.startswith(KEYS) and name not in _TO_NAME:
            continue
        placed = name in _TO_NAME or value.startswith(("/", "~", "file:", "sqlite:"))
        kept.append(f"{key}{equals}PATH" if placed else word)
    return shlex.join(kept)
