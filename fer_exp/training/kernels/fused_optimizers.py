"""Optimizers over one tensor on the CPU, without PyTorch's copies and its search for what to update.

They are PyTorch's optimizers with the same state, and equal within rounding. RMSprop and NAdam are put in
terms of PyTorch's fused kernel for Adam, m <- b m + (1 - b) g, v <- c v + (1 - c) g^2,
p <- p - rate / (1 - b^t) m / (sqrt(v / (1 - c^t)) + eps): a division and a root in one pass.
None of them imports PyTorch's compiler.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# RMSprop corrects no bias: b^t and c^t are 0
FOREVER = torch.tensor(torch.inf)


# An optimizer asks the compiler to leave these methods alone, for which it imports it, 1.3 s of each start.
# What it answered is kept here (`torch._compile`).
for _method in vars(torch.optim.Optimizer).values():
    if inspect.isfunction(_plain := getattr(_method, "__wrapped__", None)):
        _plain.__dynamo_disable = _plain


class Uncompiled(torch.optim.Optimizer):
    """Steps as PyTorch's class does, without telling the compiler where gradients are off."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step, as `torch.optim.Optimizer` has it."""
        return inspect.unwrap(super().step)(self, closure)


class SGD(Uncompiled, torch.optim.SGD):
    """PyTorch's own kernel."""


class Adagrad(Uncompiled, torch.optim.Adagrad):
    """PyTorch's own kernel."""


class SingleTensorOptimizer(Uncompiled):
    """Steps by `move` wherever the options are plain ones, and by PyTorch's own `step` elsewhere."""

    # off in a plain optimizer
    options: tuple[str, ...]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step, as `torch.optim.Optimizer` has it."""
        [group] = self.param_groups
        [weights] = group["params"]
        # the first step makes the state, as PyTorch has it
        if closure or not self.state.get(weights) or not self.plain(group):
            return super().step(closure)
        if not hasattr(self, "scratch"):
            # filled: the kernel multiplies what is there by 0, which leaves NaN as it is
            self.scratch = weights.new_zeros(2, *weights.shape)
        self.state[weights]["step"] += 1
        self.move(weights, weights.grad, self.state[weights], group)
        return None

    def plain(self, group: dict[str, Any]) -> bool:
        """Whether `move` knows these options."""
        return not any(group[option] for option in self.options)

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Move weights [n] by their slope [n] and keep the state."""
        raise NotImplementedError


def _run(
    kernel: Callable[..., None],
    weights: Tensor,
    slope: Tensor,
    mean: Tensor,
    square: Tensor,
    t: Tensor,
    numbers: dict[str, float],
) -> None:
    kernel([weights], [slope], [mean], [square], [], [t], amsgrad=False, maximize=False, **numbers)


class Adam(SingleTensorOptimizer, torch.optim.Adam):
    """The kernel as it is."""

    options = ("amsgrad", "maximize", "capturable", "differentiable", "foreach")

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        beta1, beta2 = group["betas"]
        numbers = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"]}
        numbers["weight_decay"] = group["weight_decay"]
        kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
        _run(kernel, weights, slope, state["exp_avg"], state["exp_avg_sq"], state["step"], numbers)


class AdamW(Adam, torch.optim.AdamW):
    """Adam with the weight decay outside the kernel's means."""


class RMSprop(SingleTensorOptimizer, torch.optim.RMSprop):
    """Adam that has no memory of the mean: b = 0."""

    options = ("momentum", "centered", "maximize", "capturable", "differentiable", "foreach")

    def plain(self, group: dict[str, Any]) -> bool:
        """See `SingleTensorOptimizer`; an alpha of 1 would divide by zero in the kernel."""
        return super().plain(group) and group["alpha"] < 1

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        numbers = {"lr": group["lr"], "beta1": 0.0, "beta2": group["alpha"], "eps": group["eps"]}
        numbers["weight_decay"] = group["weight_decay"]
        _run(torch._fused_adam_, weights, slope, self.scratch[0], state["square_avg"], FOREVER, numbers)


class NAdam(SingleTensorOptimizer, torch.optim.NAdam):
    """Adam that moves by a mixture of its mean and the slope: one more step of the mean, by another b."""

    options = ("decoupled_weight_decay", "maximize", "capturable", "differentiable", "foreach")

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """See `SingleTensorOptimizer`."""
        beta1, beta2 = group["betas"]
        t, decay = state["step"].item(), group["momentum_decay"]
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
        numbers = {"lr": rate, "beta1": b, "beta2": beta2, "eps": group["eps"]}
        numbers["weight_decay"] = group["weight_decay"]
        mean = self.scratch[0].copy_(state["exp_avg"])
        _run(torch._fused_adam_, weights, slope, mean, state["exp_avg_sq"], state["step"], numbers)


class Adadelta(SingleTensorOptimizer, torch.optim.Adadelta):
    """The root of a quotient in place of a quotient of roots, in memory that is kept."""

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


# PyTorch's class, and the one that does the same over one tensor on the CPU.
FASTER = {
    getattr(torch.optim, cls.__name__): cls for cls in (SGD, Adagrad, RMSprop, Adadelta, Adam, NAdam, AdamW)
}
