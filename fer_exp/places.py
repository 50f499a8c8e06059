"""Places as people name them: files and folders of this machine, stores, and addresses elsewhere.

A shell leaves `data.root=~/faces` as it is, and other programs hand on `file:///faces`. By their letters,
both would make folders, named `~` and `file:`.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fer_exp.errors import UserError


class PlaceError(UserError, ValueError):
    """A text that names no place; a ValueError, too, by which pydantic knows what is refused."""


# Where train.py, evaluate.py and conf/ lie: beside the package in a checkout, in it as a wheel installs it.
_PACKAGE = Path(__file__).parent
IS_WHEEL = (_PACKAGE / "scripts").is_dir()
SCRIPTS = _PACKAGE / "scripts" if IS_WHEEL else _PACKAGE.parent

# What the address of a store in a file begins with.
SQLITE = "sqlite:///"

# A letter alone is a drive of Windows.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


def is_elsewhere(text: str) -> bool:
    """Whether it is an address, such as `s3://bucket/runs`, and no path of this machine."""
    return _ADDRESS.match(text) is not None and not text.lower().startswith("file:")


def here(text: str) -> str:
    """The path of a file or folder of this machine; raises PlaceError for what is elsewhere."""
    path = text
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        path = unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    path = os.path.expanduser(path)
    if not path or is_elsewhere(text):
        raise PlaceError(f"{text}: is no file or folder of this machine")
    if path.startswith("~"):
        raise PlaceError(f"{text}: there is no user of this name; a folder so called is ./{text}")
    return path


def anywhere(text: str) -> str:
    """The path of a folder of this machine, or an address elsewhere as it is."""
    return text if is_elsewhere(text) else here(text)


def store(text: str) -> str:
    """The address of a store, the path of a file in it written out; raises PlaceError for what is none."""
    if text.startswith(SQLITE):
        return SQLITE + os.path.expanduser(text.removeprefix(SQLITE))
    if _SCHEME.match(text) or text.startswith("databricks"):
        return text
    raise PlaceError(f"{text}: is no address of a store, as {SQLITE}mlflow.db or http://HOST:5000 is")
