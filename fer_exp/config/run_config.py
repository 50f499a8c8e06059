"""A job's settings as a config that Hydra takes back: of each run, the file `config.yaml`.

What determines the figures stands in it as plain values, whatever the options of conf/ will be. Where and how
a job runs comes from conf/ again: a folder, a device and a store are those of whoever repeats it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml

from fer_exp import provenance
from fer_exp.config.identity import is_circumstance
from fer_exp.config.settings import Experiment

_HEAD = """\
# To train it again, or with another value: python train.py --config-dir=FOLDER --config-name=config seed=1
# FOLDER: where this file lies.
"""


def as_yaml(settings: Experiment) -> str:
    """The text of the file."""
    # a study would name its own arms, and a search rates in place of those that it has drawn
    chosen = {"data": settings.data.name, "search": "none", "study": "adhoc"}
    hydras = {"launcher": "joblib", "job_logging": "lines", "hydra_logging": "lines"}
    defaults = [
        "base",
        *({group: option} for group, option in chosen.items()),
        *({f"override hydra/{group}": option} for group, option in hydras.items()),
        "_self_",
    ]
    tree = _without_circumstances(dataclasses.asdict(settings))
    tree["protocol"]["seeds"] = settings.protocol.seeds
    return provenance.as_typed(_HEAD) + yaml.safe_dump(
        {"defaults": defaults, **tree}, sort_keys=False, allow_unicode=True
    )


def _without_circumstances(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings without those that say where a job runs and what it is called, and without their groups."""
    kept: dict[str, Any] = {}
    for key, value in tree.items():
        if is_circumstance(f"{prefix}{key}"):
            continue
        if isinstance(value, Mapping):
            inner = _without_circumstances(value, f"{prefix}{key}.")
            if inner or not value:
                kept[key] = inner
        else:
            kept[key] = value
    return kept
