"""What determines a job's figures, and the hash by which it is known."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fer_exp.config import schema
from fer_exp.config.settings import Experiment

# Where a job runs and what it is called, as opposed to what it computes.
_CIRCUMSTANCES = (
    *(
        "data.root",
        "data.cache_dir",
        "data.ferplus",
        "training.device",
        "tracking.",
        "sweep.",
        "search.",
        "study",
        "about.",
        "resume",
    ),
    *("rerun", "dry_run", "n_jobs", "protocol.seeds"),
)


def recipe(settings: Experiment) -> dict[str, Any]:
    """What determines a job's result, as one flat dict with dotted keys: no paths, device or names."""
    flat = flatten(schema.said(settings))
    if not settings.trained_before:
        # nearly every job: a fresh network needs no word, and its identity stays what it was
        del flat["trained_before"]
    if not settings.training.taught:
        # a sweep may name a teacher for those of its jobs that are taught
        flat.pop("training.teacher", None)
    return {key: value for key, value in flat.items() if not key.startswith(_CIRCUMSTANCES)}


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested dict as one flat dict with dotted keys; lists stay lists."""
    flat = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def hash_of(content: Mapping[str, Any]) -> str:
    """A hash, 16 hex digits, of all that determines some figures."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
