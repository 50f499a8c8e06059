"""The configs of a sweep's jobs, composed from their files once for each choice of options.

Hydra needs a fifth of a second to compose a config, and composes that of each job when the sweep is checked
and again when the job starts. But jobs that choose the same options differ only in what they set (a seed, a
learning rate), which Hydra itself puts into the config last of all. So here it composes what is chosen once,
and puts what each job sets into a copy.
"""

import pickle
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

# The config of each choice, by the loader of its sweep, and so for as long as that. Pickled, as that is how
# OmegaConf copies one soonest.
_CHOSEN: WeakKeyDictionary[ConfigLoaderImpl, dict[tuple[str, ...], bytes]] = WeakKeyDictionary()


def compose(loader: ConfigLoaderImpl, config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """What `loader.load_sweep_config(config, overrides)` composes, a job of the sweep of this config."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    choices, values = [], []
    for override in parsed:
        (choices if _chooses(loader, override) else values).append(override)
    chosen = tuple(override.input_line for override in choices)
    known = _CHOSEN.setdefault(loader, {})
    key = (*config.hydra.overrides.hydra, *chosen)
    if key not in known:
        known[key] = pickle.dumps(loader.load_sweep_config(config, list(chosen)))
    own = pickle.loads(known[key])
    # from here on as Hydra does, after it has merged the files
    loader._apply_overrides_to_config(values, own)
    own.hydra.overrides.task = list(overrides)
    own.hydra.job.override_dirname = get_overrides_dirname(parsed, **own.hydra.job.config.override_dirname)
    OmegaConf.copy_cache(config, own)
    return own


def _chooses(loader: ConfigLoaderImpl, override: Override) -> bool:
    """Whether an override names options of a group, and no values."""
    return loader.repository.group_exists(override.key_or_group) and not isinstance(override.value(), dict)


class PlannedSweeper(BasicSweeper):
    """Hydra's own, for jobs that have all been composed and checked when the sweep was planned."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Do not compose each once more."""
