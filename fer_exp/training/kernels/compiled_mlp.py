"""Forward and backward through linear layers, ReLU and dropout in one call of `network.cpp`."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from fer_exp.models import linear
from fer_exp.models.network import PIXELS, Network
from fer_exp.training.kernels import compiled
from fer_exp.training.kernels.manual_backprop import Dropout


class CompiledPass:
    """A pass through a network that is `suited`, with batches of one size, in memory that is kept."""

    def __init__(self, network: Network, size: int):
        """The network's parameters have their gradients in place."""
        self.loops = compiled.loops(network.scale)
        # of every pixel, though it be the same
        self.shift, self.scale = (
            each.expand(PIXELS).contiguous() for each in (network.shift, network.scale.reciprocal())
        )
        self.inputs = network.scale.new_empty(size, PIXELS)
        groups = _groups(network.layers)
        assert groups is not None
        memory = [self.scale.new_empty(2, size, group[0].out_features) for group in groups]
        self.logits = memory[-1][0]
        self.dropouts: list[Dropout] = []
        # what the structures point to
        self.held: list[Tensor] = [*memory]
        self.layers = (compiled.Layer * len(groups))(*map(self._layer, groups, memory))

    def _layer(self, group: Sequence[nn.Module], memory: Tensor) -> compiled.Layer:
        first, *others = group
        assert isinstance(first, nn.Linear)
        leaving, slope = memory
        kept = None
        for module in others:
            if isinstance(module, nn.Dropout):
                self.dropouts.append(Dropout(module, leaving, slope))
                kept = self.dropouts[-1].kept
        tensors = first.weight, first.bias, first.weight.grad, first.bias.grad, kept, leaving, slope
        self.held += [each for each in tensors if each is not None]
        addresses = (None if each is None else each.data_ptr() for each in tensors)
        return compiled.Layer(*addresses, first.in_features, first.out_features)

    def __call__(self, pixels: Tensor, targets: Tensor, batch: Tensor) -> Tensor:
        """Fill the gradients of the mean cross-entropy from pixels [N, 2304] at `batch`; logits [B, 7]."""
        for dropout in self.dropouts:
            dropout.draw(len(batch))
        self.loops.backpropagate(
            self.layers,
            len(self.layers),
            pixels,
            batch,
            self.shift,
            self.scale,
            self.inputs,
            targets,
            len(batch),
        )
        return self.logits


def suited(network: Network) -> bool:
    """Whether the loops know all layers of the network and its kind of numbers, and are faster."""
    loops: Any = compiled.loops(network.scale)
    return bool(loops) and compiled.multiply_faster() and _groups(network.layers) is not None


def _groups(modules: Iterable[nn.Module]) -> list[list[Any]] | None:
    """Each linear layer with the modules behind it; None if a pass does not know one of them."""
    found: list[list[Any]] = []
    for module in modules:
        if isinstance(module, linear.Linear) and module.in_features % compiled.LANES == 0:
            found.append([module])
        elif not found or type(module) not in (nn.ReLU, nn.Dropout):
            return None
        else:
            found[-1].append(module)
    *hidden, last = found
    in_order = ([nn.ReLU], [nn.ReLU, nn.Dropout])
    known = all([type(module) for module in group[1:]] in in_order for group in hidden)
    return found if known and len(last) == 1 else None
