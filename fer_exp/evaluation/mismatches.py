"""Ways in which a test path can disagree with the training path, each as a reading of the test faces.

A network that was trained on pixels in [0, 1] is shown the same faces on another scale or turned, or its
answers are held against labels of another order: errors that leave no trace but a low score (A10, A11).
"""

import itertools

import numpy as np
import torch

from fer_exp import tracking
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces
from fer_exp.errors import UserError
from fer_exp.fer2013 import COPIES, EMOTIONS
from fer_exp.models.network import Network
from fer_exp.tracking import keys, registry

# Of the copy that the deck used, in [0, 1].
_MEAN, _STD = COPIES["kaggle"]

# What enters the first layer, of pixels 0..255 as float32.
SCALES = {
    "unit": lambda pixels: pixels / 255,
    "divided_twice": lambda pixels: pixels / 255**2,
    "raw": lambda pixels: pixels,
    "centred": lambda pixels: pixels / 127.5 - 1,
    "standardised": lambda pixels: (pixels / 255 - _MEAN) / _STD,
}

# How the picture lies: as it is, or with rows read as columns.
LAYOUTS = {"upright": lambda pixels: pixels, "transposed": lambda pixels: pixels.transpose(1, 2)}

_FOLDERS = sorted(EMOTIONS)
_TO_FOLDER = np.array([_FOLDERS.index(emotion) for emotion in EMOTIONS])

# For each order of labels, the codes that stand for the network's answers and for the truth.
LABELS = {
    "same_order": lambda answers, truth: (answers, truth),
    # folders sorted by name in training, FER-2013's own codes in test, and the reverse
    "csv_on_folders": lambda answers, truth: (_TO_FOLDER[answers], truth),
    "folders_on_csv": lambda answers, truth: (answers, _TO_FOLDER[truth]),
}


def fits(network: Network) -> bool:
    """Whether it sees pixels in [0, 1], each picture once, as the deck's did."""
    unit = not (network.shift.any() or network.scale.ne(255).any())
    return unit and not network.each_face and not network.mirrored


def accuracies(network: Network, test: Faces) -> dict[str, float]:
    """Accuracy through every combination, by `<scale>/<layout>/<labels>`; `keys.SOUND` is the right one.

    Raises UserError for a network that they do not fit.
    """
    if not fits(network):
        raise UserError("mismatches: only of a network with model.normalisation=unit, as the deck's were")
    network.eval()
    pixels = torch.from_numpy(test.pixels).float()
    found = {}
    for (scale, scaled), (layout, laid) in itertools.product(SCALES.items(), LAYOUTS.items()):
        with torch.inference_mode():
            parts = laid(scaled(pixels)).flatten(1).split(4096)
            answers = torch.cat([network.layers(part).argmax(1) for part in parts]).numpy()
        for order, coded in LABELS.items():
            answered, truth = coded(answers, test.labels)
            found[f"{scale}/{layout}/{order}"] = float(np.mean(answered == truth))
    return found


def mismatched(record: tracking.Record, store: tracking.Store, dataset: Dataset) -> dict[str, float]:
    """Log accuracies on test through each mismatch as `mismatch/<combination>`, if they fit the network."""
    network = registry.load_classifier(record, store).network
    found = accuracies(network, dataset.test()) if fits(network) else {}
    with store.added_to(record) as run:
        run.log({keys.mismatch(name): value for name, value in found.items()})
    return found
