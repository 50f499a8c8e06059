"""Networks are built, described, rebuilt and refused as their settings say."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.networks import model
from torch import nn

from fer_exp.config.settings import Activation, CNNModel, MixerModel, ResidualModel
from fer_exp.errors import UserError
from fer_exp.models import factory, network
from fer_exp.models.activation import activation_factory
from fer_exp.models.network import logits


def test_pictures_in_logits_out(pixels):
    """uint8 [N, 48, 48] in, float32 [N, 7] out."""
    found = network.logits(factory.build(model(), 0, pixels), pixels)
    assert (found.shape, found.dtype) == ((len(pixels), 7), np.float32)


def test_many_pictures_give_what_each_gives(pixels):
    """Scoring in blocks loses none of them and keeps their order."""
    network = factory.build(model(), 0, pixels)
    many = np.resize(pixels, (4100, 48, 48))
    one_by_one = np.resize(logits(network, pixels), (4100, 7))
    np.testing.assert_allclose(logits(network, many), one_by_one, atol=1e-5)


def test_weights_agree_where_place_and_shape_agree(pixels):
    """Arms of one seed share what they can: the first layer, though the second differs."""
    one, other = factory.build(model((8, 4)), 3, pixels), factory.build(model((8, 5)), 3, pixels)
    assert torch.equal(one.layers[0].weight, other.layers[0].weight)
    assert torch.equal(one.layers[0].bias, other.layers[0].bias)
    deeper = factory.build(model((8, 4, 3)), 3, pixels)
    for place in (0, 2):
        assert torch.equal(one.layers[place].weight, deeper.layers[place].weight)
    with_dropout = factory.build(model((8, 4), activation="Tanh", dropout=0.5), 3, pixels)
    for ours, theirs in zip(one.parameters(), with_dropout.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(one.layers[0].weight, factory.build(model((8, 4)), 4, pixels).layers[0].weight)


def test_drawing_weights_leaves_the_global_generator_alone(pixels):
    """Weights drawn in between do not shift anybody's random numbers."""
    network = factory.build(model(), 0, pixels)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    network.initialise(5)
    assert torch.equal(torch.rand(1), expected)


def test_each_layer_has_an_activation_of_its_own(pixels):
    """A PReLU learns its slope layer by layer, so it must not be one shared object."""
    network = factory.build(model(activation="PReLU"), 0, pixels)
    found = [layer for layer in network.layers if isinstance(layer, nn.PReLU)]
    assert len(found) == 2
    assert found[0] is not found[1]


def test_dropout_follows_each_activation_and_rests_in_evaluation(pixels):
    """Two hidden layers, two dropouts; scoring the same pictures twice gives the same logits."""
    network = factory.build(model(dropout=0.5), 0, pixels)
    assert sum(isinstance(layer, nn.Dropout) for layer in network.layers) == 2
    np.testing.assert_array_equal(logits(network, pixels), logits(network, pixels))


def test_a_wrong_option_is_named():
    """The key and what the class takes are said."""
    with pytest.raises(UserError, match=r"model\.activation\.options\.slope: LeakyReLU takes negative_slope"):
        activation_factory(model(activation="LeakyReLU", slope=1).activation)


@pytest.mark.parametrize(
    ("activation", "options"),
    [
        ("Hardtanh", {"min_val": 3, "max_val": 1}),
        ("PReLU", {"num_parameters": -1}),
        ("Dropout", {"p": 3}),
        ("Linear", {}),
    ],
)
def test_what_pytorch_refuses_is_one_line(activation, options):
    """However PyTorch says so: its asserts and RuntimeErrors are the user's to mend too."""
    with pytest.raises(UserError, match=f"model.activation={activation.lower()}: "):
        activation_factory(model(activation=activation, **options).activation)


def test_the_architecture_in_one_word():
    """Sizes, activation, dropout and input range."""
    assert factory.describe(model((300, 100), dropout=0.2)) == "2304-300-100-7 relu dropout 0.2 (unit)"


@pytest.mark.parametrize(("activation", "options"), [("GLU", {}), ("Softmax", {"dim": "x"}), ("Module", {})])
def test_what_is_no_activation_is_refused_before_training(activation, options):
    """One that changes the width, takes a senseless option, or does nothing at all."""
    with pytest.raises(UserError, match=rf"model\.activation={activation.lower()}: "):
        activation_factory(model(activation=activation, **options).activation)


