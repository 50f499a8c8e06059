"""The network: pixels in, logits out, normalisation inside.

It eats raw uint8 pictures and holds its own pixel statistics as buffers, so that training,
evaluation and prediction cannot disagree about the input's scale (one of the deck's slips, A10).
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from fer_exp.components import check_options, named_class
from fer_exp.errors import UserError
from fer_exp.faces import EMOTIONS, SIDE
from fer_exp.seeds import derive
from fer_exp.settings import Activation, Model

PIXELS = SIDE * SIDE

# Faces that are handled as floats at once: 512 of them, 4.7 MB, stay in a processor's cache, and a set
# larger than memory is never copied whole.
BLOCK = 512


class MLP(nn.Module):
    """normalise -> (linear, activation, dropout) per hidden layer -> linear.

    hidden: units of each hidden layer. activation: makes one new module, called once a layer.
    shift, scale: float32 [2304] or [1], of 0..255; a pixel p enters the first layer as
    (p - shift) / scale.
    """

    def __init__(
        self,
        hidden: Sequence[int],
        activation: Callable[[], nn.Module],
        dropout: float,
        shift: torch.Tensor,
        scale: torch.Tensor,
    ):
        super().__init__()
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)
        layers: list[nn.Module] = []
        sizes = [PIXELS, *hidden]
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), activation()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], len(EMOTIONS)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pictures uint8 [B, 48, 48] -> logits float32 [B, 7], in the order of `EMOTIONS`."""
        return self.layers((pixels.flatten(1) - self.shift).div_(self.scale))

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Draw PyTorch's usual initial weights, each layer from a seed of its own.

        Two networks of one seed thus agree in every layer whose place and shape agree.
        """
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for position, layer in enumerate(linear):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(derive(seed, "weights", position))
                layer.reset_parameters()


def pixel_scaling(
    normalisation: str, pixels: np.ndarray, fit: np.ndarray | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Shift and scale of a normalisation, float32 [1] or [2304], in units of 0..255.

    pixels: uint8 [N, 48, 48]. fit: positions int [F] of the faces that are fitted on (all), whose
    statistics `global` (one mean and deviation of all pixels) and `standardised` (one of each pixel) take.
    """
    if normalisation == "unit":
        return torch.zeros(1), torch.full((1,), 255.0)
    if normalisation == "centred":
        return torch.full((1,), 127.5), torch.full((1,), 127.5)
    positions = np.arange(len(pixels)) if fit is None else fit
    total, squares = _sums(pixels, positions)
    mean_square = squares / len(positions)
    if normalisation == "global":
        mean = total.sum() / (len(positions) * PIXELS)
        deviation = np.sqrt(max(mean_square.mean() - mean**2, 0.0))
        # equal pixels throughout carry nothing, as below
        scale = deviation if deviation > 1e-6 else 1.0
        return torch.full((1,), float(mean)), torch.full((1,), float(scale))
    shift = total / len(positions)
    scale = np.sqrt(mean_square - shift**2)
    # a pixel that never changes carries nothing: leave it at zero instead of dividing by zero
    scale[scale < 1e-6] = 1.0
    return torch.from_numpy(shift.astype(np.float32)), torch.from_numpy(scale.astype(np.float32))


def _sums(pixels: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and sum of squares of each pixel, float64 [2304]: of whole numbers, so exact in any order."""
    total, squares = np.zeros((2, PIXELS))
    # in blocks: a float copy of all of FER-2013 would take 529 MB
    for start in range(0, len(positions), BLOCK):
        block = pixels[positions[start : start + BLOCK]].reshape(-1, PIXELS).astype(np.float64)
        total += block.sum(axis=0)
        squares += np.einsum("np,np->p", block, block)
    return total, squares


def activation_factory(settings: Activation) -> Callable[[], nn.Module]:
    """What makes one activation module a layer, e.g. of `torch.nn.LeakyReLU`."""
    cls = named_class("model.activation", settings.target, nn.Module)
    check_options("model.activation", cls, settings.options)
    try:
        # two widths, as some modules fit one alone
        fits = all(cls(**settings.options)(torch.zeros(2, n)).shape == (2, n) for n in (4, 5))
    except (TypeError, ValueError, RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"model.activation={settings.name}: {error}") from None
    if not fits:
        raise UserError(f"model.activation={settings.name}: {settings.target} changes the number of units")
    return lambda: cls(**settings.options)


def build(settings: Model, seed: int, pixels: np.ndarray, fit: np.ndarray | None = None) -> MLP:
    """A fresh network of these settings, scaled by `pixels` at `fit` (see `pixel_scaling`)."""
    shift, scale = pixel_scaling(settings.normalisation, pixels, fit)
    network = MLP(settings.hidden, activation_factory(settings.activation), settings.dropout, shift, scale)
    network.initialise(seed)
    return network


def describe(settings: Model) -> str:
    """The architecture in one word, e.g. `2304-128-32-7 relu`."""
    sizes = "-".join(str(n) for n in (PIXELS, *settings.hidden, len(EMOTIONS)))
    dropout = f" dropout {settings.dropout:g}" if settings.dropout else ""
    return f"{sizes} {settings.activation.name}{dropout} ({settings.normalisation})"


@torch.inference_mode()
def logits(
    network: MLP, pixels: np.ndarray | torch.Tensor, positions: np.ndarray | torch.Tensor | None = None
) -> np.ndarray:
    """Logits float32 [P, 7] of the pictures uint8 [N, 48, 48] at `positions` [P] (all), with dropout off."""
    network.eval()
    pixels = torch.as_tensor(pixels)
    where = torch.arange(len(pixels)) if positions is None else torch.as_tensor(positions)
    device = network.shift.device
    return torch.cat([network(pixels[block].to(device)) for block in where.split(BLOCK)]).cpu().numpy()
