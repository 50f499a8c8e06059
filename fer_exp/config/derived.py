"""What follows from a job's settings: by which protocol its figures are, and the jobs behind it.

Those are the trials whose best it takes, and the trainings that its network had before.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from fer_exp.config.schema import build
from fer_exp.config.search_space import RandomSearch
from fer_exp.config.settings import Experiment, parse

# The split that a protocol stands for: a random one has copies of fitted faces in validation.
_SPLITS = {"honest": "grouped", "deck": "random"}


def protocol(chosen: Experiment) -> str:
    """The protocol by name, and with its split where that is another's, such as `honest split=random`."""
    name, method = chosen.protocol.name, chosen.split.method
    return name if _SPLITS.get(name, method) == method else f"{name} split={method}"


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
    return [build(Experiment, _changed(own, change)) for change in chosen.trained_before]


def _changed(tree: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with the keys of a group replaced that the change names, and no deeper."""
    changed = dict(tree)
    for key, value in change.items():
        both = isinstance(value, Mapping) and isinstance(tree.get(key), Mapping)
        changed[key] = {**tree[key], **value} if both else value
    return changed
