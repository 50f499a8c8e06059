"""What connects a sweep with Hydra: its jobs expanded and composed; a composed config as checked settings."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fer_exp.errors import UserError

try:
    from hydra_plugins.fer_exp._private_composition import FastComposer
except ImportError:
    # another Hydra, which has renamed what that module uses
    FastComposer = None

# What Hydra finds wrong with what was typed.
MISTAKES = (HydraException, OmegaConfBaseException, YAMLError)


def refuse_own_folders(hydra: DictConfig) -> None:
    """Refuse that jobs run in folders of their own, where they would look for the store and the data."""
    if hydra.job.chdir:
        raise UserError("hydra.job.chdir=true: a job would not find the store and the data; leave it out")


class Composer:
    """Composes the jobs of the sweep that has this config."""

    def __init__(self, loader: ConfigLoader, config: DictConfig):
        self.loader, self.config = loader, config

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The config of the job that has these overrides."""
        return self.loader.load_sweep_config(self.config, list(overrides))


def composer(loader: ConfigLoader, config: DictConfig) -> Composer | FastComposer:
    """What composes the jobs of the sweep that has this config: the quick way, where this Hydra has it."""
    return FastComposer(loader, config) if FastComposer else Composer(loader, config)


# Each is composed and checked before the first starts, and waits in memory.
MOST_JOBS = 20_000


def expand(
    loader: ConfigLoader, params: Mapping[str, str], arguments: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """The swept keys, and the overrides of each job, the last key varying first.

    params: what the study sweeps. arguments: overrides as typed, of which a later one replaces an earlier.
    Raises UserError for no job, or for too many.
    """
    parser = OverridesParser.create(config_loader=loader)
    factors, choices = {}, {}
    for override in parser.parse_overrides(
        [f"{key}={value}" for key, value in params.items()] + [*arguments]
    ):
        key = override.get_key_element()
        if not override.is_sweep_override():
            values = [override.get_value_element_as_str()]
        elif override.is_discrete_sweep():
            values = list(itertools.islice(override.sweep_string_iterator(), MOST_JOBS + 1))
            if not values:
                raise UserError(f"{override.input_line}: names no value, so the sweep has no job")
            factors[key.lstrip("+")] = None
        else:
            raise HydraException(f"{override.input_line}: name the values to sweep, as interval names none")
        choices[key] = [f"{key}={value}" for value in values]
    if math.prod(map(len, choices.values())) > MOST_JOBS:
        raise UserError(f"{', '.join(factors)}: more than {MOST_JOBS:,} jobs; sweep over a part at a time")
    return list(factors), [list(job) for job in itertools.product(*choices.values())]


def as_tree(config: DictConfig) -> Any:
    """The composed config, of which Hydra has taken its own, as plain dicts."""
    return OmegaConf.to_container(config, resolve=True)


def as_settings(config: DictConfig) -> Any:
    """The composed config as checked settings."""
    from fer_exp.config import settings

    return settings.parse(as_tree(config))
