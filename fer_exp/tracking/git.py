"""Which code runs."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What decides how a run comes out; a new option file among it is part of the code before git knows it.
_RUNS = ("conf", "fer_exp", "hydra_plugins")
# Of these also what git is told to ignore, as by a user's own list.
_SOURCES = ("conf/*.yaml", "fer_exp/*.py", "hydra_plugins/*.py")


# the code of a process stays what it was at its start, whatever becomes of the files
@cache
def git_revision() -> str:
    """The commit of the code that runs, with `-dirty` where files differ from it or are new.

    Empty outside git, and where the code only lies in another repository's folder.
    """
    try:
        _git("ls-files", "--error-unmatch", "fer_exp/__init__.py")
        revision = _git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
        new = _git("ls-files", "--others", "--exclude-standard", *_RUNS)
        new = new or _git("ls-files", "--others", *_SOURCES)
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{revision}-dirty" if new and not revision.endswith("-dirty") else revision


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
