"""A small residual network of convolutions (He et al. 2016), so not an MLP on pixels."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from fer_exp.config.settings import Model
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.models.activation import activation_factory
from fer_exp.models.linear import Linear
from fer_exp.models.network import Network


class ConvolutionalNetwork(Network):
    """convolution to half the side -> a block per further hidden layer -> mean -> dropout -> linear.

    hidden: the channels of the first convolution and of each block; from the second block on, each
    halves the side.
    """

    def __init__(self, settings: Model, shift: Tensor, scale: Tensor):
        super().__init__(settings, shift, scale)
        activation = activation_factory(settings.activation)
        first, *others = settings.hidden
        layers = [Picture(), *_convolution(1, first, 2), activation()]
        channels = first
        for place, wider in enumerate(others):
            layers.append(Block(channels, wider, 1 if place == 0 else 2, activation))
            channels = wider
        # PyTorch's stubs lack the layout of memory among what a module is brought to
        self.layers = nn.Sequential(
            *layers,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(settings.dropout),
            Linear(channels, len(EMOTIONS)),
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def activations(cls, settings: Model) -> int:
        """Two convolutions a block, and one of its shortcut where that is not the picture itself."""
        side, found = SIDE // 2, (SIDE // 2) ** 2 * settings.hidden[0]
        for place, (channels, wider) in enumerate(itertools.pairwise(settings.hidden)):
            side = -(-side // 2) if place else side
            found += side**2 * wider * (3 if place or channels != wider else 2)
        return found + len(EMOTIONS)


class Picture(nn.Module):
    """Pixels [B, 2304] -> [B, 1, 48, 48], channels last: what the processor's convolutions are fastest on."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape them."""
        pictures: Tensor = pixels.unflatten(1, (1, SIDE, SIDE))
        return pictures.contiguous(memory_format=torch.channels_last)


class Block(nn.Module):
    """activation(shortcut(x) + two convolutions(x)); the shortcut is x itself where the shape stays."""

    def __init__(self, n_in: int, n_out: int, stride: int, activation: Callable[[], nn.Module]):
        super().__init__()
        self.inner = nn.Sequential(
            *_convolution(n_in, n_out, stride), activation(), *_convolution(n_out, n_out, 1)
        )
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True))
        if stride > 1 or n_in != n_out:
            self.shortcut.extend([nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out)])
        self.activation = activation()

    def forward(self, entering: Tensor) -> Tensor:
        """[B, n_in, S, S] -> [B, n_out, S / stride, S / stride], rounded up."""
        leaving: Tensor = self.activation(self.shortcut(entering) + self.inner(entering))
        return leaving


def _convolution(n_in: int, n_out: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out)]
