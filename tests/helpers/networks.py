"""Settings of small networks, and the weights of trained ones."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fer_exp.config.settings import Activation, MLPModel

CONF = Path(__file__).parents[2] / "conf"


def option(kind: type, group: str, name: str) -> Any:
    """One file of conf/ as settings."""
    return kind(**yaml.safe_load((CONF / group / f"{name}.yaml").read_text()))


def model(hidden=(8, 4), activation="ReLU", normalisation="unit", dropout=0.0, **options) -> MLPModel:
    """An MLP with an activation of `torch.nn`."""
    return MLPModel(
        list(hidden),
        Activation(activation.lower(), f"torch.nn.{activation}", options),
        dropout,
        normalisation,
    )


def weights(trained) -> list[np.ndarray]:
    """All weights of a trainer's network."""
    return [tensor.numpy().copy() for tensor in trained.network.state_dict().values()]
