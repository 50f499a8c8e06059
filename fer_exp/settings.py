"""What a run is told: one tree of plain dataclasses, checked before any data is read.

`conf/` holds the values, this module their types and bounds; nothing below it sees a config object
of Hydra's. A field's bounds stand beside it as metadata, so that a check (or a test of every key
at its limits) covers a new field unasked.
"""

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_exp.errors import UserError


def number(
    at_least: float = -math.inf,
    at_most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
) -> Any:
    """A field whose number (or each number of its list) must lie in these bounds."""
    return field(metadata={"at_least": at_least, "at_most": at_most, "above": above, "below": below})


def choice(*names: str) -> Any:
    """A field that must be one of `names`."""
    return field(metadata={"choices": names})


@dataclass(frozen=True)
class Data:
    name: str


@dataclass(frozen=True)
class SyntheticData(Data):
    n_train: int = number(at_least=70, at_most=1_000_000)
    n_test: int = number(at_least=14, at_most=1_000_000)
    seed: int = number(at_least=0, at_most=2**63 - 1)
    cache_dir: str


@dataclass(frozen=True)
class Fer2013Data(Data):
    root: str
    on_error: str = choice("fail", "skip")
    cache_dir: str


@dataclass(frozen=True)
class Split:
    """How the faces to fit on and the faces to select by are drawn from train."""

    method: str = choice("grouped", "random")
    validation_fraction: float = number(above=0, below=1)


@dataclass(frozen=True)
class Activation:
    name: str
    target: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Model:
    hidden: list[int] = number(at_least=1, at_most=65_536)
    activation: Activation
    dropout: float = number(at_least=0, below=1)
    normalisation: str = choice("unit", "centred", "standardised")


@dataclass(frozen=True)
class Training:
    batch_size: int = number(at_least=1, at_most=1_000_000)
    epochs: int = number(at_least=1, at_most=1_000_000)
    device: str = choice("cpu", "cuda")


@dataclass(frozen=True)
class Optimizer:
    name: str
    target: str
    lr: float = number(above=0)
    weight_decay: float = number(at_least=0)
    options: dict[str, Any]


@dataclass(frozen=True)
class Scheduler:
    name: str


@dataclass(frozen=True)
class PlateauScheduler(Scheduler):
    patience: int = number(at_least=0)
    factor: float = number(above=0, below=1)


@dataclass(frozen=True)
class CosineScheduler(Scheduler):
    min_lr: float = number(at_least=0)


@dataclass(frozen=True)
class Stopping:
    name: str


@dataclass(frozen=True)
class PatienceStopping(Stopping):
    patience: int = number(at_least=1)


@dataclass(frozen=True)
class DeckStopping(Stopping):
    count: int = number(at_least=1)


@dataclass(frozen=True)
class Protocol:
    """How a figure is chosen; it travels with every score."""

    name: str
    weights: str = choice("best", "last")
    seeds: str


@dataclass(frozen=True)
class Tracking:
    uri: str
    artifacts: str
    experiment: str
    log_model: bool


@dataclass(frozen=True)
class Sweep:
    """The sweep that a job belongs to: the id of its run, and the keys that it varies."""

    parent: str | None
    factors: list[str]


@dataclass(frozen=True)
class Experiment:
    """One job, whole."""

    data: Data
    split: Split
    model: Model
    training: Training
    optimizer: Optimizer
    scheduler: Scheduler
    stopping: Stopping
    protocol: Protocol
    tracking: Tracking
    sweep: Sweep
    study: str
    rerun: str = choice("failed", "all", "none")
    dry_run: bool
    n_jobs: int = number(at_least=1, at_most=4096)
    seed: int = number(at_least=0, at_most=2**63 - 1)
    resume: str | None


@dataclass(frozen=True)
class Evaluation:
    """What evaluate.py is told."""

    data: Data
    tracking: Tracking
    run: str | None
    of_study: str | None


# Nodes whose fields depend on their `name`.
VARIANTS: dict[str, dict[str, type]] = {
    "data": {"synthetic": SyntheticData, "fer2013": Fer2013Data},
    "scheduler": {"none": Scheduler, "plateau": PlateauScheduler, "cosine": CosineScheduler},
    "stopping": {"none": Stopping, "patience": PatienceStopping, "deck": DeckStopping},
}


