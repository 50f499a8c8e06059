"""The configs of a sweep's jobs, composed from their files once for each choice of options.

Hydra needs a fifth of a second to compose a config. But jobs that choose the same options differ only in what
they set (a seed, a learning rate), which Hydra itself puts into the config last of all. So here it composes
what is chosen once, from files that it reads once, and puts what each job sets into a copy. Hydra has no
public way to do that, so this module, and no other, uses private ones; `_composition` goes on without it.
"""

import pickle
from collections.abc import Sequence

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.config_repository import ConfigRepository
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


class FastComposer:
    """Composes the jobs of the sweep that has this config."""

    def __init__(self, loader: ConfigLoaderImpl, config: DictConfig):
        self.loader, self.config = loader, config
        loader.repository = _ReadOnce(loader.repository.get_sources(), {})
        # as typed, e.g. hydra.sweep.subdir=${hydra.job.override_dirname}
        hydras = OmegaConf.to_container(config.hydra.overrides.hydra, resolve=False)
        # with the folders that hydra.searchpath adds
        _, self.files = loader._parse_overrides_and_create_caching_repo(config.hydra.job.config_name, hydras)
        # by the overrides that choose
        self.chosen: dict[tuple[str, ...], bytes] = {}

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """What `loader.load_sweep_config(config, overrides)` composes."""
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        chosen = tuple(override.input_line for override in parsed if self._chooses(override))
        if chosen not in self.chosen:
            self.chosen[chosen] = pickle.dumps(self.loader.load_sweep_config(self.config, list(chosen)))
        own = pickle.loads(self.chosen[chosen])
        # from here on as Hydra does, after it has merged the files
        self.loader._apply_overrides_to_config([each for each in parsed if not self._chooses(each)], own)
        own.hydra.overrides.task = list(overrides)
        own.hydra.job.override_dirname = get_overrides_dirname(
            parsed, **own.hydra.job.config.override_dirname
        )
        OmegaConf.copy_cache(self.config, own)
        return own

    def _chooses(self, override: Override) -> bool:
        """Whether an override names options of a group, and no values."""
        return self.files.group_exists(override.key_or_group) and not isinstance(override.value(), dict)
