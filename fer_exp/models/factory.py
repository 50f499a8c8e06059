"""Networks: pictures in, logits out, each built from its settings.

`build` makes a fresh one, `rebuild` one from a checkpoint. All of them eat raw pictures (`Network`), so that
nobody else need know how a picture is scaled.
"""

import dataclasses
from collections.abc import Mapping
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from fer_exp.config.settings import Activation, Model
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.activation import activation_factory
from fer_exp.models.cnn import ConvolutionalNetwork
from fer_exp.models.input_normalisation import pixel_scaling
from fer_exp.models.mlp import MLP
from fer_exp.models.mlp_mixer import Mixer
from fer_exp.models.network import PIXELS, Network
from fer_exp.models.residual_mlp import ResidualMLP

CLASSES: dict[str, type[Network]] = {
    "mlp": MLP,
    "residual": ResidualMLP,
    "mixer": Mixer,
    "cnn": ConvolutionalNetwork,
}


# Weights of the largest network; with their gradients and Adam's two moments they take 4 GiB.
MOST_WEIGHTS = 2**28

# What layers put out for a picture in the largest network: with what normalisations and activation functions
# make of it, a batch of 128 keeps some 6 GiB for its backward pass.
MOST_ACTIVATIONS = 2**22


def check(settings: Model) -> None:
    """Raise UserError where no network can be made of these settings, or one too large to train."""
    activation_factory(settings.activation)
    CLASSES[settings.name].check(settings)
    for number, most, what in (
        (_weights(settings), MOST_WEIGHTS, "weights"),
        (CLASSES[settings.name].activations(settings), MOST_ACTIVATIONS, "activations a picture"),
    ):
        if number > most:
            raise UserError(f"model.hidden={settings.hidden}: {number:,} {what}; at most {most:,}")


def _weights(settings: Model) -> int:
    """How many numbers a network learns, without making it."""
    # an activation is tried where it is made, and without numbers PyTorch takes seconds to begin to
    plain = dataclasses.replace(settings, activation=Activation("identity", "torch.nn.Identity", {}))
    with torch.device("meta"):
        sketch = CLASSES[settings.name](plain, torch.empty(1), torch.empty(1))
    return sum(parameter.numel() for parameter in sketch.parameters())


def build(settings: Model, seed: int, pixels: np.ndarray, fit: np.ndarray | None = None) -> Network:
    """A fresh network of these settings, scaled by `pixels` at `fit` (see `pixel_scaling`)."""
    check(settings)
    network = CLASSES[settings.name](settings, *pixel_scaling(settings.normalisation, pixels, fit))
    network.initialise(seed)
    return network


def rebuild(settings: Model, state: Mapping[str, Tensor]) -> Network:
    """The network whose `state_dict` this is; RuntimeError if it is not of these settings."""
    check(settings)
    # taken as they are, where the others are copied into what is there
    shift, scale = state.get("shift"), state.get("scale")
    if not (_is_scaling(shift) and _is_scaling(scale)):
        raise RuntimeError("shift and scale are no float32 [2304] or [1]")
    network = CLASSES[settings.name](settings, shift, scale)
    network.load_state_dict(state)
    return network


def _is_scaling(value: object) -> TypeGuard[Tensor]:
    return (
        isinstance(value, Tensor)
        and value.shape in ((PIXELS,), (1,))
        and (value.dtype, value.layout) == (torch.float32, torch.strided)
    )


def describe(settings: Model) -> str:
    """The architecture in one word, e.g. `2304-128-32-7 relu`."""
    sizes = "-".join(str(n) for n in (PIXELS, *settings.hidden, len(EMOTIONS)))
    expand = getattr(settings, "expand", 1)
    sizes += f" x{expand}" if expand > 1 else ""
    name = "" if settings.name == "mlp" else f"{settings.name} "
    norm = getattr(settings, "norm", "none")
    normed = "" if norm == "none" else f" {norm} norm"
    dropout = f" dropout {settings.dropout:g}" if settings.dropout else ""
    mirrored = ", mirrored" if settings.mirrored else ""
    return f"{name}{sizes} {settings.activation.name}{normed}{dropout} ({settings.normalisation}{mirrored})"
