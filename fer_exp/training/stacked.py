"""Trainers whose passes are made at once.

What each owns (split, order of batches, dropout, optimizer, scheduler, stopping rule, history) stays its own:
a `Stack` only makes the next pass of each, and `Trainer.epochs()` goes on with it as with one of its own.
"""

import time
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from fer_exp.config.faces import Data
from fer_exp.config.settings import Experiment, MLPModel
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.activation import activation_factory
from fer_exp.training import optimizers
from fer_exp.training.kernels import stacked_mlp
from fer_exp.training.kernels.stacked_mlp import BatchedMLPStep
from fer_exp.training.step import Rule, no_denormals
from fer_exp.training.trainer import Learnt, Trainer


class Stack:
    """Trainers of one `kind`, on the same faces. Their next passes are made together."""

    def __init__(self, trainers: Iterable[Trainer]):
        # equal activations side by side go through one kernel
        self.trainers = sorted(trainers, key=lambda trainer: repr(trainer.settings.model.activation))
        first = self.trainers[0]
        self.size = first.settings.training.batch_size
        networks, flats = zip(*((trainer.network, trainer.flat) for trainer in self.trainers), strict=True)
        self.step = BatchedMLPStep(networks, flats, first.pixels, first.labels, self.size)
        self.optimizers = [trainer.optimizer for trainer in self.trainers]
        self.learnt: list[Learnt] = []
        for place, trainer in enumerate(self.trainers):
            # one copy on the device does for all
            trainer.pixels, trainer.labels = first.pixels, first.labels
            trainer.epoch_targets = first.epoch_targets
            trainer.learn = partial(self._hand_over, place)

    def _hand_over(self, place: int) -> Learnt:
        return self.learnt[place]

    def learn(self) -> None:
        """Make each trainer's next pass; its `learn` then hands it over."""
        started = time.perf_counter()
        orders = [trainer.order() for trainer in self.trainers]
        lengths = [len(order) for order in orders]
        batches = pad_sequence(orders, batch_first=True)
        batches = pad(batches, (0, -batches.shape[1] % self.size))
        logits = torch.empty(*batches.shape, len(EMOTIONS), device=batches.device)
        for trainer, generator in zip(self.trainers, self.step.generators, strict=True):
            generator.manual_seed(trainer.dropout_seed())
        fewer: list[torch.optim.Optimizer] = []
        with no_denormals():
            for start in range(0, batches.shape[1], self.size):
                counts = [min(max(length - start, 0), self.size) for length in lengths]
                part = slice(start, start + self.size)
                logits[:, part] = self.step(batches[:, part], counts)
                # the first step is by each trainer's own, which may make its state in it, and so is the last,
                # as its scheduler wants to see one
                if 0 < start < min(lengths) - self.size:
                    fewer = fewer or optimizers.together(self.optimizers)
                    steppers = fewer
                else:
                    pairs = zip(self.optimizers, counts, strict=True)
                    steppers = [optimizer for optimizer, count in pairs if count]
                for optimizer in steppers:
                    optimizer.step()
        # a GPU has done its work when they arrive
        logits = logits.cpu()
        seconds = (time.perf_counter() - started) / len(orders)
        self.learnt = [
            Learnt(order, each[: len(order)], seconds) for order, each in zip(orders, logits, strict=True)
        ]


class Kind(NamedTuple):
    """What jobs must have in common to be stacked."""

    data: Data
    hidden: tuple[int, ...]
    batch_size: int
    device: str


def kind(config: Experiment) -> Kind | None:
    """The kind of a job of these settings; None if it must train alone."""
    model, training = config.model, config.training
    plain = isinstance(model, MLPModel) and model.norm == "none"
    plain &= model.normalisation != "face"
    plain &= Rule.of(training, config.augmentation).plain and not training.averaging and not training.taught
    if not plain or config.trained_before or not optimizers.elementwise(config.optimizer):
        return None
    if not stacked_mlp.stackable(activation_factory(model.activation)()):
        return None
    return Kind(config.data, tuple(model.hidden), training.batch_size, training.device)
