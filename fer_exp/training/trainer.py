"""Training: the one loop with a backward pass.

`Trainer.epochs()` yields an `Epoch` at a time and knows nothing of logs, stores or files. The order
of an epoch's batches and its dropout depend on seed and epoch alone, so a trainer restored from
`state()` goes on bit for bit as if it had never stopped.
"""

import copy
import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fer_exp import metrics
from fer_exp.config.settings import Experiment
from fer_exp.data.faces import Faces
from fer_exp.data.splits import Split
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.metrics import Scores
from fer_exp.models import factory, network
from fer_exp.models.network import Network
from fer_exp.seeds import derive
from fer_exp.training import early_stopping, optimizers, schedulers, step
from fer_exp.training.distillation import EpochTargets, Teacher
from fer_exp.training.kernels.flat_parameters import FlatParameters
from fer_exp.training.weight_averaging import averaged


class DivergedError(UserError):
    """The loss is not finite any more."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the fitted faces gave.

    train: scores of the batches as they were learnt from, with the weights of that moment.
    validation: scores of the epoch's final weights. learning_rate: the one the epoch used.
    improved: whether the validation loss is the lowest so far.
    """

    number: int
    learning_rate: float
    train: Scores
    validation: Scores
    improved: bool
    seconds: float


class Learnt(NamedTuple):
    """What one pass over the fitted faces gave.

    order: their positions int64 [N], as they came. logits: float32 [N, 7], each before its step, on the CPU.
    seconds: what it took; of a pass shared with others, this one's share.
    """

    order: torch.Tensor
    logits: torch.Tensor
    seconds: float


