"""Weight averaging: a second network whose weights follow those that learn (Polyak and Juditsky 1992)."""

import copy

import torch
from torch import nn

from fer_exp.models.factory import Network


class AveragedNetwork:
    """The running mean of a network's weights and statistics over the steps of training.

    keep: the share of the mean that a step keeps, once there have been enough steps; the first steps
    keep less, so that the initial weights are soon forgotten.
    """

    def __init__(self, network: Network, keep: float):
        self.source, self.keep = network, keep
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.steps = 0
        self._pairs = list(zip(_numbers(self.network), _numbers(network), strict=True))

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights that the last step left."""
        self.steps += 1
        new = 1 - min(self.keep, (self.steps - 1) / (self.steps + 9))
        mine, theirs = zip(*self._pairs, strict=True)
        torch._foreach_lerp_(list(mine), list(theirs), new)


def _numbers(network: nn.Module) -> list[torch.Tensor]:
    """What can be averaged: weights and statistics, not counts."""
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
