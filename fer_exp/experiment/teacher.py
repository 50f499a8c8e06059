"""Who teaches: a finished run, from whose answers the network of another learns (Hinton et al. 2015)."""

import dataclasses

import numpy as np

from fer_exp import tracking
from fer_exp.config.settings import Experiment
from fer_exp.data.dataset import Dataset
from fer_exp.data.splits import split_of
from fer_exp.errors import UserError
from fer_exp.tracking import artifacts, keys, registry
from fer_exp.tracking.registry import require_weights
from fer_exp.training.distillation import Teacher


def named(
    config: Experiment, dataset: Dataset, store: tracking.Store
) -> tuple[Experiment, tracking.Record | None]:
    """The settings with their teacher by its identity, and its run; as they are if nothing is taught.

    A job is then known by what taught it, whatever that was called and wherever it is kept. Raises UserError
    for a teacher that there is not, and for one that has learnt from faces which are to select here.
    """
    if not config.training.taught:
        return config, None
    wanted = config.training.teacher
    assert wanted is not None, "what is taught names its teacher, by `job_check`"
    setting = f"training.teacher={wanted}"
    try:
        here = store.records("FINISHED", kind=keys.Kind.JOB, faces=dataset.fingerprint.content)
        # runs on other faces may be called the same
        # by its identity, too, as a run that was taught keeps it
        record = next((run for run in here if wanted in (run.name, run.identity)), None) or store.find(wanted)
        require_weights(record)
        unseen = artifacts.read_answers(store.run_of(record), artifacts.VALIDATION_ANSWERS)["face"]
    except UserError as error:
        raise UserError(f"{setting}: {error}") from None
    if record.faces_digest != dataset.fingerprint.content:
        raise UserError(f"{setting}: it was trained on other faces than these ({dataset.name})")
    split = split_of(dataset, config.split, config.seed)
    known = int((~np.isin(split.validation, unseen)).sum())
    if known:
        raise UserError(
            f"{setting}: it has learnt from {known} of the validation faces; it needs the same split and "
            f"seed (its seed is {record.params[keys.Param.SEED]})"
        )
    training = dataclasses.replace(config.training, teacher=record.identity)
    return dataclasses.replace(config, training=training), record


def answers(record: tracking.Record, store: tracking.Store, device: str) -> Teacher:
    """What the network of a run says to pictures, asked on this device."""
    return registry.load_classifier(record, store, device).probabilities
