"""The network takes raw pictures and scales them itself."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_exp import mlp
from fer_exp.errors import UserError
from fer_exp.settings import Activation, Model


def model(hidden=(8, 4), activation="ReLU", normalisation="unit", dropout=0.0, **options) -> Model:
    """Settings of a small network."""
    return Model(
        list(hidden),
        Activation(activation.lower(), f"torch.nn.{activation}", options),
        dropout,
        normalisation,
    )


@pytest.fixture(scope="module")
def pixels(tiny_faces) -> np.ndarray:
    """Some pictures, one pixel of them constant."""
    found = tiny_faces.pixels.copy()
    found[:, 0, 0] = 7
    return found


def entering(settings, pixels) -> np.ndarray:
    """What reaches the first linear layer."""
    network = mlp.build(settings, 0, pixels)
    seen = []
    network.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mlp.logits(network, pixels)
    return torch.cat(seen).numpy()


def test_pictures_in_logits_out(pixels):
    """uint8 [N, 48, 48] in, float32 [N, 7] out."""
    found = mlp.logits(mlp.build(model(), 0, pixels), pixels)
    assert (found.shape, found.dtype) == ((len(pixels), 7), np.float32)


def test_unit_and_centred_are_what_they_say(pixels):
    """0..255 becomes 0..1 or -1..1."""
    flat = pixels.reshape(len(pixels), -1)
    np.testing.assert_allclose(entering(model(), pixels), flat / 255, rtol=1e-6)
    centred = entering(model(normalisation="centred"), pixels)
    np.testing.assert_allclose(centred, flat / 127.5 - 1, atol=1e-6)


def test_standardised_has_mean_0_and_deviation_1_per_pixel(pixels):
    """As numpy says, and a pixel that never changes becomes 0 instead of NaN."""
    found = entering(model(normalisation="standardised"), pixels)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=0)[1:], 1, atol=1e-4)
    np.testing.assert_array_equal(found[:, 0], 0)


def test_weights_agree_where_place_and_shape_agree(pixels):
    """Arms of one seed share what they can: the first layer, though the second differs."""
    one, other = mlp.build(model((8, 4)), 3, pixels), mlp.build(model((8, 5)), 3, pixels)
    assert torch.equal(one.layers[0].weight, other.layers[0].weight)
    assert not torch.equal(one.layers[0].weight, mlp.build(model((8, 4)), 4, pixels).layers[0].weight)


def test_drawing_weights_leaves_the_global_generator_alone(pixels):
    """A network built in between does not shift anybody's random numbers."""
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    mlp.build(model(), 0, pixels).initialise(5)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), expected)


def test_each_layer_has_an_activation_of_its_own(pixels):
    """A PReLU learns its slope layer by layer, so it must not be one shared object."""
    network = mlp.build(model(activation="PReLU"), 0, pixels)
    found = [layer for layer in network.layers if isinstance(layer, nn.PReLU)]
    assert len(found) == 2
    assert found[0] is not found[1]


def test_dropout_follows_each_activation_and_rests_in_evaluation(pixels):
    """Two hidden layers, two dropouts; scoring the same pictures twice gives the same logits."""
    network = mlp.build(model(dropout=0.5), 0, pixels)
    assert sum(isinstance(layer, nn.Dropout) for layer in network.layers) == 2
    np.testing.assert_array_equal(mlp.logits(network, pixels), mlp.logits(network, pixels))


def test_a_wrong_option_is_named():
    """The key and what the class takes are said."""
    with pytest.raises(UserError, match=r"model\.activation\.options\.slope: LeakyReLU takes negative_slope"):
        mlp.activation_factory(model(activation="LeakyReLU", slope=1).activation)


def test_the_architecture_in_one_word():
    """Sizes, activation, dropout and input range."""
    assert mlp.describe(model((300, 100), dropout=0.2)) == "2304-300-100-7 relu dropout 0.2 (unit)"
