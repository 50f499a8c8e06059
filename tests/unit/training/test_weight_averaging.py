"""The averaged network follows the one that learns, and is what answers."""

import torch

from fer_exp.models import factory
from fer_exp.training.weight_averaging import averaged


def test_the_mean_forgets_the_start_and_then_keeps_its_share(compose_settings, tiny_faces):
    """After one step it is the network; after many, a step moves it by one less the share."""
    network = factory.build(compose_settings("layers=64-32-16").model, 0, tiny_faces.pixels)
    mean = averaged(network, 0.9)
    first = network.layers[0].weight
    with torch.no_grad():
        first.fill_(1)
    mean.update_parameters(network)
    assert torch.equal(mean.module.layers[0].weight, first)
    for _ in range(200):
        mean.update_parameters(network)
    with torch.no_grad():
        first.fill_(2)
    mean.update_parameters(network)
    torch.testing.assert_close(mean.module.layers[0].weight, torch.full_like(first, 1.1))


def test_the_mean_never_learns_by_itself(compose_settings, tiny_faces):
    """It is no part of what the optimizer moves, and shares no memory with it."""
    network = factory.build(compose_settings("layers=64-32-16").model, 0, tiny_faces.pixels)
    mean = averaged(network, 0.9)
    before = mean.module.layers[0].weight.clone()
    with torch.no_grad():
        network.layers[0].weight.zero_()
    assert torch.equal(mean.module.layers[0].weight, before)
    assert not any(weight.requires_grad for weight in mean.module.parameters())
