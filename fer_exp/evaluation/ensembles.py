"""Ensembles: networks that differ in their seed answer together, by the mean of their probabilities.

An ensemble is scored on test once, as a run of its own, and found again by the hash of its members.
"""

from collections.abc import Sequence

import numpy as np

from fer_exp import tracking
from fer_exp.config.identity import ensemble_identity
from fer_exp.data.dataset import Dataset
from fer_exp.evaluation import scoring
from fer_exp.models import network
from fer_exp.tracking import keys, registry
from fer_exp.tracking.studies import Arm, Study


def ensure(
    study: Study, arm: Arm, store: tracking.Store, dataset: Dataset, device: str = "cpu"
) -> tracking.Record:
    """The run of the ensemble of an arm's networks, scored now if it is not there.

    device: where they answer.
    """
    members = [arm.runs[seed] for seed in sorted(arm.runs, key=int)]
    key = ensemble_identity(record.identity for record in members)
    with store.lock(key):
        found = store.latest(key)
        if found is not None and found.status == "FINISHED":
            return scoring.complete(found, store, dataset)
        pixels = dataset.test().pixels
        classifiers = (registry.load_classifier(record, store, device) for record in members)
        together = mean_log_probabilities([network.logits(each.network, pixels) for each in classifiers])
        tags = {
            keys.Tag.KIND: keys.Kind.ENSEMBLE,
            keys.Tag.IDENTITY: key,
            keys.Tag.FACES: study.faces,
            keys.Tag.STUDY: study.name,
            keys.Tag.PROTOCOL: study.protocol,
            keys.Tag.SELECTED_ON: study.selected_on,
        }
        params = {
            keys.Param.ENSEMBLE_ARM: arm.name,
            keys.Param.ENSEMBLE_MEMBERS: ", ".join(record.run_id for record in members),
        }
        run = store.create(f"{arm.name} · mean of {len(members)} seeds", params, tags)
        with run.recording():
            run.log({keys.TRAIN_SECONDS: sum(record.metrics[keys.TRAIN_SECONDS] for record in members)})
            answers = scoring.Answers(together.argmax(axis=1), together)
            scoring.conclude(run, dataset, answers, gallery=False)
        return store.record(run.id)


def mean_log_probabilities(logits: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithms float64 [N, 7] of the mean probabilities of networks with these logits, each [N, 7]."""
    stacked = np.stack(logits).astype(np.float64)
    log_probabilities = stacked - np.logaddexp.reduce(stacked, axis=2, keepdims=True)
    return np.logaddexp.reduce(log_probabilities, axis=0) - np.log(len(logits))
