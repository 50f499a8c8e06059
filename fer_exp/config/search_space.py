"""The trials of a search: independent draws of a learning rate and a weight decay.

A draw depends on nothing but the search's seed and the trial's number. So a search is a plain list of jobs:
any process can make any trial, what is done is found again by its identity, and more trials leave the first
ones as they were. Every arm draws at the same places of its own range, so that none has the luckier draws.

No sampler that learns from earlier trials: with independent ones, what fewer trials would have reached is
known exactly (`statistics.expected_best`), and all can run at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, StrictBool

from fer_exp.config.schema import Float, Int, Seed, Share, Some, Text, build, checked
from fer_exp.errors import UserError
from fer_exp.seeds import derive


@checked
class NoSearch:
    """The learning rate and the weight decay are the optimizer's own."""

    name: Literal["none"]


@checked
class RandomSearch:
    """They come from the trial of a search: an independent draw.

    of: what its arms are, as in study=<of>_search; arm: the job's own. trials: how many each arm has, from 0.
    seed: of the draws and of each trial's run. tuned: whether a job takes the trial that `best` names for its
    arm, in the place of `trial`. lr: [low, high] for each arm, log-uniform as weight_decay is. no_decay: how
    likely a trial has no weight decay.
    """

    name: Literal["random"]
    of: Text
    arm: Text
    trials: Annotated[Int, Field(ge=1, le=10_000)]
    trial: Annotated[Int, Field(ge=0)]
    seed: Seed
    tuned: StrictBool
    best: dict[str, Any]
    lr: dict[str, Any]
    weight_decay: Some[Annotated[Float, Field(gt=0)]]
    no_decay: Share


Search = Annotated[NoSearch | RandomSearch, Field(discriminator="name")]


# In a config, in the place of a value that the trial draws.
DRAWN = "drawn"


@dataclass(frozen=True)
class Rates:
    """What a trial draws, named as the optimizer's settings are."""

    lr: float
    weight_decay: float


def with_rates(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    """A composed config in which each `drawn` of the optimizer is what the trial of its search draws."""
    search, optimizer = tree.get("search"), tree.get("optimizer")
    if not (
        isinstance(search, Mapping) and isinstance(optimizer, Mapping) and search.get("name") == "random"
    ):
        return tree
    rates = asdict(draw(build(Search, search, "search")))
    given = {key: rates.get(key, value) if value == DRAWN else value for key, value in optimizer.items()}
    return {**tree, "optimizer": given}


def draw(search: RandomSearch) -> Rates:
    """The rates of a search's trial; of a tuned job, of its arm's best one. Raises UserError."""
    trial = chosen(search)
    rates = _within(_range(search), _uniform(search, "lr", trial))
    if _uniform(search, "no_decay", trial) < search.no_decay:
        return Rates(rates, 0.0)
    bounds = _bounds(search.weight_decay, "search.weight_decay")
    return Rates(rates, _within(bounds, _uniform(search, "weight_decay", trial)))


def chosen(search: RandomSearch) -> int:
    """The number of the trial that a job takes."""
    if not search.tuned:
        key, trial = "search.trial", search.trial
    elif search.arm in search.best:
        key, trial = f"search.best.{search.arm}", search.best[search.arm]
    else:
        raise UserError(
            f"search.best: names no trial of {search.arm}; a sweep, study={search.of}_tuned, takes the best "
            f"one from study={search.of}_search"
        )
    if type(trial) is not int or not 0 <= trial < search.trials:
        raise UserError(f"{key}={trial}: must be a whole number below search.trials={search.trials}")
    return trial


def _range(search: RandomSearch) -> tuple[float, float]:
    if search.arm not in search.lr:
        known = ", ".join(search.lr)
        raise UserError(
            f"search.lr: has no range for {search.arm}, only for {known}: +search.lr.{search.arm}=[LOW,HIGH]"
        )
    return _bounds(search.lr[search.arm], f"search.lr.{search.arm}")


def _bounds(given: Any, key: str) -> tuple[float, float]:
    pair = isinstance(given, Sequence) and len(given) == 2 and {type(end) for end in given} <= {int, float}
    if not pair or not 0 < given[0] <= given[1] < np.inf:
        raise UserError(f"{key}={given}: must be [LOW,HIGH], both above 0 and in this order")
    return given[0], given[1]


def _uniform(search: RandomSearch, name: str, trial: int) -> float:
    return np.random.default_rng(derive(search.seed, name, trial)).random()


def _within(bounds: tuple[float, float], place: float) -> float:
    """The value at a place, in [0, 1), of a range in its logarithm; of three digits, as people type it."""
    low, high = bounds
    value = float(f"{low * (high / low) ** place:.3g}")
    return min(max(value, float(low)), float(high))
