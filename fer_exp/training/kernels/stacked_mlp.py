"""One step of several networks of equal shape at once, each on a batch of its own.

A layer of all networks is one batched matrix product over their weights, which lie as the rows of one
buffer. All that tells the networks apart (activation, draws of dropout, optimizer) goes row by row, by the
kernels of `manual_backprop`; so a network moves as `step.ManualStep` would move it alone, within rounding.

On a GPU the pass, which reads and writes memory that it keeps and nothing else, is captured as a CUDA graph;
draws and optimizers, whose numbers change from step to step, stay outside.
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.mlp import MLP
from fer_exp.training.kernels import cuda_graph, manual_backprop
from fer_exp.training.kernels.cuda_graph import Capture
from fer_exp.training.kernels.flat_parameters import FlatParameters
from fer_exp.training.kernels.manual_backprop import Dropout


class BatchedMLPStep:
    """Forward and backward through J networks of the same shapes, whose weights become rows of one buffer."""

    def __init__(
        self,
        networks: Sequence[MLP],
        flats: Sequence[FlatParameters],
        pixels: Tensor,
        labels: Tensor,
        size: int,
        capture: Capture | None = None,
    ):
        """Learn from pixels uint8 [N, 48, 48] and labels int64 [N], in batches of `size` at most.

        flats: the weights of each network. capture: turns the pass into one that is replayed; as a CUDA
        graph on a GPU, not at all elsewhere, unless given.
        """
        self.networks, self.size = networks, size
        self.pixels = pixels.flatten(1)
        self.targets = one_hot(labels, len(EMOTIONS)).to(networks[0].scale)
        self.generators = [torch.Generator(pixels.device) for _ in networks]
        self._stack(flats)
        self._keep_memory()
        capture = capture or (cuda_graph.capture if pixels.device.type == "cuda" else None)
        self.run = capture(self._run) if capture else self._run

    def _stack(self, flats: Sequence[FlatParameters]) -> None:
        like = flats[0].whole.data
        # zeros: the optimizers read what the layout leaves free between weights, too
        self.weights, self.slopes = (like.new_zeros(len(flats), len(like)) for _ in range(2))
        for flat, weights, slopes in zip(flats, self.weights, self.slopes, strict=True):
            flat.move(weights, slopes)
        rows = zip(flats[0].split(self.weights), flats[0].split(self.slopes), strict=True)
        # a weight and a bias each
        self.linear = [_Linear(weight, bias, self.size) for weight, bias in zip(rows, rows, strict=True)]

    def _keep_memory(self) -> None:
        count, size, like = len(self.networks), self.size, self.weights
        features = self.pixels.shape[1]
        self.batch = torch.zeros(count, size, dtype=torch.int64, device=like.device)
        self.bytes = self.pixels.new_empty(count * size, features)
        self.inputs = like.new_empty(count, size, features)
        self.target, self.slope = like.new_empty(2, count, size, len(EMOTIONS))
        self.counts = [size] * count
        self.divisor = like.new_full((count, size, 1), size)
        self.shift = self._of_each(lambda network: network.shift)
        self.scale = self._of_each(lambda network: network.scale.reciprocal())
        self.layers: list[manual_backprop.Layer] = []
        for linear, *units in zip(self.linear, *map(_units, self.networks), strict=True):
            self.layers.append(linear)
            for modules in zip(*units, strict=True):
                if any(not isinstance(module, nn.Identity) for module in modules):
                    self.layers.append(_Each(modules, linear.leaving))
        self.dropouts = [layer.dropouts for layer in self.layers if isinstance(layer, _Each)]

    def _of_each(self, statistic: Callable[[MLP], Tensor]) -> Tensor:
        features = self.pixels.shape[1]
        return torch.stack([statistic(network).expand(features) for network in self.networks]).unsqueeze(1)

    def __call__(self, batch: Tensor, counts: list[int]) -> Tensor:
        """Fill the gradients of each network's mean cross-entropy; their logits [J, B, 7].

        batch: int64 [J, B], positions of faces; of each network's row only so many count as `counts` says.
        The logits are valid until the next call.
        """
        self.batch.copy_(batch)
        if counts != self.counts:
            self._divide_by(counts)
        for dropouts in self.dropouts:
            for place, dropout in dropouts.items():
                dropout.draw(counts[place], self.generators[place])
        self.run()
        return self.layers[-1].leaving

    def _divide_by(self, counts: list[int]) -> None:
        self.counts = counts
        each = torch.tensor(counts, device=self.divisor.device)[:, None, None]
        there = torch.arange(self.size, device=self.divisor.device)[:, None] < each
        # a picture that is not there slopes nowhere
        self.divisor.copy_(torch.where(there, each, torch.inf))

    @torch.no_grad()
    def _run(self) -> None:
        """From what `__call__` has set to logits and gradients, in memory that is kept."""
        torch.index_select(self.pixels, 0, self.batch.view(-1), out=self.bytes)
        flow = self.inputs.copy_(self.bytes.view_as(self.inputs)).sub_(self.shift).mul_(self.scale)
        for layer in self.layers:
            flow = layer.forward(flow)
        torch.index_select(self.targets, 0, self.batch.view(-1), out=self.target.view(-1, len(EMOTIONS)))
        slope = torch.softmax(flow, 2, out=self.slope).sub_(self.target).div_(self.divisor)
        for layer in self.layers[:0:-1]:
            slope = layer.backward(slope)
        self.linear[0].weigh(slope)


class _Linear:
    """`manual_backprop.Linear` of J networks: weights [J, n_out, n_in], biases [J, n_out]."""

    def __init__(self, weights: tuple[Tensor, Tensor], biases: tuple[Tensor, Tensor], size: int):
        """weights, biases: each with their gradients."""
        (weight, self.weight_slope), (bias, self.bias_slope) = weights, biases
        self.weight, self.bias = weight, bias.unsqueeze(1)
        self.transposed = weight.transpose(1, 2)
        count, n_out, n_in = weight.shape
        self.leaving, self.slope = weight.new_empty(count, size, n_out), weight.new_empty(count, size, n_in)

    def forward(self, entering: Tensor) -> Tensor:
        self.entered = entering
        return torch.baddbmm(self.bias, entering, self.transposed, out=self.leaving)

    def weigh(self, slope: Tensor) -> None:
        torch.bmm(slope.transpose(1, 2), self.entered, out=self.weight_slope)
        torch.sum(slope, 1, out=self.bias_slope)

    def backward(self, slope: Tensor) -> Tensor:
        self.weigh(slope)
        return torch.bmm(slope, self.weight, out=self.slope)


class _Each:
    """A layer without weights, another for each network; equal neighbours go at once."""

    def __init__(self, modules: Sequence[nn.Module], like: Tensor):
        """like: memory of the shape of what enters, [J, B, n]."""
        self.leaving, self.slope = torch.empty_like(like), torch.empty_like(like)
        self.parts: list[tuple[slice, manual_backprop.Activation | Dropout]] = []
        self.dropouts: dict[int, Dropout] = {}
        start = 0
        for _, alike in itertools.groupby(enumerate(modules), key=_sort):
            end = start + len(list(alike))
            where, module = slice(start, end), modules[start]
            memory = (each[where].flatten(0, 1) for each in (self.leaving, self.slope))
            layer = manual_backprop.unit(module, *memory)
            self.parts.append((where, layer))
            if isinstance(layer, Dropout):
                self.dropouts[start] = layer
            start = end

    def forward(self, entering: Tensor) -> Tensor:
        for where, layer in self.parts:
            layer.forward(entering[where].flatten(0, 1))
        return self.leaving

    def backward(self, slope: Tensor) -> Tensor:
        for where, layer in self.parts:
            layer.backward(slope[where].flatten(0, 1))
        return self.slope


def _sort(placed: tuple[int, nn.Module]) -> str:
    place, module = placed
    # each draws from a generator of its own
    return f"{place}" if isinstance(module, nn.Dropout) else repr(module)


def _units(network: MLP) -> list[list[nn.Module]]:
    """The activation and the dropout behind each linear layer, `Identity` where there is none."""
    found: list[list[nn.Module]] = []
    for module in network.layers:
        if isinstance(module, nn.Linear):
            found.append([nn.Identity(), nn.Identity()])
        else:
            found[-1][isinstance(module, nn.Dropout)] = module
    return found


def stackable(activation: nn.Module) -> bool:
    """Whether a pass knows this activation, and it looks at no picture but the one that it transforms."""
    return manual_backprop.known(activation) and getattr(activation, "dim", 1) in (1, -1)
