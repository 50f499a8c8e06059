"""What a run is told: one tree of plain dataclasses, checked before any data is read.

`conf/` holds the values, this module their types and bounds; nothing below it sees a config object
of Hydra's.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_exp.config import schema, search_space
from fer_exp.config.schema import choice, number
from fer_exp.config.search_space import RandomSearch, Search
from fer_exp.fer2013 import SIDE


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
    labels: str = choice("fer2013", "ferplus", added="fer2013")
    # the file of FER+'s votes
    ferplus: str | None = field(default=None, kw_only=True)


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
    """What all networks have.

    hidden: the units of each layer, or what the network has in their place. mirrored: whether an answer
    is the mean of those to the face and to its mirror image.
    """

    hidden: list[int] = number(at_least=1, at_most=65_536)
    activation: Activation
    dropout: float = number(at_least=0, below=1)
    normalisation: str = choice("unit", "centred", "global", "standardised", "face")
    mirrored: bool = field(default=False, kw_only=True)
    name: str = field(default="mlp", kw_only=True)


@dataclass(frozen=True)
class MLPModel(Model):
    norm: str = choice("none", "batch", "layer", added="none")


@dataclass(frozen=True)
class MixerModel(Model):
    patch: int = number(at_least=1, at_most=SIDE)


@dataclass(frozen=True)
class Training:
    """What a training has beside its network and its optimizer.

    averaging: how much of the averaged weights a step keeps; 0 averages none. teacher: the run whose
    answers are learnt from, as the share `taught` of each target. views: how many sets of changed faces
    recur, an epoch each, which the teacher then answers as they are shown; 0 for fresh changes that it
    does not see.
    """

    batch_size: int = number(at_least=1, at_most=1_000_000)
    epochs: int = number(at_least=1, at_most=1_000_000)
    device: str = choice("cpu", "cuda")
    precision: str = choice("float32", "bfloat16", added="float32")
    label_smoothing: float = number(at_least=0, below=1, added=0.0)
    averaging: float = number(at_least=0, below=1, added=0.0)
    teacher: str | None = field(default=None, kw_only=True)
    taught: float = number(at_least=0, at_most=1, added=0.0)
    views: int = number(at_least=0, at_most=1000, added=0)


@dataclass(frozen=True)
class Augmentation:
    """How a face is changed each time before it is learnt from; each at 0 not at all.

    flip, erase: how likely. rotate: degrees, shift: pixels, scale: a share, each at most and to either
    side. mixup: the parameter of the Beta distribution that two faces are mixed by.
    """

    flip: float = number(at_least=0, at_most=1, added=0.0)
    rotate: float = number(at_least=0, at_most=180, added=0.0)
    shift: float = number(at_least=0, at_most=SIDE, added=0.0)
    scale: float = number(at_least=0, below=1, added=0.0)
    erase: float = number(at_least=0, at_most=1, added=0.0)
    mixup: float = number(at_least=0, at_most=1000, added=0.0)


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
    warmup_epochs: int = number(at_least=0, at_most=1_000_000, added=0)


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
class About:
    """Why a study is run, in sentences that stand beside its figures."""

    question: str | None
    expected: str | None
    cost: str | None


@dataclass(frozen=True)
class Experiment:
    """One job, whole."""

    data: Data
    split: Split
    model: Model
    training: Training
    augmentation: Augmentation
    optimizer: Optimizer
    scheduler: Scheduler
    stopping: Stopping
    search: Search
    protocol: Protocol
    tracking: Tracking
    sweep: Sweep
    # settings to change, for each training that the same network goes through first
    trained_before: list[dict[str, Any]]
    study: str
    about: About
    rerun: str = choice("failed", "all", "none")
    dry_run: bool
    n_jobs: int = number(at_least=1, at_most=4096)
    seed: int = number(at_least=0, at_most=2**63 - 1)
    resume: str | None


@dataclass(frozen=True)
class Baseline:
    """A baseline that is fitted on all of train; `majority` and `prior` need nothing more."""

    name: str


@dataclass(frozen=True)
class RidgeBaseline(Baseline):
    """Ridge regression, on pixels or on histograms of gradients."""

    alphas: list[float] = number(above=0, at_most=1e12)


@dataclass(frozen=True)
class NearestBaseline(Baseline):
    neighbours: int = number(at_least=1, at_most=1000)


@dataclass(frozen=True)
class SVCBaseline(Baseline):
    C: float = number(above=0, at_most=1e12)
    solver: str = choice("exact", "libsvm")
    tol: float = number(above=0, below=1)


@dataclass(frozen=True)
class RBFSVCBaseline(Baseline):
    C: float = number(above=0, at_most=1e12)


@dataclass(frozen=True)
class ForestBaseline(Baseline):
    trees: int = number(at_least=1, at_most=100_000)
    seed: int = number(at_least=0, at_most=2**32 - 1)


@dataclass(frozen=True)
class Evaluation:
    """What evaluate.py is told."""

    data: Data
    baseline: Baseline
    tracking: Tracking
    run: str | None
    of_study: str | None
    gallery: bool
    device: str = choice("cpu", "cuda")
    mismatches: bool
    ensembles: bool


# Nodes whose fields depend on their `name`.
VARIANTS: dict[str, dict[str, type]] = {
    "data": {"synthetic": SyntheticData, "fer2013": Fer2013Data},
    "model": {"mlp": MLPModel, "residual": MLPModel, "mixer": MixerModel, "cnn": Model},
    "scheduler": {"none": Scheduler, "plateau": PlateauScheduler, "cosine": CosineScheduler},
    "stopping": {"none": Stopping, "patience": PatienceStopping, "deck": DeckStopping},
    "search": {"none": Search, "random": RandomSearch},
    "baseline": {
        "majority": Baseline,
        "prior": Baseline,
        "ridge": RidgeBaseline,
        "hog_ridge": RidgeBaseline,
        "nearest": NearestBaseline,
        "svc": SVCBaseline,
        "rbf_svc": RBFSVCBaseline,
        "forest": ForestBaseline,
    },
}


def parse(tree: Mapping[str, Any]) -> Experiment:
    """Turn a composed config (plain dicts, lists and numbers) into checked settings.

    Where the optimizer has the word `drawn`, it stands for what the trial of a search draws.
    """
    search, optimizer = tree.get("search"), tree.get("optimizer")
    if isinstance(search, Mapping) and search.get("name") == "random" and isinstance(optimizer, Mapping):
        rates = dataclasses.asdict(search_space.draw(build(Search, search, "search")))
        given = {
            key: rates.get(key, value) if value == search_space.DRAWN else value
            for key, value in optimizer.items()
        }
        tree = {**tree, "optimizer": given}
    return build(Experiment, tree, "")


def is_trial(chosen: Experiment) -> bool:
    """Whether a job is a trial of a search."""
    return isinstance(chosen.search, RandomSearch) and not chosen.search.tuned


def trials_of(tree: Mapping[str, Any]) -> list[Experiment]:
    """The settings of each trial from which a composed config, of a tuned job, takes the best."""
    search = tree["search"]
    alone = {"tuned": False, "best": {}}
    return [
        parse({**tree, "seed": search["seed"], "search": {**search, **alone, "trial": trial}})
        for trial in range(search["trials"])
    ]


def stages(chosen: Experiment) -> list[Experiment]:
    """The settings of each training that the network goes through before its own, in turn.

    Each is the job's own settings, except for the keys that its entry of `trained_before` names.
    """
    own = dataclasses.asdict(chosen) | {"trained_before": []}
    return [build(Experiment, _changed(own, change), "") for change in chosen.trained_before]


def _changed(tree: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with the keys of a group replaced that the change names, and no deeper."""
    changed = dict(tree)
    for key, value in change.items():
        both = isinstance(value, Mapping) and isinstance(tree.get(key), Mapping)
        changed[key] = {**tree[key], **value} if both else value
    return changed


def build(cls: type, tree: Any, path: str) -> Any:
    """Check a nested dict against a dataclass of these; `path` is its place in the tree."""
    return schema.build(cls, tree, path, VARIANTS)
