"""Matrix products by the faster of the two libraries that PyTorch carries for the processor.

PyTorch multiplies matrices of float32 by MKL, which uses no AVX-512 on an AMD processor that has it. There
oneDNN, which PyTorch keeps for convolutions, is about twice as fast on matrices that are not small. Which
of them it is depends on processor and shapes alone, so that a run repeats itself. PyTorch has oneDNN's
product for its compiler, by a private name, so it is tried before it is used.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

log = logging.getLogger(__name__)

# Multiplications of numbers from which oneDNN makes up for its start, 8 microseconds longer than MKL's.
WORTHWHILE = 2**21


class Default:
    """PyTorch's own choice, MKL on most machines."""

    @staticmethod
    def affine(bias: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """left [m, k] times right [k, n], plus bias [n]: [m, n], in `out` or elsewhere."""
        return torch.addmm(bias, left, right, out=out)

    @staticmethod
    def product(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
        """left [m, k] times right [k, n]: [m, n], in `out` or elsewhere."""
        return torch.mm(left, right, out=out)


class OneDNN:
    """The same by oneDNN, which is given no place to write to."""

    @staticmethod
    def affine(bias: Tensor, left: Tensor, right: Tensor, out: Tensor) -> Tensor:  # noqa: ARG004 - as `Default`
        return _onednn(left, right.t(), bias)

    @staticmethod
    def product(left: Tensor, right: Tensor, out: Tensor) -> Tensor:  # noqa: ARG004 - as `Default`
        return _onednn(left, right.t())


def fastest(multiplications: int, like: Tensor) -> type[Default] | type[OneDNN]:
    """The library for products of so many multiplications of numbers, m k n, of the kind of `like`."""
    plain = like.device.type == "cpu" and like.dtype == torch.float32
    large = multiplications >= WORTHWHILE
    return OneDNN if large and plain and _mkl_is_slow() and _onednn_agrees() else Default


class Linear(nn.Linear):
    """PyTorch's layer, by the faster library."""

    def forward(self, entering: Tensor) -> Tensor:
        """[..., n_in] -> [..., n_out]."""
        # whoever writes the network down for other programs wants the layer, not what computes it here
        as_it_is = torch.compiler.is_exporting() or torch.is_autocast_enabled("cpu")
        if as_it_is or fastest(entering.numel() * self.out_features, entering) is Default:
            return super().forward(entering)
        if torch.is_grad_enabled():
            apply: Callable[..., Tensor] = _Affine.apply
            return apply(entering, self.weight, self.bias)
        return _onednn(entering, self.weight, self.bias)


class _Affine(torch.autograd.Function):
    """`Linear` with its derivatives."""

    @staticmethod
    def forward(ctx: Any, entering: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(entering, weight)
        return _onednn(entering, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        entering, weight = ctx.saved_tensors
        rows = slope.flatten(0, -2)
        by_entering = _onednn(slope, weight.t()) if ctx.needs_input_grad[0] else None
        return by_entering, _onednn(rows.t(), entering.flatten(0, -2).t()), rows.sum(0)


@cache
def _mkl_is_slow() -> bool:
    """Whether this is an AMD processor with AVX-512, and PyTorch has both libraries."""
    # a PyTorch that cannot tell keeps to its own choice
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    libraries = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    fast = able.get("avx512_f", False) and able.get("cpu_name", "").startswith("AMD")
    return bool(libraries and fast)


@cache
def _onednn_agrees() -> bool:
    """Whether oneDNN's product is that of PyTorch's layer; a line in the log if not."""
    left, right = torch.linspace(-1, 1, 6).view(2, 3), torch.linspace(-1, 2, 12).view(4, 3)
    biases = torch.linspace(0, 1, 4), None
    try:
        found = [_onednn(left, right, bias) for bias in biases]
    except (AttributeError, RuntimeError, TypeError) as error:
        reason = str(error)
    else:
        if all(
            torch.allclose(each, linear(left, right, bias)) for each, bias in zip(found, biases, strict=True)
        ):
            return True
        reason = "it gives other numbers"
    log.warning("PyTorch's product by oneDNN is left out, so that training takes longer: %s", reason)
    return False


def _onednn(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """left [..., k] times right [n, k] transposed, plus bias [n]: [..., n]."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")
    return product
