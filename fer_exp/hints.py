"""What is wrong with what was typed, as Hydra finds it, in one line, and what may have been meant."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fer_exp import places

# As Hydra tells of an option that there is not, and lists those that there are.
_NO_OPTION = re.compile(r"Could not find '(\S+)/([^/'\s]+)'\s+Available options in '\S+':\s+(.*)", re.DOTALL)

# Of a group that a config chooses nothing of: there is none, or the config of a run has its values instead.
_NOTHING_CHOSEN = re.compile(r"Could not override '([^']*)'\.?\s+No match in the defaults list")

# What people type for a key, as they know it from elsewhere.
_ELSEWHERE = {"experiment": "study=NAME"}


def to_train(study: str) -> str:
    """What to type for runs of a study that has none; where there is no such study, which may be meant."""
    known = [path.stem for path in (places.SCRIPTS / "conf" / "study").glob("*.yaml")]
    near = difflib.get_close_matches(study, known, n=1)
    if study == "adhoc":
        return "python train.py -m optimizer=sgd,adam"
    if study in known:
        return f"python train.py study={study}"
    return (
        f"did you mean {near[0]}?" if near else f"there is no such study; known: {', '.join(sorted(known))}"
    )


def said(error: BaseException) -> str:
    """The message of an error in one line; of Hydra's with what may have been meant."""
    if isinstance(override := getattr(error, "override", None), str):
        # Hydra names its lexer and the place of the letter
        key, equals, _ = override.partition("=")
        if not equals:
            return f"{override}: is no setting; write key=value, without blanks; --help lists all"
        return f"{override}: cannot be read as a value; quote a text twice: \"{key}='...'\""
    text = str(error)
    if several := re.match(r"Ambiguous value for argument '(.*?)'\n", text):
        return f"{several[1]}: several values make a sweep: add -m"
    # the folders that were searched help only Hydra's authors
    text = re.split(r"\nConfig search path:", text)[0]
    if option := _NO_OPTION.search(text):
        return _option(option[1], option[2], option[3].split())
    if group := _NOTHING_CHOSEN.search(text):
        return f"{group[1]}: this config chooses no option of that name; --help lists its groups and values."
    # Hydra suggests to append the key, but no key may be added here
    text, suggested, _ = text.partition("To append to your ")
    return " ".join(text.split()) + (f" There is no such setting; {_near(error)}" if suggested else "")


def _option(group: str, typed: str, known: Sequence[str]) -> str:
    """An option that there is not."""
    near = difflib.get_close_matches(typed, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    own = ""
    if group == "layers" and re.fullmatch(r"\d+(-\d+)*", typed):
        own = f"; others are a value: model.hidden=[{typed.replace('-', ',')}]"
    return f"{group}={typed}: there is no such option; {meant}known: {', '.join(known)}{own}"


def _near(error: BaseException) -> str:
    """What may have been meant by a key that Hydra does not find, by what it has found beside it."""
    beside = getattr(error.__cause__, "parent_node", None)
    if beside is None:
        return "--help lists them all."
    # as typed, e.g. training.epoch
    path, dot, key = str(getattr(error.__cause__, "full_key", "")).rpartition(".")
    known = [str(each) for each in beside]
    near = [f"{path}{dot}{each}" for each in difflib.get_close_matches(key, known, n=1)]
    # `experiment`, as elsewhere; `lr` and `epochs`, which people type without their groups
    near = near or ([] if path else [_ELSEWHERE[key]] if key in _ELSEWHERE else _keys_named(key, beside))
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known in {path}, as it is chosen: {', '.join(known)}." if path else "--help lists them all."


def _keys_named(name: str, tree: Mapping[str, Any], path: str = "") -> list[str]:
    """The dotted keys of a composed config that end in a name; Hydra's own left out."""
    found = [f"{path}{name}"] if path and name in tree else []
    for key in tree:
        if key != "hydra" and isinstance(group := tree.get(key), Mapping):
            found += _keys_named(name, group, f"{path}{key}.")
    return found
