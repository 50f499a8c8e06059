"""docs/configuration.md: every group, option and key, written from conf/ and the bounds of the settings.

What an option is for is the comment at the top of its file; what a key means, the comment right above it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fer_exp import console, files, places
from fer_exp.config import schema
from fer_exp.config.evaluation import Evaluation
from fer_exp.config.identity import flatten
from fer_exp.config.settings import Experiment

ROOT = places.SCRIPTS
CONF, PAGE = ROOT / "conf", ROOT / "docs" / "configuration.md"

# What the config of train.py shares with those that runs keep.
BASE = "base"

# Of each script: its file in conf/, and its settings.
SCRIPTS = {"train.py": ("train.yaml", Experiment), "evaluate.py": ("evaluate.yaml", Evaluation)}

_INTRO = """# Configuration

Written from `conf/` by `python -m fer_exp config`; a test holds that it is up to date.

A job has one option of each group and a value of each key: `python train.py optimizer=sgd optimizer.lr=0.1`.
Several values make a sweep: `python train.py -m optimizer=sgd,adam seed=0,1`. `activation=` is short for
`model/activation=`.
"""


class File(NamedTuple):
    """A file of conf/: why it exists, the options that it chooses, what it sets, and notes on some keys."""

    why: str
    chooses: dict[str, str]
    sets: dict[str, Any]
    notes: dict[str, str]


def read(path: Path, group: str = "") -> File:
    """A file of conf/, an option of `group` if there is one; its keys are those of the whole config."""
    text = path.read_text(encoding="utf-8")
    body = yaml.safe_load(text)
    chooses: dict[str, str] = {}
    for each in [each for each in body.pop("defaults", []) if each not in ("_self_", BASE)]:
        pairs = each.items() if isinstance(each, dict) else [(group, each.removeprefix(f"/{group}/"))]
        found = ((key.removeprefix("override ").removeprefix("/"), option) for key, option in pairs)
        # how logs are written is no choice of an experiment's
        chooses |= {key: option for key, option in found if not key.endswith("_logging")}
    lines = text.splitlines()
    head = list(takewhile(lambda line: line.startswith("#"), lines))
    [package] = re.findall(r"^# @package (\S+)", text) or [group.replace("/", ".")]
    parents = [] if package in ("", "_global_") else package.split(".")
    notes = {".".join([*parents, key]): note for key, note in _notes(lines[len(head) :])}
    for name in reversed(parents):
        body = {name: body}
    why = " ".join(line[2:] for line in head if not line.startswith("# @package"))
    return File(why or body.get("about", {}).get("question", ""), chooses, body, notes)


def _notes(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each key of YAML, dotted, that has comments right above it, and these."""
    above: list[str] = []
    place: list[tuple[int, str]] = []
    for line in lines:
        bare = line.lstrip()
        if bare.startswith("# "):
            above.append(bare[2:])
            continue
        if key := re.match(r"([\w/.]+):", bare):
            indent = len(line) - len(bare)
            place = [*(outer for outer in place if outer[0] < indent), (indent, key[1])]
            if above:
                yield ".".join(name for _, name in place), " ".join(above)
        above = []


def _config(path: Path) -> File:
    """The config of a script, with what it has from the one that others share."""
    own = read(path)
    if BASE not in yaml.safe_load(path.read_text(encoding="utf-8"))["defaults"]:
        return own
    base = read(path.with_name(f"{BASE}.yaml"))
    return own._replace(sets=_merged(base.sets, own.sets), notes=base.notes | own.notes)


def groups(conf: Path) -> dict[str, dict[str, File]]:
    """The options of each group by name, the groups in the order in which the scripts choose from them."""
    found: dict[str, dict[str, File]] = {g: {} for c, _ in SCRIPTS.values() for g in read(conf / c).chooses}
    for path in sorted(conf.rglob("*/*.yaml")):
        place = path.relative_to(conf).with_suffix("")
        group = max((name for name in found if place.is_relative_to(name)), key=len, default=None)
        if group:
            found[group][str(place.relative_to(group))] = read(path, group)
    return found


