"""One step of training on one batch: the plain way, and faster ones by `kernels`.

`AutogradStep` is the plain way and does for any network, optimizer and device. `ManualStep` writes each
product of the forward and the backward pass into memory that it keeps, straight from the uint8 pictures
to the gradients: at batch 32 that saves what autograd spends on bookkeeping, about as much as the
products cost. Where its pass is compiled (`compiled_mlp`) it is one call, which saves as much again.
`GraphedStep` is the plain way on a GPU, with its kernels captured as a graph. All give the same weights
within rounding, with the same draws of dropout.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from fer_exp.config import settings
from fer_exp.data.augmentation import Augmentation
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.network import PIXELS, Network
from fer_exp.training.kernels import compiled_mlp, cuda_graph, manual_backprop
from fer_exp.training.kernels.compiled_mlp import CompiledPass
from fer_exp.training.kernels.cuda_graph import Capture

Step = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Rule:
    """What a step does beyond the mean cross-entropy of a batch of faces as they are.

    precision: of the products, `bfloat16` or `float32`; weights and optimizer stay float32.
    """

    augmentation: Augmentation
    label_smoothing: float
    precision: str

    @classmethod
    def of(cls, training: settings.Training, augmentation: settings.Augmentation) -> "Rule":
        """The rule of these settings."""
        return cls(Augmentation(augmentation), training.label_smoothing, training.precision)

    @property
    def plain(self) -> bool:
        """Whether it does nothing beyond."""
        return not (self.augmentation or self.label_smoothing or self.precision != "float32")


class AutogradStep:
    """The step as PyTorch's manual has it, with all that may be done to a batch."""

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        pixels: torch.Tensor,
        targets: torch.Tensor,
        rule: Rule,
    ):
        """Learn from pixels uint8 [N, 48, 48] and targets float32 [N, 7], on the network's device."""
        self.network, self.optimizer, self.rule = network, optimizer, rule
        self.pixels, self.targets = pixels, targets.to(network.scale)

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Learn from the faces at the positions int64 [B]; their logits [B, 7] before the step."""
        logits = self.fill(batch)
        self.optimizer.step()
        return logits

    def fill(self, batch: torch.Tensor) -> torch.Tensor:
        """Fill the gradients of the loss; the logits [B, 7]."""
        augmentation = self.rule.augmentation
        inputs = self.network.normalise(augmentation.warp(self.pixels.index_select(0, batch)))
        inputs, targets = augmentation.mix(augmentation.cover(inputs), self.targets[batch])
        half = self.rule.precision == "bfloat16"
        with torch.autocast(self.pixels.device.type, torch.bfloat16, enabled=half):
            outputs: torch.Tensor = self.network.layers(inputs)
        logits = outputs.to(targets)
        loss = cross_entropy(logits, targets, label_smoothing=self.rule.label_smoothing)
        # kept in place: the gradients may be views that the optimizer knows as one tensor
        self.optimizer.zero_grad(set_to_none=False)
        loss.backward()
        return logits.detach()


class GraphedStep:
    """The same on a GPU: the pass of each size of batch is captured once, from pictures to gradients.

    The optimizer, whose numbers change from step to step, stays outside.
    """

    def __init__(self, plain: AutogradStep, capture: Capture = cuda_graph.capture):
        """Do as the plain step does. capture: turns a pass into one that is replayed."""
        self.plain, self.capture = plain, capture
        # by batch size, of which an epoch has at most two: where positions go, where logits come, the pass
        self.passes: dict[int, tuple[torch.Tensor, torch.Tensor, Callable[[], None]]] = {}

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """See `AutogradStep`; the logits are valid until the next step."""
        if len(batch) not in self.passes:
            self.passes[len(batch)] = self._captured(batch)
        positions, logits, replay = self.passes[len(batch)]
        positions.copy_(batch)
        replay()
        self.plain.optimizer.step()
        return logits

    def _captured(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Callable[[], None]]:
        positions = batch.clone()
        logits: list[torch.Tensor] = []

        def run() -> None:
            logits[:] = [self.plain.fill(positions)]

        # what the passes on trial draw, and what they do to the statistics of batches, is undone
        statistics = {buffer: buffer.clone() for buffer in self.plain.network.buffers()}
        with torch.random.fork_rng(devices=[] if batch.device.type == "cpu" else None):
            replay = self.capture(run)
        for buffer, before in statistics.items():
            buffer.copy_(before)
        return positions, logits[0], replay


class ManualStep:
    """The same step with every derivative written out, for layers that `manual_backprop` knows."""

    def __init__(self, network: Network, optimizer: Optimizer, pixels: torch.Tensor, targets: torch.Tensor):
        """Learn from pixels uint8 [N, 48, 48] and targets float32 [N, 7], on the CPU."""
        self.network, self.optimizer = network, optimizer
        self.pixels, self.targets = pixels.flatten(1), targets.to(network.scale)
        for weight in network.parameters():
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        # by batch size: an epoch has at most two
        self.passes: dict[int, _Pass | CompiledPass] = {}
        self.make = CompiledPass if compiled_mlp.suited(network) else _Pass

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Learn from the faces at the positions int64 [B]; their logits [B, 7], valid until the next step."""
        size = len(batch)
        if size not in self.passes:
            self.passes[size] = self.make(self.network, size)
        logits = self.passes[size](self.pixels, self.targets, batch)
        self.optimizer.step()
        return logits