KINDS = {
    "residual": ResidualModel(
        [8, 8], Activation("gelu", "torch.nn.GELU", {}), 0.1, "face", name="residual", norm="batch", expand=3
    ),
    "mixer": MixerModel([8, 8], Activation("gelu", "torch.nn.GELU", {}), 0.1, "face", 8, name="mixer"),
    "cnn": CNNModel([4, 8, 8], Activation("relu", "torch.nn.ReLU", {}), 0.1, "face", name="cnn"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_network_is_rebuilt_from_its_weights(pixels, name):
    """The same answers, [N, 7]; weights of another shape are refused."""
    network = factory.build(KINDS[name], 0, pixels)
    again = factory.rebuild(KINDS[name], network.state_dict())
    found = logits(network, pixels)
    assert found.shape == (len(pixels), 7)
    np.testing.assert_array_equal(logits(again, pixels), found)
    wider = dataclasses.replace(KINDS[name], hidden=[16, 16])
    with pytest.raises(RuntimeError):
        factory.rebuild(wider, network.state_dict())


@pytest.mark.parametrize("name", KINDS)
def test_every_network_draws_its_weights_by_its_seed(pixels, name):
    """The same seed, the same network; another seed, another."""
    one, same, other = (factory.build(KINDS[name], seed, pixels).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


def test_what_cannot_be_made_is_said_before(pixels):
    """Residual blocks of two widths, and patches that leave a rest."""
    with pytest.raises(UserError, match=r"model\.hidden=\[8, 9\]: residual blocks need layers of one width"):
        factory.build(dataclasses.replace(KINDS["residual"], hidden=[8, 9]), 0, pixels)
    with pytest.raises(UserError, match=r"model\.patch=5: must divide 48"):
        factory.build(dataclasses.replace(KINDS["mixer"], patch=5), 0, pixels)


@pytest.mark.parametrize("name", ["mlp", *KINDS])
def test_a_network_too_large_to_train_is_refused_before_it_is_made(name):
    """By its weights, whatever its kind; such a one takes up no memory."""
    settings = dataclasses.replace(KINDS.get(name, model()), hidden=[2**16] * 2)
    with pytest.raises(
        UserError, match=r"model\.hidden=\[65536, 65536\]: [\d,]+ weights; at most 268,435,456"
    ):
        factory.check(settings)
    factory.check(dataclasses.replace(settings, hidden=[64, 64]))


def test_a_network_of_too_many_activations_is_refused_before_it_is_made():
    """A convolution's are many more than its weights, and a mixer's where a patch is a pixel."""
    wide = dataclasses.replace(KINDS["cnn"], hidden=[65536])
    with pytest.raises(
        UserError, match=r"model\.hidden=\[65536\]: 37,748,743 activations a picture; at most 4,194,304"
    ):
        factory.check(wide)
    fine = dataclasses.replace(KINDS["mixer"], hidden=[128] * 6, patch=1)
    with pytest.raises(UserError, match="activations a picture"):
        factory.check(fine)
    factory.check(dataclasses.replace(fine, patch=2))


@pytest.mark.parametrize("hidden", [[6], [4, 4, 8], [8, 8, 8, 8]])
@pytest.mark.parametrize("name", ["mlp", *KINDS])
def test_activations_are_counted_without_making_a_network(pixels, name, hidden):
    """As many as its linear layers and convolutions put out."""
    settings = dataclasses.replace(KINDS.get(name, model()), hidden=hidden)
    if name in ("residual", "mixer"):
        settings.hidden[:] = hidden[-1:] * len(hidden)
    network = factory.build(settings, 0, pixels)
    found = []
    for layer in network.layers.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.register_forward_hook(lambda _layer, _entering, leaving: found.append(leaving.numel()))
    logits(network, pixels[:1])
    assert sum(found) == type(network).activations(settings)


def test_a_mirrored_network_answers_with_the_mean_over_face_and_mirror_image(pixels):
    """So both get one answer, and its weights are those of a network that is not."""
    plain = factory.build(model(), 0, pixels)
    mirrored = factory.build(dataclasses.replace(model(), mirrored=True), 0, pixels)
    flipped = pixels[:, :, ::-1].copy()
    found = network.logits(mirrored, pixels)
    np.testing.assert_allclose(found, network.logits(mirrored, flipped), rtol=0, atol=1e-6)
    both = (network.logits(plain, pixels) + network.logits(plain, flipped)) / 2
    np.testing.assert_allclose(found, both, rtol=0, atol=1e-6)
    assert not np.allclose(found, network.logits(plain, pixels), atol=1e-3)
