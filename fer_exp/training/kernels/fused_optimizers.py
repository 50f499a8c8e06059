"""PyTorch's optimizers over one tensor on the CPU, with the same state, equal within rounding, and sooner.

None of them imports PyTorch's compiler. RMSprop and NAdam go in one pass, put in terms of PyTorch's fused
kernel for Adam, m <- b m + (1 - b) g, v <- c v + (1 - c) g^2,
p <- p - rate / (1 - b^t) m / (sqrt(v / (1 - c^t)) + eps); AdaDelta takes half of PyTorch's passes.
"""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

# RMSprop corrects no bias: b^t and c^t are 0
FOREVER = torch.tensor(torch.inf)


def _step(method: Callable[..., Any]) -> Any:
    """A method `step`: no gradients, and no record for PyTorch's profiler, which takes a twentieth of a step.

    PyTorch hangs one around each `step` that is not marked as having it.
    """
    step = torch.no_grad()(method)
    vars(step)["hooked"] = True
    return step


class Uncompiled(torch.optim.Optimizer):
    """Does as PyTorch's class does, without what wraps its methods for the compiler.

    The first call of a method that is wrapped imports the compiler, which takes 1.3 s.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)

    @_step
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step, as `torch.optim.Optimizer` has it."""
        return inspect.unwrap(super().step)(self, closure)


class SGD(Uncompiled, torch.optim.SGD):
    """PyTorch's own kernel."""


class Adagrad(Uncompiled, torch.optim.Adagrad):
    """PyTorch's own kernel."""


class Adam(Uncompiled, torch.optim.Adam):
    """PyTorch's own kernel."""


class AdamW(Uncompiled, torch.optim.AdamW):
    """PyTorch's own kernel."""


class SingleTensorOptimizer(Uncompiled):
    """Steps by `move` wherever the options are plain ones, and by PyTorch's own `step` elsewhere."""

    # off in a plain optimizer
    options: tuple[str, ...]

    @_step
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step, as `torch.optim.Optimizer` has it."""
        [group] = self.param_groups
        [weights] = group["params"]
        # the first step makes the state, as PyTorch has it
        if closure or not self.state.get(weights) or not self.plain(group):
            return super().step(closure)
        self.move(weights, weights.grad, self.state[weights], group)
        return None

    @cached_property
    def scratch(self) -> Tensor:
        """Two tensors [2, n] to work in; zeros, as the kernel may multiply by 0 what is there."""
        return torch.zeros_like(self.param_groups[0]["params"][0]).repeat(2, 1)

    def plain(self, group: dict[str, Any]) -> bool:
        """Whether `move` knows these options."""
        return not any(group[option] for option in self.options)

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Move weights [n] by their slope [n], keep the state and count the step."""
        raise NotImplementedError


def _adam(
    weights: Tensor,
    slope: Tensor,
    mean: Tensor,
    square: Tensor,
    t: Tensor,
    group: dict[str, Any],
    lr: float,
    betas: tuple[float, float],
) -> None:
    """PyTorch's fused kernel, which also counts t on by 1."""
    adam(
        [weights],
        [slope],
        [mean],
        [square],
        [],
        [t],
        fused=True,
        amsgrad=False,
        maximize=False,
        lr=lr,
        beta1=betas[0],
        beta2=betas[1],
        eps=group["eps"],
        weight_decay=group["weight_decay"],
    )


class RMSprop(SingleTensorOptimizer, torch.optim.RMSprop):
    """v <- a v + (1 - a) g^2, p <- p - lr g / (sqrt(v) + eps): Adam that has no memory of the mean, b = 0."""

    options = ("momentum", "centered", "maximize", "capturable", "differentiable", "foreach")

    def plain(self, group: dict[str, Any]) -> bool:
        """See `SingleTensorOptimizer`; an alpha of 1 would divide by zero in the kernel."""
        return super().plain(group) and group["alpha"] < 1

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        mean, square = self.scratch[0], state["square_avg"]
        _adam(weights, slope, mean, square, FOREVER, group, group["lr"], (0.0, group["alpha"]))
        state["step"] += 1


class NAdam(SingleTensorOptimizer, torch.optim.NAdam):
    """Adam that moves by a mixture of its mean and the slope, (1 - u) g / (1 - U) + u' m / (1 - U u').

    U is the product of all u so far, u' the next of them. The mixture is one more step of the mean, by b.
    """

    options = ("decoupled_weight_decay", "maximize", "capturable", "differentiable", "foreach")

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        beta1, beta2 = group["betas"]
        t, decay = state["step"].item() + 1, group["momentum_decay"]
        now, after = (beta1 * (1 - 0.5 * 0.96 ** (step * decay)) for step in (t, t + 1))
        state["mu_product"] *= now
        product = state["mu_product"].item()
        by_slope, by_mean = (1 - now) / (1 - product), after / (1 - product * after)
        state["exp_avg"].lerp_(slope, 1 - beta1)
        if group["weight_decay"]:
            state["exp_avg"].add_(weights, alpha=group["weight_decay"] * (1 - beta1))
        b = by_mean / (by_mean + by_slope)
        # undoes the kernel's division by 1 - b^t
        rate = group["lr"] * (by_mean + by_slope) * (1 - b**t)
        # the kernel's own step of the mean is for this move alone
        mean = self.scratch[0].copy_(state["exp_avg"])
        _adam(weights, slope, mean, state["exp_avg_sq"], state["step"], group, rate, (b, beta2))


class Adadelta(SingleTensorOptimizer, torch.optim.Adadelta):
    """v <- r v + (1 - r) g^2, d = sqrt((u + eps) / (v + eps)) g, u <- r u + (1 - r) d^2, p <- p - lr d.

    The root of a quotient in place of PyTorch's quotient of roots, in memory that is kept.
    """

    options = ("maximize", "capturable", "differentiable", "foreach")

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        rho, eps = group["rho"], group["eps"]
        change, below = self.scratch
        if group["weight_decay"]:
            # the slope's own memory: the next step writes it anew
            slope.add_(weights, alpha=group["weight_decay"])
        state["square_avg"].mul_(rho).addcmul_(slope, slope, value=1 - rho)
        torch.add(state["square_avg"], eps, out=below)
        torch.add(state["acc_delta"], eps, out=change).div_(below).sqrt_().mul_(slope)
        state["acc_delta"].mul_(rho).addcmul_(change, change, value=1 - rho)
        weights.add_(change, alpha=-group["lr"])
        state["step"] += 1


# PyTorch's class, and the one that does the same over one tensor on the CPU.
FASTER: dict[type[torch.optim.Optimizer], type[Uncompiled]] = {
    getattr(torch.optim, cls.__name__): cls for cls in (SGD, Adagrad, RMSprop, Adadelta, Adam, NAdam, AdamW)
}
