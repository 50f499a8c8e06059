"""The file `.env` of the current folder: what the scripts need not be told each time."""

from pathlib import Path

from fer_exp import machine
from fer_exp.errors import UserError

FILE = Path(".env")

# The variables that are ours; a team's server has others in the same file.
FER2013_ROOT = "FER2013_ROOT"
_OURS = (FER2013_ROOT,)


def load() -> None:
    """Give the environment what the file says of our variables, unless it has them already."""
    if not FILE.is_file():
        return
    # here, since most users have no such file
    from dotenv import dotenv_values

    try:
        found = dotenv_values(FILE, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{FILE}: cannot be read ({error})") from None
    for name, value in found.items():
        if name in _OURS and value and not machine.variable(name):
            machine.give(name, value)


def remember(name: str, value: str) -> None:
    """Keep a variable in the file, in the place of what it held. Raises UserError if it cannot be written."""
    from dotenv import set_key

    try:
        set_key(FILE, name, value)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{FILE}: cannot be written ({error})") from None
