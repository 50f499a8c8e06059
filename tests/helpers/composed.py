"""Configs as Hydra composes them, the options that are chosen together once, as for the jobs of a sweep."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from hydra_plugins.fer_exp import _composition


@cache
def composer_of(folder: str, name: str) -> _composition.Composer:
    """What composes jobs of the config `name` in a folder."""
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)
    with initialize_config_dir(folder, version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        return _composition.composer(loader, loader.load_configuration(name, [], RunMode.MULTIRUN))


def composed_tree(folder: str, name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The config `name` of a folder with overrides, as plain values and without Hydra's own."""
    config = composer_of(folder, name).compose(overrides)
    with open_dict(config):
        del config["hydra"]
    return _composition.as_tree(config)
