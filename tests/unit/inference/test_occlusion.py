"""What covering a spot changes: found where the network looks, and nowhere else."""

import numpy as np
import pytest
import torch

from fer_exp.config.settings import Activation, MLPModel
from fer_exp.inference import occlusion
from fer_exp.models.classifier import Classifier
from fer_exp.models.mlp import MLP

HAPPY = 3


@pytest.fixture
def corner():
    """A classifier that answers happy by how bright the upper left 8x8 pixels are, and a bright corner."""
    relu = Activation("relu", "torch.nn.ReLU", {})
    network = MLP(MLPModel([7], relu, 0.0, "unit"), torch.zeros(1), torch.full((1,), 255.0))
    weights = torch.zeros(7, 48, 48)
    weights[HAPPY, :8, :8] = 0.1
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        network.layers[0].weight.copy_(weights.flatten(1))
        network.layers[-1].weight.fill_diagonal_(1)
    picture = np.random.default_rng(0).integers(0, 100, (48, 48), dtype=np.uint8)
    picture[:8, :8] = 255
    return Classifier(network), picture


def test_only_the_spot_that_the_network_looks_at_matters(corner):
    """Covering the corner lowers the answer most; patches that leave it alone change nothing at all."""
    classifier, picture = corner
    found = occlusion.falls(classifier.probabilities, picture, HAPPY).reshape(21, 21)
    assert found.argmax() == 0
    assert found[0, 0] > 0.1
    # the first four of each row and column of patches reach into the corner
    assert (found[:4, :4] > 0).all()
    found[:4, :4] = 0
    assert not found.any()


def test_a_fall_is_the_difference_that_covering_makes(corner):
    """By hand, for the first patch, filled with the picture's mean brightness."""
    classifier, picture = corner
    covered = picture.copy()
    covered[:8, :8] = round(picture.mean())
    before, after = classifier.probabilities(np.stack([picture, covered]))[:, HAPPY]
    falls = occlusion.falls(classifier.probabilities, picture, HAPPY)
    np.testing.assert_allclose(falls[0], before - after)
    # another class gains what this one loses
    assert occlusion.falls(classifier.probabilities, picture, 0)[0] < 0


def test_the_picture_is_left_as_it_was(corner):
    """The patches lie on copies."""
    classifier, picture = corner
    before = picture.copy()
    occlusion.falls(classifier.probabilities, picture, HAPPY)
    np.testing.assert_array_equal(picture, before)


def test_spread_keeps_what_is_equal_everywhere():
    """Pixels at the edge lie under fewer patches, and must not look weaker for it."""
    np.testing.assert_allclose(occlusion.spread(np.full(441, 0.25)), 0.25)


def test_the_overlay_shows_the_sign_by_colour_and_the_size_by_opacity():
    """The strongest pixel is the most opaque; what changes nothing is clear."""
    picture = np.zeros((48, 48))
    picture[0, 0], picture[0, 1] = 0.4, -0.2
    drawn = occlusion.overlay(picture)
    assert (drawn.dtype, drawn.shape) == (np.uint8, (48, 48, 4))
    assert (tuple(drawn[0, 0, :3]), tuple(drawn[0, 1, :3])) == (occlusion.FALLS, occlusion.RISES)
    assert (drawn[0, 0, 3], drawn[0, 1, 3], drawn[5, 5, 3]) == (190, 95, 0)


def test_next_to_nothing_is_drawn_faint():
    """A tenth of a point of probability must not look like the reason for an answer."""
    assert occlusion.overlay(np.full((48, 48), 0.001))[..., 3].max() == 19
