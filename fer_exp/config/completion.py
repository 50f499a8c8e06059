"""What a shell completes of an option: by short names, too, in folders of a group, and in a list of values.

Hydra completes the rest; it knows neither our short names nor options that lie in a folder of their group.
"""

from collections.abc import Mapping
from pathlib import Path

from fer_exp.config import reference


def options(line: str, conf: Path, aliases: Mapping[str, str]) -> list[str] | None:
    """The words that may stand at the end of a command line; None where that is for Hydra to say.

    conf: the folder of config groups. aliases: short names of groups and keys.
    """
    word = line.rpartition(" ")[2]
    key, equals, value = word.partition("=")
    if not equals:
        return None
    groups = reference.groups(conf)
    found = groups.get(aliases.get(key, key)) or groups.get(key)
    if found is None:
        return None
    # of several values the last
    before, comma, last = value.rpartition(",")
    return [f"{key}={before}{comma}{option}" for option in found if option.startswith(last)]


def short_names(line: str, aliases: Mapping[str, str]) -> list[str]:
    """The short names that may stand at the end of a command line."""
    word = line.rpartition(" ")[2]
    return [f"{name}=" for name in aliases if name.startswith(word) and "=" not in word]
