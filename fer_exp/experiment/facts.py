"""What a run says of its job: its tags, its params, an epoch's metrics."""

from collections.abc import Mapping
from dataclasses import asdict

import torch

from fer_exp import machine
from fer_exp.config import derived
from fer_exp.config.identity import RECIPE, job_identity, recipe
from fer_exp.config.settings import Experiment, Protocol
from fer_exp.data.dataset import Dataset
from fer_exp.data.splits import Split
from fer_exp.tracking import keys
from fer_exp.training.device import device_name
from fer_exp.training.kernels import compiled
from fer_exp.training.trainer import Epoch


def selection_rule(protocol: Protocol) -> str:
    """How the reported weights are chosen, in words; it stands beside every score."""
    return "lowest validation loss" if protocol.weights == "best" else "last epoch"


def tags(config: Experiment, dataset: Dataset) -> dict[str, str]:
    """By what a job's run is looked up, and what stands beside its scores."""
    return {
        keys.Tag.KIND: keys.Kind.JOB,
        keys.Tag.STUDY: config.study,
        keys.Tag.IDENTITY: job_identity(config, dataset.digest),
        keys.Tag.FACES: dataset.digest,
        keys.Tag.RECIPE: str(RECIPE),
        keys.Tag.PROTOCOL: derived.protocol(config),
        keys.Tag.SELECTED_ON: selection_rule(config.protocol),
        keys.Tag.DEVICE: device_name(config.training.device),
        keys.Tag.KERNELS: kernels(config),
        keys.Tag.PROCESSOR: machine.processor(),
        keys.Tag.TORCH: torch.__version__,
    }


def kernels(config: Experiment, before: str | None = None) -> str:
    """Whose loops train the job, and whose have, `before`, where it is gone on with."""
    now = compiled.in_use(config.training.device)
    return ", ".join(sorted({now, *(before or now).split(", ")}))


def params(config: Experiment, dataset: Dataset, split: Split) -> dict[str, object]:
    """The recipe of a job, and what is known of its faces."""
    sizes = {"fit": len(split.fit), "validation": len(split.validation)}
    known = {**dataset.fingerprint.flat(), **sizes, "skipped": len(dataset.skipped)}
    if dataset.copies:
        known |= asdict(dataset.copies)
    return recipe(config) | {keys.faces(key): value for key, value in known.items()}


def epoch_metrics(epoch: Epoch) -> Mapping[str, float]:
    """An epoch as metrics, in the sections that MLflow's charts show."""
    found = {keys.LEARNING_RATE: epoch.learning_rate, keys.EPOCH_SECONDS: epoch.seconds}
    for section, scores in (("train", epoch.train), ("val", epoch.validation)):
        found |= {keys.epoch(section, key): value for key, value in scores.by_name().items()}
    return found
