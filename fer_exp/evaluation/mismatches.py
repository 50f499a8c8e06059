"""Ways in which a test path can disagree with the training path, each as a reading of the test faces.

A network that was trained on pixels in [0, 1] is shown the same faces on another scale or turned, or its
answers are held against labels of another order: slips that leave no trace but a low score (A10, A11).
"""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from fer_exp.data.faces import EMOTIONS, Faces
from fer_exp.data.fingerprint import CANONICAL_MEAN, CANONICAL_STD
from fer_exp.errors import UserError

if TYPE_CHECKING:
    from fer_exp.models.factory import MLP

# What enters the first layer, of pixels 0..255 as float32.
SCALES = {
    "unit": lambda pixels: pixels / 255,
    "divided_twice": lambda pixels: pixels / 255**2,
    "raw": lambda pixels: pixels,
    "centred": lambda pixels: pixels / 127.5 - 1,
    "standardised": lambda pixels: (pixels / 255 - CANONICAL_MEAN) / CANONICAL_STD,
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

SOUND = "unit/upright/same_order"


def accuracies(network: "MLP", test: Faces) -> dict[str, float]:
    """Accuracy through every combination, by `<scale>/<layout>/<labels>`; `SOUND` is the right one.

    Raises UserError for a network that was not trained on pixels in [0, 1], as the deck's were.
    """
    if network.shift.ne(0).any() or network.scale.ne(255).any():
        raise UserError("mismatches: only of a network with model.normalisation=unit, as the deck's were")
    # here, since PyTorch takes a second to import and the audit reads the names alone
    import torch

    network.eval()
    pixels = torch.from_numpy(test.pixels).float()
    found = {}
    for (scale, scaled), (layout, laid) in itertools.product(SCALES.items(), LAYOUTS.items()):
        with torch.inference_mode():
            parts = laid(scaled(pixels)).flatten(1).split(4096)
            answers = torch.cat([network.layers(part).argmax(1) for part in parts]).numpy()
        for order, coded in LABELS.items():
            said, truth = coded(answers, test.labels)
            found[f"{scale}/{layout}/{order}"] = float(np.mean(said == truth))
    return found
