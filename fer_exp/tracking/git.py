"""Which code runs."""

import subprocess
from functools import cache
from pathlib import Path


# the code of a process stays what it was at its start, whatever becomes of the files
@cache
def git_revision() -> str:
    """The commit of the code that runs, with `-dirty` where files differ from it; empty outside git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
