"""What the demo page is told: the runs to choose from, and what one of them says of a picture.

Everything stays in memory. One picture is read at a time, as OpenCV's cascade is not safe to share
and a large photo takes hundreds of megabytes while it is decoded.
"""

import base64
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from PIL import Image

from fer_exp import tracking
from fer_exp.data import images
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.inference import face_detection, occlusion, predict
from fer_exp.inference.face_detection import FaceCrop, Finder
from fer_exp.models.classifier import Classifier
from fer_exp.tracking import keys, registry

# The deck's largest network takes a few megabytes, and nobody compares more at once.
MOST_NETWORKS = 4

# What the page says of a run.
_PARAMS = (keys.Param.DATA_NAME, keys.Param.PROTOCOL_NAME, keys.Param.FACES_VALIDATION)
_METRICS = (keys.SELECTED_VAL_ACCURACY, keys.SELECTED_EPOCH)


class NoRunError(UserError):
    """A run that is not there, or has no network to ask."""


class Answers:
    """Answers about the runs of one store; safe to ask from several threads."""

    def __init__(self, store: tracking.Store, finder: Finder | None):
        self.store = store
        self.finder = finder
        self._known: OrderedDict[str, tuple[tracking.Record, Classifier]] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def runs(self, first: str) -> list[dict[str, Any]]:
        """The finished jobs that say how good they are, newest first, and that of the id `first`."""
        finished = self.store.records("FINISHED", kind=keys.Kind.JOB)
        # an id may be one of another experiment
        if all(run.run_id != first for run in finished):
            finished.insert(0, self.store.record(first))
        # a restored run has no weights
        return [facts(run) for run in finished if run.whole and _is_described(run)]

    def load(self, wanted: str) -> tuple[tracking.Record, Classifier]:
        """A run, by id or as `Store.find` knows it, and its network; raises NoRunError."""
        if wanted not in self._known:
            try:
                record = self.store.find(wanted)
                network = registry.load_classifier(record, self.store)
            except UserError as error:
                raise NoRunError(str(error)) from None
            if not _is_described(record):
                raise NoRunError(f"run {record.run_id}: does not say how good it is")
            # by id: which run is the latest changes
            wanted = record.run_id
            self._known[wanted] = record, network
        self._known.move_to_end(wanted)
        while len(self._known) > MOST_NETWORKS:
            self._known.popitem(last=False)
        return self._known[wanted]

    def answer(self, wanted: str, data: bytes) -> dict[str, Any]:
        """What a run says of each face in the bytes of a picture file, as JSON has it.

        Raises NoRunError, or UserError for what is no picture.
        """
        with self._one_at_a_time:
            record, network = self.load(wanted)
            picture = images.upright(data, "the picture")
            seen = face_detection.views(picture, self.finder)
            said = predict.predict(network, [("", view) for view in seen], record.run_id)
            return {
                "run": facts(record),
                "size": list(picture.size),
                "cut": self._how_cut(seen[0], picture),
                "views": [_view(network, each) for each in said],
            }

    def _how_cut(self, view: FaceCrop, picture: Image.Image) -> str:
        # the words of `face_finder` are English; the page has its own in each language
        if view.face is not None:
            return "found"
        if picture.size == (SIDE, SIDE):
            return "ready"
        return "unsearched" if self.finder is None else "none"


def _is_described(run: tracking.Record) -> bool:
    return all(name in run.metrics for name in _METRICS) and all(name in run.params for name in _PARAMS)


def facts(run: tracking.Record) -> dict[str, Any]:
    """Which run it is, and its share of right answers, of 1, on n faces that it was not fitted on."""
    data, protocol, n = (run.params[name] for name in _PARAMS)
    found = {"id": run.run_id, "name": run.name, "data": data, "protocol": protocol, "n": int(n)}
    accuracy, epoch = (run.metrics[metric] for metric in _METRICS)
    return found | {"accuracy": accuracy, "epoch": int(epoch)}


def _view(network: Classifier, said: predict.Prediction) -> dict[str, Any]:
    """One face: where it was, what the network saw of it, what it says, and which spots mattered."""
    pixels, face, note = said.view
    falls = occlusion.falls(network.probabilities, pixels, EMOTIONS.index(said.ranked()[0][0]))
    return {
        "face": face,
        "note": note,
        "crop": _png(pixels),
        "ranked": said.ranked(),
        "overlay": _png(occlusion.overlay(occlusion.spread(falls))),
        "largest_fall": float(falls.max()),
    }


def _png(pixels: np.ndarray) -> str:
    """Pixels uint8 [48, 48] or [48, 48, 4] as the address of a PNG that holds them."""
    return "data:image/png;base64," + base64.b64encode(images.png(pixels)).decode()
