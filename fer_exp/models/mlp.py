"""The deck's network: fully connected, layer after layer."""

import itertools

from torch import Tensor, nn

from fer_exp.config.settings import MLPModel
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.activation import activation_factory
from fer_exp.models.linear import Linear
from fer_exp.models.network import PIXELS, Network, norm_of


class MLP(Network):
    """(linear, normalisation layer, activation, dropout) per hidden layer -> linear."""

    def __init__(self, settings: MLPModel, shift: Tensor, scale: Tensor):
        super().__init__(settings, shift, scale)
        activation = activation_factory(settings.activation)
        layers: list[nn.Module] = []
        sizes = [PIXELS, *settings.hidden]
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [Linear(n_in, n_out), *norm_of(settings.norm, n_out), activation()]
            if settings.dropout:
                layers.append(nn.Dropout(settings.dropout))
        self.layers = nn.Sequential(*layers, Linear(sizes[-1], len(EMOTIONS)))
