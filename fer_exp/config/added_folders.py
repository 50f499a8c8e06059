"""Folders of options that a command adds to conf/, as they come with somebody else's run.

What an option may name is checked as it is used. What Hydra uses before that is refused here: how logs are
written, which could append to any file. Whoever means it types it.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from fer_exp.errors import UserError

# Hydra's options that add a folder, and its key.
_ADDS = re.compile(r"(?:--config-dir|--config-path|-cd|-cp)(?:=(.*))?|[+]*hydra\.searchpath=(.*)", re.DOTALL)

_LOGGING = re.compile(r"\b(?:hydra_logging|job_logging|searchpath)\b")

# What the config.yaml of a run chooses: options of conf/, as a folder that has a place for them is refused.
_OURS = {f"- override hydra/{group}: lines" for group in ("job_logging", "hydra_logging")}


def refuse_logging(arguments: Sequence[str]) -> None:
    """Raise UserError for a file of an added folder that says where logs go, or adds another folder."""
    for folder in _added(arguments):
        for path in sorted(folder.rglob("*.y*ml")):
            try:
                text = path.read_text(encoding="utf-8")
                lines = {line.strip() for line in text.splitlines()} - _OURS
                names = [*lines, str(path.relative_to(folder)), *_keys(yaml.safe_load(text))]
            except (OSError, ValueError, yaml.YAMLError):
                # Hydra says what is wrong with it, if it is used
                continue
            if any(map(_LOGGING.search, names)):
                raise UserError(
                    f"{path}: says how logs are written or where other options lie, which may write into any "
                    "file; take it out, and type it if you mean it"
                )


def _added(arguments: Sequence[str]) -> Iterator[Path]:
    for argument, following in pairwise([*arguments, ""]):
        found = _ADDS.fullmatch(argument)
        if found:
            told = found[1] or found[2] or following
            for place in re.split(r"[\[\],'\" ]+", told):
                if place and not place.startswith("pkg:"):
                    yield Path(place.removeprefix("file://"))


def _keys(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if f"- {key}: {value}" not in _OURS:
                yield str(key)
            yield from _keys(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _keys(value)
