"""What the README and docs/extend.md tell people to write works as it stands there."""

import shutil
from pathlib import Path

import pytest
import torch
from helpers import pages
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fer_exp.config import settings
from fer_exp.models.activation import activation_factory
from fer_exp.training import optimizers

ROOT = Path(__file__).parents[2]
# Each file that the README and the page on extending show: its path under conf/, and its text.
SHOWN = pages.files(pages.README) | pages.files(ROOT / "docs" / "extend.md")


@pytest.fixture
def extended(tmp_path):
    """What composes a copy of conf/ that has the README's files too."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    for path, text in SHOWN.items():
        (tmp_path / "conf" / path).write_text(text, encoding="utf-8")
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)

    def composed(*overrides):
        with initialize_config_dir(str(tmp_path / "conf"), version_base="1.3"):
            return compose("train", overrides=list(overrides), return_hydra_config=True)

    return composed


def as_settings(config) -> settings.Experiment:
    """The composed config without Hydra's own, checked."""
    own = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    return settings.parse(OmegaConf.to_container(own, resolve=True))


def test_an_activation_and_an_optimizer_are_a_file_each(extended):
    """They compose and build; five lines or fewer."""
    chosen = as_settings(extended("model/activation=silu", "optimizer=radam"))
    assert activation_factory(chosen.model.activation)().__class__ is torch.nn.SiLU
    built = optimizers.build(chosen.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    assert isinstance(built, torch.optim.RAdam)
    assert all(len(text.strip().splitlines()) <= 5 for text in SHOWN.values())


def test_a_study_is_a_file(extended):
    """Its jobs, its question, and what it sweeps."""
    config = extended("study=width")
    assert as_settings(config).about.question == "Does one wide layer help?"
    assert config.hydra.sweeper.params["model.hidden"] == "[64],[256],[1024]"
    assert config.hydra.mode.name == "MULTIRUN"
