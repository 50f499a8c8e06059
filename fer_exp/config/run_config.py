"""A job's settings as a config that Hydra takes back: of each run, the file `config.yaml`.

What determines the figures stands in it as plain values, whatever the options of conf/ will be. Where and how
a job runs comes from conf/ again: a folder, a device and a store are those of whoever repeats it.
"""

import dataclasses

import yaml

from fer_exp import provenance
from fer_exp.config.identity import flatten, is_circumstance, nested
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
    values = flatten(dataclasses.asdict(settings))
    tree = nested({key: value for key, value in values.items() if not is_circumstance(key)})
    tree["protocol"]["seeds"] = settings.protocol.seeds
    return provenance.as_typed(_HEAD) + yaml.safe_dump(
        {"defaults": defaults, **tree}, sort_keys=False, allow_unicode=True
    )
