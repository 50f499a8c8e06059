"""The configs of a sweep's jobs, composed from their files once for each choice of options.

Hydra needs a fifth of a second to compose a config, and composes that of each job when the sweep is checked
and again when the job starts. But jobs that choose the same options differ only in what they set (a seed, a
learning rate), which Hydra itself puts into the config last of all. So here it composes what is chosen once,
from files that it reads once, and puts what each job sets into a copy.
"""

import pickle
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf


class _ReadOnce(ConfigRepository):
    """Config files as they were when first read; pickled, since that is how they are copied soonest."""

    def __init__(self, sources: list[ConfigSource], read: dict[tuple[str, ...], bytes]):
        self.sources, self.read = sources, read

    def __deepcopy__(self, memo: object) -> "_ReadOnce":
        """Share what has been read; Hydra takes a copy for each config and may give that other sources."""
        return _ReadOnce(self.sources, self.read)

    def __getstate__(self) -> dict[str, object]:
        """Leave what has been read behind when a launcher sends the loader to its workers."""
        return {"sources": self.sources, "read": {}}

    def load_config(self, config_path: str) -> ConfigResult | None:
        """The config of this name, for the caller to change."""
        key = (config_path, *(f"{source.provider} {source.path}" for source in self.sources))
        if key not in self.read:
            self.read[key] = pickle.dumps(super().load_config(config_path))
        return pickle.loads(self.read[key])


class _Composed:
    """What has been composed of one sweep."""

    def __init__(self, loader: ConfigLoaderImpl, config: DictConfig):
        loader.repository = _ReadOnce(loader.repository.get_sources(), {})
        hydras = list(config.hydra.overrides.hydra)
        # with the folders that hydra.searchpath adds
        _, self.files = loader._parse_overrides_and_create_caching_repo(config.hydra.job.config_name, hydras)
        # by the overrides that choose
        self.chosen: dict[tuple[str, ...], bytes] = {}

    def chooses(self, override: Override) -> bool:
        """Whether an override names options of a group, and no values."""
        return self.files.group_exists(override.key_or_group) and not isinstance(override.value(), dict)


# By the loader of the sweep, and so for as long as that.
_SWEEPS: WeakKeyDictionary[ConfigLoaderImpl, _Composed] = WeakKeyDictionary()


def compose(loader: ConfigLoaderImpl, config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """What `loader.load_sweep_config(config, overrides)` composes: a job of the sweep of this config."""
    if loader not in _SWEEPS:
        _SWEEPS[loader] = _Composed(loader, config)
    sweep = _SWEEPS[loader]
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    chosen = tuple(override.input_line for override in parsed if sweep.chooses(override))
    if chosen not in sweep.chosen:
        sweep.chosen[chosen] = pickle.dumps(loader.load_sweep_config(config, list(chosen)))
    own = pickle.loads(sweep.chosen[chosen])
    # from here on as Hydra does, after it has merged the files
    loader._apply_overrides_to_config([each for each in parsed if not sweep.chooses(each)], own)
    own.hydra.overrides.task = list(overrides)
    own.hydra.job.override_dirname = get_overrides_dirname(parsed, **own.hydra.job.config.override_dirname)
    OmegaConf.copy_cache(config, own)
    return own


class PlannedSweeper(BasicSweeper):
    """Hydra's own, for jobs that have all been composed and checked when the sweep was planned."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Do not compose each once more."""
