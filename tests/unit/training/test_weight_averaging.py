"""The averaged network follows the one that learns, and is what answers."""

import torch

from fer_exp.models import factory
from fer_exp.training.weight_averaging import AveragedNetwork


def test_the_mean_forgets_the_start_and_then_keeps_its_share(compose_settings, tiny_faces):
    """After one step it is the network; after many, a step moves it by one less the share."""
    network = factory.build(compose_settings("layers=64-32-16").model, 0, tiny_faces.pixels)
    averaged = AveragedNetwork(network, 0.9)
    first = network.layers[0].weight
    with torch.no_grad():
        first.fill_(1)
    averaged.update()
    assert torch.equal(averaged.network.layers[0].weight, first)
    for _ in range(200):
        averaged.update()
    with torch.no_grad():
        first.fill_(2)
    averaged.update()
    torch.testing.assert_close(averaged.network.layers[0].weight, torch.full_like(first, 1.1))


def test_the_mean_never_learns_by_itself(compose_settings, tiny_faces):
    """It is no part of what the optimizer moves, and shares no memory with it."""
    network = factory.build(compose_settings("layers=64-32-16").model, 0, tiny_faces.pixels)
    averaged = AveragedNetwork(network, 0.9)
    before = averaged.network.layers[0].weight.clone()
    with torch.no_grad():
        network.layers[0].weight.zero_()
    assert torch.equal(averaged.network.layers[0].weight, before)
    assert not any(weight.requires_grad for weight in averaged.network.parameters())
