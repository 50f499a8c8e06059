"""Who teaches: a finished run, from whose answers the network of another learns (Hinton et al. 2015)."""

import dataclasses

import numpy as np

from fer_exp import tracking
from fer_exp.config.faces import Split
from fer_exp.config.schema import build
from fer_exp.config.settings import Experiment
from fer_exp.data.dataset import Dataset
from fer_exp.data.splits import split_of
from fer_exp.errors import UserError
from fer_exp.tracking import keys, registry
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
        record = next((run for run in here if run.name == wanted), None) or store.find(wanted)
        require_weights(record)
    except UserError as error:
        raise UserError(f"{setting}: {error}") from None
    if record.faces_digest != dataset.fingerprint.content:
        raise UserError(f"{setting}: it was trained on other faces than these ({dataset.name})")
    params, split = record.params, config.split
    run = params.get(keys.Param.SPLIT_RUN, "None")
    values = {
        "method": params[keys.Param.SPLIT_METHOD],
        "validation_fraction": float(params[keys.Param.SPLIT_FRACTION]),
        "seed": int(params.get(keys.Param.SPLIT_SEED, 0)),
        "run": None if run == "None" else int(run),
    }
    its = build(Split, values)
    learnt = split_of(dataset, its, int(params[keys.Param.SEED])).fit
    known = int(np.isin(split_of(dataset, split, config.seed).validation, learnt).sum())
    if known:
        raise UserError(
            f"{setting}: it has learnt from {known} of the validation faces; it needs the same seed "
            f"(its is {params[keys.Param.SEED]}) and split ({split.method}, {split.validation_fraction})"
        )
    training = dataclasses.replace(config.training, teacher=record.identity)
    return dataclasses.replace(config, training=training), record


def answers(record: tracking.Record, store: tracking.Store, device: str) -> Teacher:
    """What the network of a run says to pictures, asked on this device."""
    return registry.load_classifier(record, store, device).probabilities
