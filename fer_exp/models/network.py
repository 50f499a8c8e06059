"""What all networks are: raw pictures in, logits out, normalisation inside.

A network holds its own pixel statistics as buffers, so that training, evaluation and prediction cannot
disagree about the input's scale (one of the deck's errors, A10).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fer_exp.config.settings import Model
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.seeds import derive

PIXELS = SIDE * SIDE

# Faces that are handled as floats at once: 512 of them, 4.7 MB, stay in a processor's cache, and a set
# larger than memory is never copied whole.
BLOCK = 512


def block_of(device: torch.device) -> int:
    """How many faces to handle as floats at once on this device; small blocks keep a GPU waiting."""
    return BLOCK if device.type == "cpu" else 8 * BLOCK


# Smallest deviation that a face is divided by, of 0..1: below it a picture is one grey and its noise.
FLATTEST = 1 / 32


class Network(nn.Module):
    """normalise -> `layers`, which a subclass makes.

    shift, scale: float32 [2304] or [1], of 0..255; a pixel p becomes (p - shift) / scale.
    each_face: whether every picture is then brought to mean 0 and deviation 1 by itself.
    mirrored: whether the logits are the mean of those of the picture and of its mirror image; training
    takes `layers` and does not know of it.
    layers: what takes the normalised pixels float32 [B, 2304] to the logits [B, 7].
    """

    shift: Tensor
    scale: Tensor
    layers: nn.Sequential

    def __init__(self, settings: Model, shift: Tensor, scale: Tensor):
        super().__init__()
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)
        self.each_face = settings.normalisation == "face"
        self.mirrored = settings.mirrored

    @classmethod
    def check(cls, settings: Any) -> None:
        """Raise UserError for settings of which this network cannot be made; none, if not overridden."""

    @classmethod
    def activations(cls, settings: Any) -> int:
        """How many numbers all linear layers or convolutions put out for one picture."""
        return int(sum(settings.hidden)) + len(EMOTIONS)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Pictures [B, 48, 48] of 0..255, whole numbers or not -> float32 [B, 2304]."""
        # a new tensor of floats, whatever the pixels are: mixed with bytes a difference takes longer
        scaled = pixels.flatten(1).to(self.shift, copy=True).sub_(self.shift).div_(self.scale)
        if not self.each_face:
            return scaled
        scaled.sub_(scaled.mean(1, keepdim=True))
        # as `torch.std_mean`, which takes ten times as long on a processor
        deviation = scaled.square().mean(1, keepdim=True).sqrt_()
        return scaled.div_(deviation.clamp_min_(FLATTEST))

    def forward(self, pixels: Tensor) -> Tensor:
        """Pictures uint8 [B, 48, 48] -> logits float32 [B, 7], in the order of `EMOTIONS`."""
        logits: Tensor = self.layers(self.normalise(pixels))
        if not self.mirrored:
            return logits
        mirrored: Tensor = self.layers(self.normalise(pixels.flip(2)))
        return (logits + mirrored) / 2

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Draw PyTorch's usual initial weights, each layer from a seed of its own.

        Two networks of one seed thus agree in every layer whose place and shape agree.
        """
        drawn = [layer for layer in self.layers.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
        for position, layer in enumerate(drawn):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(derive(seed, "weights", position))
                layer.reset_parameters()


def norm_of(name: str, units: int) -> list[nn.Module]:
    """The normalisation layer of this name over so many units, in a list that is empty for `none`."""
    kinds: dict[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    return [] if name == "none" else [kinds[name](units)]


@torch.inference_mode()
def logits(
    network: Network, pixels: np.ndarray | Tensor, positions: np.ndarray | Tensor | None = None
) -> np.ndarray:
    """Logits float32 [P, 7] of the pictures uint8 [N, 48, 48] at `positions` [P] (all), with dropout off."""
    network.eval()
    pixels = torch.as_tensor(pixels)
    where = torch.arange(len(pixels)) if positions is None else torch.as_tensor(positions)
    device = network.shift.device
    # whole rows: an index in brackets would fetch byte by byte, for five times as long
    blocks = (pixels.index_select(0, block) for block in where.split(block_of(device)))
    return torch.cat([network(block.to(device)) for block in blocks]).cpu().numpy()
