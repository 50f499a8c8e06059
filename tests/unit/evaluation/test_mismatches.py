"""Each mismatch reads the same faces otherwise, and only the sound one reads them as trained."""

import numpy as np
import pytest
import torch

from fer_exp.errors import UserError
from fer_exp.evaluation import mismatches
from fer_exp.models import factory
from fer_exp.models.network import logits
from fer_exp.tracking import keys


@pytest.fixture(scope="module")
def network(compose_settings, tiny_faces):
    """A network that knows the tiny faces by heart."""
    model = compose_settings("layers=64-32-16").model
    network = factory.build(model, 0, tiny_faces.pixels)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        logits = network(torch.from_numpy(tiny_faces.pixels))
        torch.nn.functional.cross_entropy(logits, torch.from_numpy(tiny_faces.labels)).backward()
        optimizer.step()
    return network


def test_only_the_sound_reading_agrees_with_the_network(network, tiny_faces):
    """It equals the network's own accuracy; too dark or turned, faces known by heart are lost."""
    found = mismatches.accuracies(network, tiny_faces)
    own = np.mean(logits(network, tiny_faces.pixels).argmax(1) == tiny_faces.labels)
    assert found[keys.SOUND] == own > 0.9
    assert len(found) == 5 * 2 * 3
    lost = [value for name, value in found.items() if "transposed" in name or "divided" in name]
    assert len(lost) == 18
    assert max(lost) < own


def test_a_rotated_label_order_keeps_the_classes_that_both_have_in_one_place(network, tiny_faces):
    """Angry, disgust, fear and happy come first in both orders; neutral, sad and surprise trade places."""
    known = tiny_faces[logits(network, tiny_faces.pixels).argmax(1) == tiny_faces.labels]
    for order in ("csv_on_folders", "folders_on_csv"):
        found = mismatches.accuracies(network, known)[f"unit/upright/{order}"]
        assert found == pytest.approx(np.isin(known.labels, [0, 1, 2, 3]).mean())


@pytest.mark.parametrize(
    "changed", ["model.normalisation=centred", "model.normalisation=face", "model.mirrored=true"]
)
def test_a_network_that_sees_pictures_otherwise_is_refused(changed, compose_settings, tiny_faces):
    """The mismatches are stated against pixels in [0, 1], each picture seen once."""
    model = compose_settings(changed).model
    with pytest.raises(UserError, match="normalisation=unit"):
        mismatches.accuracies(factory.build(model, 0, tiny_faces.pixels), tiny_faces)
