"""Optimizers over one tensor on the CPU: those of PyTorch, and Lion, with the same state and sooner.

They are equal within rounding. None of them imports PyTorch's compiler. Each steps in one pass by a loop
of `optimizers.cpp`, where its formula stands. The usual step is taken for options that the loop does not
know, and where nothing is compiled.
"""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from fer_exp.training import lion
from fer_exp.training.kernels import compiled


class SingleTensorOptimizer(torch.optim.Optimizer):
    """Steps by `move` wherever the options are plain ones, and by PyTorch's own `step` elsewhere.

    Its methods are without what wraps them for PyTorch's compiler: the first call of one that is wrapped
    imports that, which takes 1.3 s.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)

    # off in a plain optimizer, as far as its class has them
    options: tuple[str, ...] = ("maximize", "capturable", "differentiable", "amsgrad", "centered")

    def _step(self, closure: Callable[[], float] | None = None) -> Any:
        [group] = self.param_groups
        [weights] = group["params"]
        state = self.state.get(weights, {})
        if closure or not self.loops or any(map(group.get, self.options)) or not self.ready(state, group):
            with torch.no_grad():
                return inspect.unwrap(super().step)(self, closure)
        self.move(weights, weights.grad, state, group)
        return None

    # else PyTorch hangs a record for its profiler around it, which takes a twentieth of a step
    vars(_step)["hooked"] = True
    step: Any = _step

    @cached_property
    def loops(self) -> Any:
        """See `compiled.loops`."""
        return compiled.loops(self.param_groups[0]["params"][0])

    def ready(self, state: dict[str, Any], group: dict[str, Any]) -> bool:  # noqa: ARG002 - some have no state
        """Whether there is what `move` needs; the first step makes it, as PyTorch has it."""
        return bool(state)

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Move weights [n] by their slope [n], keep the state and count the step."""
        raise NotImplementedError


class SGD(SingleTensorOptimizer, torch.optim.SGD):
    """With or without momentum, Nesterov's too."""

    def ready(self, state: dict[str, Any], group: dict[str, Any]) -> bool:
        """See `SingleTensorOptimizer`; without momentum nothing is kept."""
        return not group["momentum"] or state.get("momentum_buffer") is not None

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
        if not momentum:
            self.loops.sgd(weights, slope, len(weights), decay, lr)
            return
        by_kept, by_slope = (lr * momentum, lr) if group["nesterov"] else (lr, 0.0)
        buffer, rest = state["momentum_buffer"], 1 - group["dampening"]
        self.loops.sgd_momentum(
            weights, slope, buffer, len(weights), decay, momentum, rest, by_kept, by_slope
        )


class Lion(SingleTensorOptimizer, lion.Lion):
    """The sign of a running mean."""

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, (beta1, beta2) = group["lr"], group["betas"]
        numbers = 1 - lr * group["weight_decay"], lr, beta1, 1 - beta1, beta2, 1 - beta2
        self.loops.lion(weights, slope, state["exp_avg"], len(weights), *numbers)


class Adagrad(SingleTensorOptimizer, torch.optim.Adagrad):
    """A sum of squares."""

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr = group["lr"] / (1 + state["step"].item() * group["lr_decay"])
        state["step"] += 1
        decay, eps = group["weight_decay"], group["eps"]
        self.loops.root_mean_square(weights, slope, state["sum"], len(weights), decay, 1, 1, lr, eps)


class RMSprop(SingleTensorOptimizer, torch.optim.RMSprop):
    """A running mean of squares."""

    options = (*SingleTensorOptimizer.options, "momentum")

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] += 1
        alpha, square = group["alpha"], state["square_avg"]
        numbers = group["weight_decay"], alpha, 1 - alpha, group["lr"], group["eps"]
        self.loops.root_mean_square(weights, slope, square, len(weights), *numbers)


class Adadelta(SingleTensorOptimizer, torch.optim.Adadelta):
    """Running means of squares of slopes and of changes."""

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] += 1
        rho, square, change = group["rho"], state["square_avg"], state["acc_delta"]
        numbers = group["weight_decay"], rho, 1 - rho, group["lr"], group["eps"]
        self.loops.adadelta(weights, slope, square, change, len(weights), *numbers)


class _Moments(SingleTensorOptimizer):
    """Running means of slopes and of their squares, corrected for their start at zero."""

    def move(self, weights: Tensor, slope: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] += 1
        steps, lr, (beta1, beta2) = state["step"].item(), group["lr"], group["betas"]
        by_mean, by_slope = self.shares(state, group, steps)
        decay, keep = group["weight_decay"], 1.0
        if group["decoupled_weight_decay"]:
            decay, keep = 0.0, 1 - lr * decay
        means = state["exp_avg"], state["exp_avg_sq"]
        betas = beta1, 1 - beta1, beta2, 1 - beta2
        moves = lr * by_mean, lr * by_slope, (1 - beta2**steps) ** -0.5, group["eps"]
        self.loops.adam(weights, slope, *means, len(weights), decay, keep, *betas, *moves)

    def shares(self, state: dict[str, Any], group: dict[str, Any], steps: float) -> tuple[float, float]:
        """How much of the mean, and of the slope itself, this step takes."""
        raise NotImplementedError


class Adam(_Moments, torch.optim.Adam):
    """The mean alone."""

    def shares(self, state: dict[str, Any], group: dict[str, Any], steps: float) -> tuple[float, float]:  # noqa: ARG002 - as NAdam's
        return 1 / (1 - group["betas"][0] ** steps), 0.0


class AdamW(Adam, torch.optim.AdamW):
    """Adam, whose decay of the weights is no part of the slope."""


class NAdam(_Moments, torch.optim.NAdam):
    """A mixture of the mean and the slope, u' m / (1 - U u') + (1 - u) g / (1 - U).

    u is a momentum that grows with the steps, u' the next one, U the product of all so far.
    """

    def shares(self, state: dict[str, Any], group: dict[str, Any], steps: float) -> tuple[float, float]:
        beta1, decay = group["betas"][0], group["momentum_decay"]
        now, after = (beta1 * (1 - 0.5 * 0.96 ** (step * decay)) for step in (steps, steps + 1))
        state["mu_product"] *= now
        product = state["mu_product"].item()
        return after / (1 - product * after), (1 - now) / (1 - product)


# A class, PyTorch's but for Lion's, and the one that does the same over one tensor on the CPU.
FASTER: dict[type[torch.optim.Optimizer], type[SingleTensorOptimizer]] = {
    getattr(torch.optim, cls.__name__): cls for cls in (SGD, Adagrad, RMSprop, Adadelta, Adam, NAdam, AdamW)
} | {lion.Lion: Lion}
