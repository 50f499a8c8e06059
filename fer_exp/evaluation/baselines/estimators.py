"""Baselines: what other methods reach on the same faces, each a run like any other.

A baseline is fitted once on all of train, for it has nothing to select, scored on test, and found
again by the hash of its settings and faces. All are scikit-learn's except the deck's linear SVC, for
which `svc` solves the same problem in minutes.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from fer_exp import machine, tracking
from fer_exp.config.evaluation import (
    Baseline,
    ForestBaseline,
    NearestBaseline,
    RBFSVCBaseline,
    RidgeBaseline,
    SVCBaseline,
)
from fer_exp.config.identity import baseline_identity, flatten
from fer_exp.data.dataset import Dataset
from fer_exp.errors import UserError
from fer_exp.evaluation import scoring
from fer_exp.evaluation.baselines.svm import effort
from fer_exp.evaluation.baselines.svm.linear_svc import ExactLinearSVC
from fer_exp.fer2013 import SIDE
from fer_exp.tracking import keys

# Memory in MB in which libsvm keeps rows of its kernel; its default of 200 costs it half its speed.
_KERNEL_CACHE = 1000

# Told of (pair, pairs, gap) while the exact SVC works.
Watch = Callable[[int, int, float], None]


def describe(chosen: Baseline) -> str:
    """What people call the baseline."""
    solver = f" ({chosen.solver})" if isinstance(chosen, SVCBaseline) and chosen.solver != "exact" else ""
    return _NAMES[chosen.name] + solver


_NAMES = {
    "majority": "majority",
    "prior": "class prior",
    "ridge": "ridge",
    "hog_ridge": "HOG + ridge",
    "nearest": "nearest neighbour",
    "svc": "linear SVC",
    "rbf_svc": "RBF SVC",
    "forest": "random forest",
}


def ensure(
    chosen: Baseline,
    dataset: Dataset,
    store: tracking.Store,
    kept: Path,
    watch: Watch,
    before: Callable[[], None] = lambda: None,
) -> tuple[tracking.Record, bool]:
    """The run of this baseline, and whether it was fitted now since the store had none.

    kept: a folder for the pairs that the exact SVC has solved, from which an interrupted fit goes on. before:
    called if it is to be fitted.
    """
    key = baseline_identity(chosen, dataset.digest)
    with store.lock(key):
        found = store.latest(key)
        if found is not None and found.status == "FINISHED":
            return scoring.complete(found, store, dataset), False
        _refuse_too_many_neighbours(chosen, dataset)
        before()
        return _fit(chosen, dataset, store, estimator(chosen, kept, watch), key), True


def _refuse_too_many_neighbours(chosen: Baseline, dataset: Dataset) -> None:
    faces = len(dataset.train())
    if isinstance(chosen, NearestBaseline) and chosen.neighbours > faces:
        raise UserError(f"baseline.neighbours={chosen.neighbours}: there are {faces} faces to train on")


def expected_seconds(chosen: Baseline, dataset: Dataset) -> float | None:
    """How long the exact SVC will take to fit on this machine, if nothing else is at work; else None."""
    if isinstance(chosen, SVCBaseline) and chosen.solver == "exact":
        return effort.expected_seconds(dataset.fingerprint.train, SIDE**2, machine.cores())
    return None


def estimator(chosen: Baseline, kept: Path, watch: Watch) -> ClassifierMixin:
    """The classifier of these settings, of pixels 0..255 [N, 2304]."""
    if isinstance(chosen, RidgeBaseline):
        ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=chosen.alphas))
        return make_pipeline(FunctionTransformer(hog), ridge) if chosen.name == "hog_ridge" else ridge
    if isinstance(chosen, NearestBaseline):
        # float32, or scikit-learn would take distances of bytes
        as_float = FunctionTransformer(lambda pixels: pixels.astype(np.float32))
        return make_pipeline(as_float, KNeighborsClassifier(chosen.neighbours, algorithm="brute"))
    if isinstance(chosen, SVCBaseline):
        if chosen.solver == "libsvm":
            return make_pipeline(
                StandardScaler(), SVC(C=chosen.C, kernel="linear", tol=chosen.tol, cache_size=_KERNEL_CACHE)
            )
        exact = ExactLinearSVC(C=chosen.C, tol=chosen.tol, checkpoint_dir=kept, on_progress=watch)
        return make_pipeline(StandardScaler(), exact)
    if isinstance(chosen, RBFSVCBaseline):
        return make_pipeline(StandardScaler(), SVC(C=chosen.C, cache_size=_KERNEL_CACHE))
    if isinstance(chosen, ForestBaseline):
        return RandomForestClassifier(chosen.trees, random_state=chosen.seed, n_jobs=machine.cores())
    return DummyClassifier(strategy="prior" if chosen.name == "prior" else "most_frequent")


def hog(pixels: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients, float32 [N, 900], of pixels [N, 2304].

    Cells of 8x8 pixels, blocks of 2x2 cells and 9 directions. Source: Dalal and Triggs 2005.
    """
    # here, since no other baseline needs it
    from skimage.feature import hog as gradients

    pictures = pixels.reshape(-1, SIDE, SIDE)
    shape = {"orientations": 9, "pixels_per_cell": (8, 8), "cells_per_block": (2, 2)}
    return np.stack([gradients(picture, **shape) for picture in pictures]).astype(np.float32)


def _fit(
    chosen: Baseline, dataset: Dataset, store: tracking.Store, model: ClassifierMixin, key: str
) -> tracking.Record:
    train, test = dataset.train(), dataset.test()
    tags = {keys.Tag.KIND: keys.Kind.BASELINE, keys.Tag.IDENTITY: key, keys.Tag.FACES: dataset.digest}
    params = flatten({"baseline": dataclasses.asdict(chosen), "faces": dataset.fingerprint.flat()})
    record = store.create(describe(chosen), params, tags)
    with record.recording():
        record.dataset(dataset.name, dataset.digest, dataset.fingerprint.flat(), "training")
        started = time.perf_counter()
        model.fit(train.pixels.reshape(len(train), -1), train.labels)
        found = {
            keys.FIT_SECONDS: time.perf_counter() - started,
            keys.fit("cores"): float(machine.cores()),
        }
        peak = machine.peak_gib()
        record.log(found | ({} if peak is None else {keys.fit("peak_gib"): peak}) | _certificate(model))
        answers = scoring.Answers(*_answers(model, test.pixels.reshape(len(test), -1)))
        scoring.conclude(record, dataset, answers, gallery=False)
    return store.record(record.id)


def _answers(model: ClassifierMixin, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels [N], and log-probabilities [N, 7] from a classifier that has any."""
    if not hasattr(model, "predict_proba"):
        return model.predict(flat), None
    probabilities = model.predict_proba(flat)
    # a vote of trees or neighbours may give a class none, hence -inf
    with np.errstate(divide="ignore"):
        return probabilities.argmax(axis=1), np.log(probabilities)


def _certificate(model: ClassifierMixin) -> dict[str, float]:
    """What the exact SVC says of its solution: the widest duality gap of its pairs, and their objectives."""
    last = model[-1] if isinstance(model, Pipeline) else model
    if not isinstance(last, ExactLinearSVC):
        return {}
    facts = {"widest_gap": last.gaps_.max(), "objective": last.objectives_.sum()}
    return {keys.fit(key): float(value) for key, value in facts.items()}
