"""What leaves the program tells nothing of a login or of where things lie, and nothing that its reader obeys.

Errors, logs, runs, pages and archives are passed on, and whoever reads them has other folders.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Settings that name a place of this machine or its cluster.
PLACES = ("data.cache_dir", "data.ferplus", "data.root", "hydra.", "tracking.")

# Those of them that whoever repeats a command has to name, too; and what says only how it was run here.
_TO_NAME = ("data.ferplus", "data.root")
_OWN = ("hydra", "n_jobs", "dry_run", "rerun")

# A path from the root of a disk or a user's own folder, also as an address.
_ABSOLUTE = re.compile(r"(?<![^\s'\"=,(\[])(?:(?:file|sqlite):)?(?:~[\w.-]*)?/[^\s'\",)\]]+")

# The beginning of a path that goes on, of at most so many letters.
_IN_A_PATH, _LONGEST = re.compile(r"/[\w.~-]+$"), 300

# What joins letters of some scripts; whatever else is not seen may hide or turn what stands around it.
_JOINERS = "\u200c\u200d"


def printable(text: str, also: str = "") -> str:
    """A text in which whatever a terminal would obey, or a page not show, is written out, as `\\x1b`.

    Names of runs, arms and files may come from strangers. also: letters that may stay as they are.
    """
    if text.isprintable():
        return text
    also += _JOINERS
    seen = (each.isprintable() or each in also or unicodedata.category(each) == "Zs" for each in text)
    return "".join(each if shown else repr(each)[1:-1] for each, shown in zip(text, seen, strict=True))


def without_login(text: str) -> str:
    """A text without the user and password of any address in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def without_folders(text: str, *folders: Path | None) -> str:
    """A text without these folders, and without the current one and the user's own."""
    for folder in (*folders, *_own_folders()):
        # the root is no folder of anybody's
        if folder and folder.name:
            head, *rest = text.split(f"{folder}/")
            for part in rest:
                # within another path it is another folder
                head += f"{folder}/{part}" if _IN_A_PATH.search(head[-_LONGEST:]) else part
            text = head
    return text


def _own_folders() -> Iterator[Path]:
    # a container's user may have no folder, and the current one may have been removed
    for find in (Path.cwd, Path.home):
        with suppress(OSError, RuntimeError):
            yield find()


def without_places(text: str) -> str:
    """A text without folders and logins: of a path its last part stays, of a command what holds elsewhere."""
    lines = (repeatable(line) if line.startswith("python ") else line for line in text.split("\n"))
    text = without_login(without_folders("\n".join(lines)))
    return _ABSOLUTE.sub(lambda found: found[0].rstrip("/").rpartition("/")[2], text)


def repeatable(command: str) -> str:
    """The command that does the same elsewhere: without what is this machine's, files of data as PATH."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    kept = []
    for word in words:
        key, equals, value = word.rpartition("=")
        # without the sign of a key that no file has
        name = (key or word).lstrip("+")
        if name.startswith((*PLACES, *_OWN)) and name not in _TO_NAME:
            continue
        placed = name in _TO_NAME or value.startswith(("/", "~", "file:", "sqlite:"))
        kept.append(f"{key}{equals}PATH" if placed else word)
    return shlex.join(kept)
