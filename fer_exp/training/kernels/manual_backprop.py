"""Layers whose derivative is known, each with memory of its own for batches of one size.

The kernels are those that autograd itself calls, without its bookkeeping and with no memory allocated
in a step. PyTorch has them for itself, so each is tried before it is used. A class of activation that the
table does not name, or whose kernels PyTorch has changed, is trained by autograd.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from fer_exp.models import linear
from fer_exp.training.kernels import compiled

log = logging.getLogger(__name__)

aten = torch.ops.aten


class Layer(Protocol):
    """One layer, at one batch size; what it returns is valid until its next call.

    leaving: memory of what leaves, [B, n_out].
    """

    leaving: Tensor

    def forward(self, entering: Tensor) -> Tensor:
        """What leaves, [B, n_out], for [B, n_in]."""

    def backward(self, slope: Tensor) -> Tensor:
        """The loss's slope by what entered [B, n_in], from the one by what left [B, n_out]."""


# What multiplies matrices, as `models.linear` tells.
Products = compiled.Products | type[linear.Default] | type[linear.OneDNN]


class Linear:
    """y = x W^T + b; `backward`, s W, also fills the gradients in place, s^T x of W and the sum of s of b."""

    def __init__(self, module: nn.Linear, size: int):
        self.weight, self.bias = module.weight.detach(), module.bias.detach()
        assert module.weight.grad is not None
        assert module.bias.grad is not None
        self.weight_slope, self.bias_slope = module.weight.grad, module.bias.grad
        self.transposed = self.weight.t()
        self.by: Products = products(size, self.weight)
        self.leaving = self.weight.new_empty(size, module.out_features)
        self.slope = self.weight.new_empty(size, module.in_features)

    def forward(self, entering: Tensor) -> Tensor:
        self.entered = entering
        return self.by.affine(self.bias, entering, self.transposed, self.leaving)

    def weigh(self, slope: Tensor) -> None:
        """Fill the gradients alone: what enters the first layer needs no slope."""
        # nothing is copied that is there already
        self.weight_slope.copy_(self.by.product(slope.t(), self.entered, self.weight_slope))
        torch.sum(slope, 0, out=self.bias_slope)

    def backward(self, slope: Tensor) -> Tensor:
        self.weigh(slope)
        return self.by.product(slope, self.weight, self.slope)


def products(size: int, weight: Tensor) -> Products:
    """What multiplies fastest by a weight [n_out, n_in] and by slopes of it, in batches of `size`."""
    loops = compiled.loops(weight)
    if loops and compiled.multiply_faster() and weight.shape[1] % compiled.LANES == 0:
        return compiled.Products(loops)
    return linear.fastest(size * weight.numel(), weight)


class Kernel(NamedTuple):
    """An activation and its derivative, which take the module for its options and write to `out`.

    forward(module, entering, out); backward(module, slope, place, out), where the derivative is taken at
    what left the activation if `by_left`, else at what entered it. All [B, n].
    """

    forward: Callable[[Any, Tensor, Tensor], Tensor]
    backward: Callable[[Any, Tensor, Tensor, Tensor], Tensor]
    by_left: bool


# From a slope s: s where y > 0 (ReLU); s, or a s where x < 0 (leaky); s y (1 - y) (sigmoid); s (1 - y^2)
# (tanh); y (s - sum of s y) (softmax); s (P(x) + x p(x)), P the normal distribution, p its density (GELU)
KERNELS: dict[type[nn.Module], Kernel] = {
    nn.ReLU: Kernel(
        lambda _, x, out: torch.clamp_min(x, 0, out=out),
        lambda _, s, y, out: aten.threshold_backward.grad_input(s, y, 0, grad_input=out),
        by_left=True,
    ),
    nn.LeakyReLU: Kernel(
        lambda m, x, out: aten.leaky_relu.out(x, m.negative_slope, out=out),
        lambda m, s, x, out: aten.leaky_relu_backward.grad_input(
            s, x, m.negative_slope, False, grad_input=out
        ),
        by_left=False,
    ),
    nn.Sigmoid: Kernel(
        lambda _, x, out: torch.sigmoid(x, out=out),
        lambda _, s, y, out: aten.sigmoid_backward.grad_input(s, y, grad_input=out),
        by_left=True,
    ),
    nn.Tanh: Kernel(
        lambda _, x, out: torch.tanh(x, out=out),
        lambda _, s, y, out: aten.tanh_backward.grad_input(s, y, grad_input=out),
        by_left=True,
    ),
    nn.Softmax: Kernel(
        lambda m, x, out: torch.softmax(x, m.dim, out=out),
        lambda m, s, y, out: aten._softmax_backward_data.out(s, y, m.dim, s.dtype, grad_input=out),
        by_left=True,
    ),
    nn.GELU: Kernel(
        lambda m, x, out: aten.gelu.out(x, approximate=m.approximate, out=out),
        lambda m, s, x, out: aten.gelu_backward.grad_input(s, x, approximate=m.approximate, grad_input=out),
        by_left=False,
    ),
    # beside jobs whose layer does something; `chain` leaves it out
    nn.Identity: Kernel(
        lambda _, x, out: out.copy_(x),
        lambda _m, s, _y, out: out.copy_(s),
        by_left=True,
    ),
}