def markdown(conf: Path) -> str:
    """The whole page."""
    options = groups(conf)
    scripts = {script: (_config(conf / config), kind) for script, (config, kind) in SCRIPTS.items()}
    parts = [_INTRO, "## Groups", ""]
    for group, found in options.items():
        chosen = {script: own.chooses[group] for script, (own, _) in scripts.items() if group in own.chooses}
        rows = [(f"`{name}`", option.why, _contents(option)) for name, option in found.items()]
        parts += [f"### `{group}`", "", f"Default: {_default(chosen)}.", ""]
        parts += _table(("option", "why", "sets"), rows)
    for script, (own, kind) in scripts.items():
        parts += [f"## Keys of `{script}`", ""]
        for title, keys in _sections(own, schema.schema_of(kind)["properties"], options):
            parts += [f"### {title}", "", *_table(("key", "allowed", "default", "meaning"), keys)]
    return "\n".join(parts).rstrip() + "\n"


def _default(chosen: Mapping[str, str]) -> str:
    """The option that a group has unless another is chosen, for each script if they differ."""
    if len({*chosen.values()}) == 1:
        return f"`{next(iter(chosen.values()))}`"
    return ", ".join(f"`{option}` of `{script}`" for script, option in chosen.items())


def _contents(option: File) -> str:
    """What an option chooses and sets, but for its name, the words of a study and what is Hydra's."""
    own = {key: value for key, value in option.sets.items() if key not in ("about", "hydra", "study")}
    pairs = option.chooses | {key: value for key, value in flatten(own).items() if not key.endswith(".name")}
    return ", ".join(f"`{key}={_shown(value)}`" for key, value in pairs.items())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sections(
    own: File, properties: Mapping[str, Any], options: Mapping[str, Mapping[str, File]]
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """The title and the rows of each table of keys: of those of no group, then of each group or variant."""
    notes = {
        key: note for found in options.values() for each in found.values() for key, note in each.notes.items()
    }
    usual = _with(own._replace(notes=notes | own.notes), own.chooses, options)
    plain = {name: node for name, node in properties.items() if not _is_group(node)}
    yield "Of no group", list(_rows("", {"properties": plain}, usual))
    for name, node in properties.items():
        if name in plain:
            continue
        if not schema.variants(node):
            yield f"`{name}`", list(_rows(name, node, usual))
        for variant, child in schema.variants(node).items():
            option = next(o for o, each in options[name].items() if each.sets[name].get("name") == variant)
            chosen = options[name][option].chooses | {name: option}
            if rows := list(_rows(name, child, _with(usual, chosen, options))):
                yield f"`{name}`, with the name `{variant}`", rows


def _with(file: File, chosen: Mapping[str, str], options: Mapping[str, Mapping[str, File]]) -> File:
    """What is set, and noted, when options are chosen, too."""
    sets, notes = file.sets, file.notes
    for group, name in chosen.items():
        sets, notes = _merged(sets, options[group][name].sets), notes | options[group][name].notes
    return file._replace(sets=sets, notes=notes)


def _merged(tree: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = {key for key in tree.keys() & other.keys() if isinstance(tree[key], Mapping)}
    return {**tree, **other, **{key: _merged(tree[key], other[key]) for key in both}}


def _is_group(node: Mapping[str, Any]) -> bool:
    return "properties" in node or bool(schema.variants(node))


def _rows(path: str, node: Mapping[str, Any], usual: File) -> Iterator[tuple[str, ...]]:
    """The key, what is allowed, the default and the note of each leaf; names are options of their groups."""
    for name, child in node["properties"].items():
        key = f"{path}.{name}".removeprefix(".")
        if "properties" in child:
            yield from _rows(key, child, usual)
        elif name != "name":
            value: Any = usual.sets
            for part in key.split("."):
                value = value.get(part, child.get("default"))
            yield f"`{key}`", schema.allowed(child), f"`{_shown(value)}`", usual.notes.get(key, "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)] + [""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = console.Options("config", __doc__)
    parser.add_argument("file", type=Path, nargs="?", default=PAGE, help=f"default: {PAGE.relative_to(ROOT)}")
    args = parser.parse_args(arguments)
    files.write(args.file, markdown(CONF).encode())
