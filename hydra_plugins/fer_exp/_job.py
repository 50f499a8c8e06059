"""A composed config as a job, named by what varies."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from fer_exp import provenance
from hydra_plugins.fer_exp._composition import as_settings, as_tree

if TYPE_CHECKING:
    from fer_exp.config.settings import Experiment
    from fer_exp.experiment.job import Job

# Groups of which the user may set what they choose by itself, and the key for that.
_SET_BY = {"batch_size": "training.batch_size", "layers": "model.hidden"}

# Keys of a sweep that say nothing to one job.
OF_SWEEPS = {"margin", "on_failure", "precision", "reference"}

# What the name of a run that goes on from another ends with.
_RESUMED = " · resumed"


def job_of(config: DictConfig, log: logging.Logger | None = None) -> "Job":
    """The job that Hydra runs at the moment, of this config.

    log: takes what it says of itself; without, the logger that Hydra has set up for it.
    """
    # here, since it imports PyTorch
    from fer_exp.config.identity import is_circumstance
    from fer_exp.experiment import plan
    from fer_exp.experiment.job import Job
    from fer_exp.tracking import keys

    overrides = list(HydraConfig.get().overrides.task)
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        settings = as_settings(config)
        factors = settings.sweep.factors
    elif config.resume:
        return _resumed(config, overrides)
    else:
        settings = as_settings(config)
        typed = typed_keys(overrides)
        factors = [key for key in typed if not (key.startswith("data.") or is_circumstance(key))]
    tags = _tags(overrides) | {keys.Tag.NOTE: _description(settings, overrides)}
    return Job(settings, plan.name(plan.swept_values(overrides, factors)), tags, log)


def _resumed(config: DictConfig, overrides: list[str]) -> "Job":
    """The job that goes on from the run that the config names, with the choices of that."""
    from fer_exp.config import settings
    from fer_exp.experiment import source_run
    from fer_exp.experiment.job import Job
    from fer_exp.tracking import keys

    source = source_run.find(config.resume, as_tree(config)["tracking"])
    data = [f"data={source.recipe['data.name']}"] * (not any(each.startswith("data=") for each in overrides))
    name = HydraConfig.get().job.config_name
    usual, own = (as_tree(compose(name, [*data, *more])) for more in ([], overrides))
    typed = [_SET_BY.get(key, key.replace("/", ".")) for key in typed_keys(overrides)]
    chosen = settings.parse(source_run.choices(source, own, usual, typed))
    tags = {key: value for key, value in source.record.tags.items() if key.startswith(keys.choice(""))}
    named = source.record.name.removesuffix(_RESUMED) + _RESUMED
    return Job(chosen, named, tags | _log() | {keys.Tag.NOTE: _description(chosen, overrides)})


def typed_keys(overrides: list[str]) -> list[str]:
    """The keys of what was typed."""
    return [override.partition("=")[0].lstrip("+") for override in overrides]


def _description(settings: "Experiment", overrides: list[str]) -> str:
    """What stands with the job's run, with the command that trains it alone."""
    from fer_exp.tracking import descriptions

    if HydraConfig.get().mode == RunMode.MULTIRUN:
        # what a sweep has filled in, and what it alone understands
        others = ("sweep.", "search.best", *(f"{key}=" for key in OF_SWEEPS))
        own = [each for each in overrides if not each.lstrip("+").startswith(others)]
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
            # a kept config chooses none
            groups.pop(group, None)
    tags = {keys.choice(group): option for group, option in groups.items() if not group.startswith("hydra/")}
    return tags | _log()


def _log() -> dict[str, str]:
    """The tag that says where the job's log lies."""
    from fer_exp.tracking import keys

    return {keys.Tag.LOG: os.path.relpath(Path(HydraConfig.get().runtime.output_dir) / "train.log")}
