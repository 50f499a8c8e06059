"""A composed config as a job, named by what varies."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from fer_exp import provenance
from hydra_plugins.fer_exp._composition import as_settings

if TYPE_CHECKING:
    from fer_exp.config.settings import Experiment
    from fer_exp.experiment.job import Job

# Groups of which the user may set what they choose by itself, and the key for that.
_SET_BY = {"batch_size": "training.batch_size", "layers": "model.hidden"}


def job_of(config: DictConfig, log: logging.Logger | None = None) -> "Job":
    """The job that Hydra runs at the moment, of this config.

    log: takes what it says of itself; without, the logger that Hydra has set up for it.
    """
    # here, since it imports PyTorch
    from fer_exp.experiment import plan
    from fer_exp.experiment.job import Job
    from fer_exp.tracking import keys

    settings, overrides = as_settings(config), list(HydraConfig.get().overrides.task)
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        factors = settings.sweep.factors
    else:
        typed = [override.partition("=")[0].lstrip("+") for override in overrides]
        factors = [key for key in typed if not key.startswith(("data.", "tracking.", "resume"))]
    name = plan.name(plan.swept_values(overrides, factors))
    if settings.resume:
        name += " · resumed"
    tags = _tags(overrides) | {keys.Tag.NOTE: _description(settings, overrides)}
    return Job(settings, name, tags, log)


def _description(settings: "Experiment", overrides: list[str]) -> str:
    """What stands with the job's run, with the command that trains it alone."""
    from fer_exp.tracking import descriptions

    if HydraConfig.get().mode == RunMode.MULTIRUN:
        own = [each for each in overrides if not each.lstrip("+").startswith(("sweep.", "search.best"))]
        command = provenance.to_keep(["python", "train.py", *own])
    else:
        command = provenance.typed("train.py")
    return descriptions.job(settings.study, settings.protocol.name, command)


def _tags(overrides: list[str]) -> dict[str, str]:
    """Where the job's log lies, and Hydra's chosen options without those that an override has changed."""
    from fer_exp.tracking import keys

    groups = {key: str(option) for key, option in HydraConfig.get().runtime.choices.items()}
    for group, key in _SET_BY.items():
        if any(override.startswith(f"{key}=") for override in overrides):
            del groups[group]
    tags = {keys.choice(group): option for group, option in groups.items() if not group.startswith("hydra/")}
    return tags | {keys.Tag.LOG: os.path.relpath(Path(HydraConfig.get().runtime.output_dir) / "train.log")}
