"""What determines the figures of a job, a baseline and an ensemble, and the hash by which each is known."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from fer_exp.config import schema
from fer_exp.config.evaluation import Baseline
from fer_exp.config.settings import Experiment

# Part of a job's identity. Raise it when the code changes so that the same settings give other
# figures: older runs are then neither reused nor averaged with newer ones.
RECIPE = 3

# The same of a baseline's.
BASELINE_RECIPE = 2

# Where a job runs and what it is called, as opposed to what it computes.
_CIRCUMSTANCES = (
    *(
        "data.root",
        "data.cache_dir",
        "data.ferplus",
        # what it says is in the faces' digest
        "data.label_names",
        "training.device",
        "tracking.",
        "sweep.",
        "search.",
        "study",
        "about.",
        "reference",
        "margin",
        "precision",
        "resume",
    ),
    *("rerun", "on_failure", "detach", "dry_run", "n_jobs", "protocol.seeds"),
)


def job_identity(settings: Experiment, faces: str) -> str:
    """Hash of all that determines a job's figures: recipe and faces, by their digest, not paths or device."""
    return _hash_of({"recipe": RECIPE, "faces": faces, **recipe(settings)})


def baseline_identity(settings: Baseline, faces: str) -> str:
    """Hash of all that determines a baseline's figures; faces: their digest."""
    content = {"baseline": dataclasses.asdict(settings), "recipe": BASELINE_RECIPE, "faces": faces}
    return _hash_of(content)


def ensemble_identity(members: Iterable[str]) -> str:
    """Hash of all that determines an ensemble's figures: the identities of its members."""
    return _hash_of({"ensemble": sorted(members)})


def recipe(settings: Experiment) -> dict[str, Any]:
    """What determines a job's result, as one flat dict with dotted keys: no paths, device or names."""
    flat = flatten(schema.dump(settings))
    if not settings.trained_before:
        # nearly every job: a fresh network needs no word, and its identity stays what it was
        del flat["trained_before"]
    if not settings.training.taught:
        # a sweep may name a teacher for those of its jobs that are taught
        flat.pop("training.teacher", None)
    return {key: value for key, value in flat.items() if not is_circumstance(key)}


def is_circumstance(key: str) -> bool:
    """Whether a dotted key says where a job runs or what it is called, and not what it computes."""
    return key.startswith(_CIRCUMSTANCES)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested dict as one flat dict with dotted keys; lists stay lists."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A flat dict with dotted keys as a nested one."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, key = path.split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[key] = value
    return tree


def _hash_of(content: Mapping[str, Any]) -> str:
    """A hash, 16 hex digits, of all that determines some figures."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