class Trainer:
    """A network on its way: weights, optimizer, scheduler, stopping rule and epochs so far.

    epoch_targets: what each epoch learns from.
    learn: makes the pass that is next. The trainer's own, unless a `Stack` makes it for several at once.
    """

    def __init__(self, settings: Experiment, train: Faces, split: Split, teacher: Teacher | None = None):
        """Set up a fresh network for `settings` on the train faces, carved into fit and validation.

        teacher: whose answers are learnt from beside the labels, if there is one.
        """
        self.settings = settings
        self.device = torch.device(settings.training.device)
        self.pixels = torch.from_numpy(train.pixels).to(self.device)
        self.labels = torch.from_numpy(train.labels).to(self.device)
        self.fit = torch.from_numpy(split.fit)
        self.epoch_targets = EpochTargets(
            settings.training,
            settings.augmentation,
            settings.seed,
            self.pixels,
            self.labels,
            self.fit,
            teacher,
        )
        self.validation = torch.from_numpy(split.validation).to(self.device)
        self.network = factory.build(settings.model, settings.seed, train.pixels, split.fit).to(self.device)
        self._check_last_batch()
        self.flat = FlatParameters(self.network) if optimizers.elementwise(settings.optimizer) else None
        if self.flat:
            self.optimizer = optimizers.build_flat(settings.optimizer, self.flat.whole)
        else:
            self.optimizer = optimizers.build(settings.optimizer, self.network.parameters())
        keep = settings.training.averaging
        self.averaged = averaged(self.network, keep) if keep else None
        self.learn: Callable[[], Learnt] = self._learn
        self.scheduler = schedulers.build(settings.scheduler, self.optimizer, settings.training.epochs)
        self.stopping = early_stopping.build(settings.stopping)
        self.history: list[Epoch] = []

    def _check_last_batch(self) -> None:
        """Refuse, before the first step, a last batch of one face if that has no deviation to divide by."""
        size, count = self.settings.training.batch_size, len(self.fit)
        if (count % size or size) > 1:
            return
        trial = copy.deepcopy(self.network).train()
        try:
            with torch.no_grad(), torch.random.fork_rng():
                trial.layers(torch.zeros(1, network.PIXELS).to(self.network.shift))
        except ValueError as error:
            raise UserError(
                f"training.batch_size={size}: of {count} faces it leaves a batch of one, which "
                "batch normalisation cannot take"
            ) from error

    @cached_property
    def step(self) -> step.Step:
        """One step of this network alone."""
        shown = self.epoch_targets
        rule = step.Rule.of(self.settings.training, shown.augmentation)
        return step.choose(self.network, self.optimizer, shown.pixels, shown.targets, rule)

    @property
    def answering(self) -> Network:
        """The network that is validated and kept: the averaged one where weights are averaged."""
        return cast(Network, self.averaged.module) if self.averaged else self.network

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or the stopping rule has ended training."""
        done = len(self.history) >= self.settings.training.epochs
        return done or (bool(self.history) and self.stopping.ends(self.scheduler))

    def epochs(self) -> Iterator[Epoch]:
        """Train on, an epoch at a time, until finished. Raises DivergedError when the loss is not finite."""
        while not self.finished:
            number = len(self.history) + 1
            learning_rate = self.optimizer.param_groups[0]["lr"]
            learnt = self.learn()
            started = time.perf_counter()
            train = self._scores(learnt.logits.numpy(), learnt.order, number, learning_rate)
            validation = self._validate(number, learning_rate)
            improved = self.stopping.update(validation.loss)
            if isinstance(self.scheduler, ReduceLROnPlateau):
                self.scheduler.step(validation.loss)
            elif self.scheduler is not None:
                self.scheduler.step()
            seconds = learnt.seconds + time.perf_counter() - started
            self.history.append(Epoch(number, learning_rate, train, validation, improved, seconds))
            yield self.history[-1]

    def order(self) -> torch.Tensor:
        """The fitted faces' positions, int64 [N], in the fresh order of the next pass."""
        shuffle = torch.Generator().manual_seed(self._derive("order"))
        return self.fit[torch.randperm(len(self.fit), generator=shuffle)].to(self.device)

    def dropout_seed(self) -> int:
        """The seed of the next pass's draws of dropout."""
        return self._derive("dropout")

    def _derive(self, draw: str) -> int:
        return derive(self.settings.seed, draw, len(self.history) + 1)

    def _learn(self) -> Learnt:
        """One pass over the fitted faces, a step a batch."""
        started = time.perf_counter()
        self.epoch_targets.show(len(self.history) + 1)
        torch.manual_seed(self.dropout_seed())
        order = self.order()
        # kept for one scoring after the pass: cheaper than scoring each batch, and weighted by sample
        outputs = torch.empty(len(order), len(EMOTIONS), device=self.device)
        size = self.settings.training.batch_size
        self.network.train()
        with step.no_denormals():
            for batch, output in zip(order.split(size), outputs.split(size), strict=True):
                output.copy_(self.step(batch))
                if self.averaged:
                    self.averaged.update_parameters(self.network)
        # a GPU has done its work when they arrive
        return Learnt(order, outputs.cpu(), time.perf_counter() - started)

    def _validate(self, number: int, learning_rate: float) -> Scores:
        outputs = network.logits(self.answering, self.pixels, self.validation)
        return self._scores(outputs, self.validation, number, learning_rate)

    def _scores(
        self, outputs: np.ndarray, positions: torch.Tensor, number: int, learning_rate: float
    ) -> Scores:
        finite = np.isfinite(outputs).all(axis=1)
        if not finite.all():
            place = int(np.argmin(finite)) // self.settings.training.batch_size + 1
            where = f"step {place}" if positions is not self.validation else "validation"
            raise DivergedError(
                f"the loss is not finite in epoch {number}, {where}, at learning rate {learning_rate:g}: "
                "lower optimizer.lr"
            )
        return metrics.scores(outputs, self.labels[positions].cpu().numpy())

    def weights(self) -> dict[str, torch.Tensor]:
        """The answering network's weights and pixel statistics."""
        return _copied(self.answering)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on exactly, as tensors, numbers, lists and dicts, as it is now."""
        optimizer = copy.deepcopy(self.optimizer.state_dict())
        learning: dict[str, Any] = {}
        if self.averaged:
            learning = {"learning": _copied(self.network), "averaged": int(self.averaged.n_averaged)}
        return {
            "network": self.weights(),
            **learning,
            "optimizer": self.flat.apart(optimizer) if self.flat else optimizer,
            "scheduler": copy.deepcopy(self.scheduler.state_dict()) if self.scheduler else None,
            "stopping": dataclasses.asdict(self.stopping),
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state of the same architecture, optimizer and scheduler."""
        self.answering.load_state_dict(state["network"])
        if self.averaged:
            self.network.load_state_dict(state["learning"])
            self.averaged.n_averaged.fill_(state["averaged"])
        optimizer = state["optimizer"]
        self.optimizer.load_state_dict(self.flat.together(optimizer) if self.flat else optimizer)
        if self.scheduler:
            self.scheduler.load_state_dict(state["scheduler"])
        self.history = [
            Epoch(**{**epoch, "train": Scores(**epoch["train"]), "validation": Scores(**epoch["validation"])})
            for epoch in state["history"]
        ]
        # by the rule of the settings, which may be another than that of the state
        self.stopping = early_stopping.build(self.settings.stopping)
        for epoch in self.history:
            self.stopping.update(epoch.validation.loss)


def _copied(network: Network) -> dict[str, torch.Tensor]:
    # a view would be saved with all around it
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
