"""Settings of small networks, and the weights of trained ones."""

import numpy as np

from fer_exp.config.settings import Activation, MLPModel


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