class _Pass:
    """Forward and backward through a network with batches of one size."""

    def __init__(self, network: Network, size: int):
        self.bytes = torch.empty(size, PIXELS, dtype=torch.uint8)
        self.inputs = network.scale.new_empty(size, PIXELS)
        self.target, self.slope = network.scale.new_empty(2, size, len(EMOTIONS))
        self.shift, self.scale = network.shift, network.scale.reciprocal()
        self.layers = manual_backprop.chain(network.layers, size)
        first = self.layers[0]
        assert isinstance(first, manual_backprop.Linear)
        self.first = first
        self.dropouts = [layer for layer in self.layers if isinstance(layer, manual_backprop.Dropout)]

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor, targets: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Fill the gradients of the mean cross-entropy from pixels [N, 2304] at `batch`; logits [B, 7]."""
        torch.index_select(pixels, 0, batch, out=self.bytes)
        flow = self.inputs.copy_(self.bytes).sub_(self.shift).mul_(self.scale)
        for dropout in self.dropouts:
            dropout.draw(len(batch))
        for layer in self.layers:
            flow = layer.forward(flow)
        torch.index_select(targets, 0, batch, out=self.target)
        # the derivative of softmax and cross-entropy in one
        slope = torch.softmax(flow, 1, out=self.slope).sub_(self.target).div_(len(batch))
        for layer in self.layers[:0:-1]:
            slope = layer.backward(slope)
        self.first.weigh(slope)
        return flow


@contextmanager
def no_denormals() -> Iterator[None]:
    """Numbers below 1e-38 are zero inside: with them a processor is several times slower.

    The mean gradient of a unit that no face excites any more shrinks to them and stays there.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def choose(
    network: Network, optimizer: Optimizer, pixels: torch.Tensor, targets: torch.Tensor, rule: Rule
) -> Step:
    """The fastest step that can be had for this network and rule on this device."""
    known = all(map(manual_backprop.known, network.layers)) and not network.each_face
    if pixels.device.type == "cpu" and known and rule.plain:
        return ManualStep(network, optimizer, pixels, targets)
    # what mixup draws its share by comes from the processor at each step, which a graph cannot hold
    graphed = pixels.device.type == "cuda" and not rule.augmentation.config.mixup
    plain = AutogradStep(network, optimizer, pixels, targets, rule)
    return GraphedStep(plain) if graphed else plain