class Activation:
    """One of `KERNELS`."""

    def __init__(self, module: nn.Module, leaving: Tensor, slope: Tensor):
        """leaving, slope: the memory to write to, [B, n] each."""
        self.module, self.kernel = module, KERNELS[type(module)]
        self.leaving, self.slope = leaving, slope

    def forward(self, entering: Tensor) -> Tensor:
        self.place = self.leaving if self.kernel.by_left else entering
        return self.kernel.forward(self.module, entering, self.leaving)

    def backward(self, slope: Tensor) -> Tensor:
        return self.kernel.backward(self.module, slope, self.place, self.slope)


class Dropout:
    """Units left out by the draws that `nn.Dropout` makes from the same state of the generator."""

    def __init__(self, module: nn.Dropout, leaving: Tensor, slope: Tensor):
        """leaving, slope: the memory to write to, [B, n] each."""
        self.keep = 1 - module.p
        self.kept, self.leaving, self.slope = torch.zeros_like(leaving), leaving, slope

    def draw(self, rows: int, generator: torch.Generator | None = None) -> None:
        """Draw anew which units of the first `rows` pictures are kept; the rest stay as they were."""
        self.kept[:rows].bernoulli_(self.keep, generator=generator).div_(self.keep)

    def forward(self, entering: Tensor) -> Tensor:
        return torch.mul(entering, self.kept, out=self.leaving)

    def backward(self, slope: Tensor) -> Tensor:
        return torch.mul(slope, self.kept, out=self.slope)


def known(module: nn.Module) -> bool:
    """Whether `chain` can take this very class with these options."""
    if isinstance(module, nn.Softmax) and module.dim is None:
        return False
    kind: Any = type(module)
    return kind in (linear.Linear, nn.Dropout) or (kind in KERNELS and _agrees(kind))


@cache
def _agrees(kind: type[nn.Module]) -> bool:
    """Whether the kernels of this class do as autograd does; a line in the log if not."""
    module = nn.Softmax(1) if kind is nn.Softmax else kind()
    entering, slope = torch.linspace(-2, 2, 12).view(3, 4), torch.linspace(1, 2, 12).view(3, 4)
    layer = Activation(module, *torch.empty(2, 3, 4))
    try:
        found = layer.forward(entering), layer.backward(slope)
    except (AttributeError, RuntimeError, TypeError) as error:
        reason = str(error)
    else:
        with torch.enable_grad():
            leaving = module(entering.requires_grad_())
        expected = leaving, *torch.autograd.grad(leaving, entering, slope)
        if all(map(torch.allclose, found, expected)):
            return True
        reason = "its derivative is another one"
    log.warning("%s is trained by autograd, which takes longer: %s", kind.__name__, reason)
    return False


def chain(modules: Iterable[nn.Module], size: int) -> list[Layer]:
    """The layers of known modules, the first of them linear, for batches of `size`."""
    found: list[Layer] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            found.append(Linear(module, size))
        elif not isinstance(module, nn.Identity):
            like = found[-1].leaving
            found.append(unit(module, torch.empty_like(like), torch.empty_like(like)))
    return found


def unit(module: nn.Module, leaving: Tensor, slope: Tensor) -> Activation | Dropout:
    """The layer of a known module that has no weights, which writes to this memory, [B, n] each."""
    if isinstance(module, nn.Dropout):
        return Dropout(module, leaving, slope)
    return Activation(module, leaving, slope)