def parse(tree: Mapping[str, Any]) -> Experiment:
    """Turn a composed config (plain dicts, lists and numbers) into checked settings.

    Raises UserError with the key, its value and what is allowed for an unknown or missing key, a
    value of another type and a value out of bounds.
    """
    return build(Experiment, tree, "")


# Where a job runs and what it is called, as opposed to what it computes.
_CIRCUMSTANCES = (
    *("data.root", "data.cache_dir", "training.device", "tracking.", "sweep.", "study", "resume"),
    *("rerun", "dry_run", "n_jobs", "protocol.seeds"),
)


def recipe(settings: Experiment) -> dict[str, Any]:
    """What determines a job's result, as one flat dict with dotted keys: no paths, device or names."""
    return {
        key: value
        for key, value in flatten(dataclasses.asdict(settings)).items()
        if not key.startswith(_CIRCUMSTANCES)
    }


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested dict as one flat dict with dotted keys; lists stay lists."""
    flat = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def build(cls: type, tree: Any, path: str) -> Any:
    """Check a nested dict against the dataclass `cls`; `path` is its place in the tree, for messages."""
    if not isinstance(tree, Mapping):
        raise UserError(f"{path or 'config'}={tree}: must be a group of settings")
    variants = VARIANTS.get(path)
    if variants:
        name = tree.get("name")
        if name not in variants:
            raise UserError(f"{path}.name={name}: must be one of {', '.join(variants)}")
        cls = variants[name]
    specs = {spec.name: spec for spec in dataclasses.fields(cls)}
    for key in tree:
        if key not in specs:
            near = difflib.get_close_matches(str(key), specs, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(specs)}"
            raise UserError(f"{_join(path, key)}: there is no such setting; {hint}")
    return cls(**{key: _value(spec, tree, _join(path, key)) for key, spec in specs.items()})


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _value(spec: dataclasses.Field, tree: Mapping[str, Any], path: str) -> Any:
    value = tree.get(spec.name, "???")
    if value == "???":
        raise UserError(f"{path} is missing: give it a value, {path}=...")
    if dataclasses.is_dataclass(spec.type):
        return build(spec.type, value, path)
    checked = float(value) if spec.type is float and type(value) is int else value
    if not _fits(checked, spec):
        raise UserError(f"{path}={value}: must be {_allowed(spec)}")
    return checked


def _fits(value: Any, spec: dataclasses.Field) -> bool:
    if spec.type == list[int]:
        return isinstance(value, list) and bool(value) and all(_in_bounds(v, int, spec) for v in value)
    if spec.type == list[str]:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if spec.type == dict[str, Any]:
        return isinstance(value, dict)
    if spec.type == str | None:
        return value is None or (isinstance(value, str) and value != "")
    return _in_bounds(value, spec.type, spec)


def _in_bounds(value: Any, kind: type, spec: dataclasses.Field) -> bool:
    # `type` rather than isinstance: True is no batch size.
    if type(value) is not kind:
        return False
    if kind is str:
        return value in spec.metadata.get("choices", [value]) and value != ""
    if kind is float and not math.isfinite(value):
        return False
    bounds = spec.metadata
    return kind is bool or (
        bounds["at_least"] <= value <= bounds["at_most"] and bounds["above"] < value < bounds["below"]
    )


def _allowed(spec: dataclasses.Field) -> str:
    if "choices" in spec.metadata:
        return f"one of {', '.join(spec.metadata['choices'])}"
    words = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}
    finite = ((words[key], bound) for key, bound in spec.metadata.items() if math.isfinite(bound))
    bounds = " and ".join(f"{word} {bound:,}" for word, bound in finite)
    kinds = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
    kinds |= {list[int]: "a list of one or more whole numbers, each", list[str]: "a list of texts"}
    kinds |= {dict[str, Any]: "a group of options"}
    return f"{kinds.get(spec.type, 'a text or null')} {bounds}".rstrip()
