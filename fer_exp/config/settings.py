"""What a run is told: one tree of settings, checked before any data is read.

`conf/` holds the values and says what each is for, this module has their types and bounds.
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from fer_exp.config import search_space
from fer_exp.config.faces import Data, Split
from fer_exp.config.schema import Address, Float, Int, Seed, Share, StoreAddress, Text, build, checked
from fer_exp.config.search_space import Search
from fer_exp.fer2013 import SIDE


@checked
class Activation:
    name: Text
    target: Text
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


@checked
class _Network:
    """What all networks have.

    hidden: the units of each layer, or what the network has in their place. mirrored: whether an answer
    is the mean of those to the face and to its mirror image.
    """

    hidden: Annotated[list[Annotated[Int, Field(ge=1, le=65_536)]], Field(min_length=1, max_length=1000)]
    activation: Activation
    dropout: Annotated[Float, Field(ge=0, lt=1)]
    normalisation: Literal["unit", "centred", "global", "standardised", "face"]
    mirrored: StrictBool = dataclasses.field(default=False, kw_only=True)


@checked
class MLPModel(_Network):
    name: Literal["mlp"] = dataclasses.field(default="mlp", kw_only=True)
    norm: Literal["none", "batch", "layer"] = "none"


@checked
class ResidualModel(_Network):
    name: Literal["residual"] = dataclasses.field(kw_only=True)
    norm: Literal["none", "batch", "layer"] = "none"
    expand: Annotated[Int, Field(ge=1, le=64)] = 1


@checked
class MixerModel(_Network):
    name: Literal["mixer"] = dataclasses.field(kw_only=True)
    patch: Annotated[Int, Field(ge=1, le=SIDE)]


@checked
class CNNModel(_Network):
    name: Literal["cnn"] = dataclasses.field(kw_only=True)


def _named(tree: Any) -> Any:
    """What was kept before networks had names is an MLP."""
    return {"name": "mlp", **tree} if isinstance(tree, Mapping) else tree


Model = Annotated[
    MLPModel | ResidualModel | MixerModel | CNNModel, Field(discriminator="name"), BeforeValidator(_named)
]


@checked
class Training:
    """What a training has beside its network and its optimizer.

    averaging: how much of the averaged weights a step keeps; 0 averages none. teacher: the run whose
    answers are learnt from, as the share `taught` of each target. views: how many sets of changed faces
    recur, an epoch each, which the teacher then answers as they are shown; 0 for fresh changes that it
    does not see.
    """

    batch_size: Annotated[Int, Field(ge=1, le=1_000_000)]
    epochs: Annotated[Int, Field(ge=1, le=1_000_000)]
    device: Literal["cpu", "cuda"]
    precision: Literal["float32", "bfloat16"] = "float32"
    label_smoothing: Annotated[Float, Field(ge=0, lt=1)] = 0.0
    averaging: Annotated[Float, Field(ge=0, lt=1)] = 0.0
    teacher: Text | None = None
    taught: Share = 0.0
    views: Annotated[Int, Field(ge=0, le=1000)] = 0


@checked
class Augmentation:
    """How a face is changed each time before it is learnt from; each at 0 not at all.

    flip, erase: how likely. rotate: degrees, shift: pixels, scale: a share, each at most and to either
    side. mixup: the parameter of the Beta distribution that two faces are mixed by.
    """

    flip: Share = 0.0
    rotate: Annotated[Float, Field(ge=0, le=180)] = 0.0
    shift: Annotated[Float, Field(ge=0, le=SIDE)] = 0.0
    scale: Annotated[Float, Field(ge=0, lt=1)] = 0.0
    erase: Share = 0.0
    mixup: Annotated[Float, Field(ge=0, le=1000)] = 0.0


@checked
class Optimizer:
    name: Text
    target: Text
    lr: Annotated[Float, Field(gt=0)]
    weight_decay: Annotated[Float, Field(ge=0)]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


@checked
class NoScheduler:
    name: Literal["none"]


@checked
class PlateauScheduler:
    name: Literal["plateau"]
    patience: Annotated[Int, Field(ge=0)]
    factor: Annotated[Float, Field(gt=0, lt=1)]


@checked
class CosineScheduler:
    name: Literal["cosine"]
    min_lr: Annotated[Float, Field(ge=0)]
    warmup_epochs: Annotated[Int, Field(ge=0, le=1_000_000)] = 0


Scheduler = Annotated[NoScheduler | PlateauScheduler | CosineScheduler, Field(discriminator="name")]


@checked
class NoStopping:
    name: Literal["none"]


@checked
class PatienceStopping:
    name: Literal["patience"]
    patience: Annotated[Int, Field(ge=1)]
    min_delta: Annotated[Float, Field(ge=0)] = 0.0


@checked
class DeckStopping:
    name: Literal["deck"]
    count: Annotated[Int, Field(ge=1)]


Stopping = Annotated[NoStopping | PatienceStopping | DeckStopping, Field(discriminator="name")]


@checked
class Protocol:
    """How a figure is chosen; it travels with every score."""

    name: Text
    weights: Literal["best", "last"]
    seeds: Text


@checked
class Tracking:
    uri: StoreAddress
    artifacts: Address
    experiment: Text
    log_model: StrictBool


@checked
class Sweep:
    """The sweep that a job belongs to: the id of its run, and the keys that it varies."""

    parent: Text | None
    factors: list[StrictStr]


@checked
class About:
    """Why a study is run, in sentences that stand beside its figures."""

    question: Text | None
    expected: Text | None
    cost: Text | None


@checked
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
    study: Text
    about: About
    # how the arms of a sweep are compared
    reference: Text | None
    margin: Annotated[Float, Field(gt=0, le=100)]
    precision: Annotated[Float, Field(gt=0, le=100)] | None
    rerun: Literal["failed", "all", "none"]
    on_failure: Literal["go_on", "stop"]
    detach: StrictBool
    dry_run: StrictBool
    n_jobs: Annotated[Int, Field(ge=1, le=4096)]
    seed: Seed
    resume: Text | None


def parse(tree: Mapping[str, Any]) -> Experiment:
    """Turn a composed config (plain dicts, lists and numbers) into checked settings."""
    found: Experiment = build(Experiment, search_space.with_rates(tree))
    return found
