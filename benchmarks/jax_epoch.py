"""Epochs of training compiled whole by JAX: way (e) of `bench_epoch.py`, and the peer of `bench_study.py`."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from jax import numpy as jnp

from fer_exp.config.settings import Optimizer
from fer_exp.data.faces import Faces
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.network import PIXELS

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
}

Layers = list[tuple[jax.Array, jax.Array]]


def optimizer_of(chosen: Optimizer) -> optax.GradientTransformation:
    """The optimizer of these settings, which the study's files of conf/ can ask for."""
    make = {
        "sgd": optax.sgd,
        "sgd_momentum": lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True),
        "adagrad": lambda lr: optax.adagrad(lr, initial_accumulator_value=0),
        "rmsprop": lambda lr: optax.rmsprop(lr, decay=0.99),
        "adadelta": lambda lr: optax.adadelta(lr, rho=0.9),
        "adam": optax.adam,
        "nadam": optax.nadam,
        "adamw": lambda lr: optax.adamw(lr, weight_decay=chosen.weight_decay),
    }[chosen.name]
    return make(chosen.lr)


def initial(sizes: list[int], seed: int) -> Layers:
    """Weights [n_in, n_out] and biases [n_out] of each layer, drawn as PyTorch draws them."""
    draw = np.random.default_rng(seed)
    shapes = [((n_in, n_out), (n_out,), n_in**-0.5) for n_in, n_out in itertools.pairwise(sizes)]
    return [
        tuple(jnp.asarray(draw.uniform(-b, b, shape), jnp.float32) for shape in (weights, bias))
        for weights, bias, b in shapes
    ]


class Training:
    """A network's training: a scan over an epoch's full batches, compiled once, and a step on the rest."""

    def __init__(self, faces: Faces, hidden: list[int], activation: str, chosen: Optimizer, batch: int):
        self.sizes, self.batch = [PIXELS, *hidden, len(EMOTIONS)], batch
        pixels = jnp.asarray(faces.pixels.reshape(len(faces), PIXELS))
        labels = jnp.asarray(faces.labels)
        self.transform, active = optimizer_of(chosen), ACTIVATIONS[activation]

        def logits_of(layers: Layers, pixels: jax.Array) -> jax.Array:
            flow = pixels.astype(jnp.float32) / 255
            for weight, bias in layers[:-1]:
                flow = active(flow @ weight + bias)
            weight, bias = layers[-1]
            return flow @ weight + bias

        def loss_of(layers: Layers, places: jax.Array) -> jax.Array:
            logits = logits_of(layers, pixels[places])
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels[places]).mean()

        def step(carried: tuple[Layers, Any], places: jax.Array) -> tuple[tuple[Layers, Any], jax.Array]:
            layers, state = carried
            loss, slopes = jax.value_and_grad(loss_of)(layers, places)
            changes, state = self.transform.update(slopes, state, layers)
            return (optax.apply_updates(layers, changes), state), loss

        self.scan = jax.jit(lambda carried, places: jax.lax.scan(step, carried, places), donate_argnums=0)
        self.once = jax.jit(step, donate_argnums=0)
        self.logits = jax.jit(logits_of)

    def start(self, seed: int, fit: np.ndarray) -> None:
        """Draw weights anew, `self.carried[0]`, to be fitted to the faces at these places."""
        layers = initial(self.sizes, seed)
        self.carried = layers, self.transform.init(layers)
        self.draw, self.fit = np.random.default_rng(seed), fit.astype(np.int32)

    def epoch(self) -> float:
        """Train for an epoch; the mean loss of its full batches."""
        order = self.draw.permutation(self.fit)
        full = len(order) // self.batch * self.batch
        self.carried, losses = self.scan(self.carried, order[:full].reshape(-1, self.batch))
        if full < len(order):
            self.carried, _ = self.once(self.carried, order[full:])
        jax.block_until_ready(self.carried)
        return float(losses.mean())


def epoch_of(
    faces: Faces, hidden: list[int], activation: str, chosen: Optimizer, batch: int
) -> Callable[[], None]:
    """A function of one epoch."""
    training = Training(faces, hidden, activation, chosen, batch)
    training.start(0, np.arange(len(faces)))

    def epoch() -> None:
        training.epoch()

    return epoch
