"""Lion: steps of one length, by the sign of a running mean (Chen et al. 2023, arXiv 2302.06675)."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


class Lion(torch.optim.Optimizer):
    """u = sign(b1 m + (1 - b1) g), p <- (1 - lr decay) p - lr u, m <- b2 m + (1 - b2) g.

    As each number moves by the whole rate, it takes a third to a tenth of Adam's, and as much more decay.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-4,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.99),
    ):
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be two numbers of at least 0 and below 1, and not {list(betas)}")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "betas": tuple(betas)})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step, as `torch.optim.Optimizer` has it."""
        loss = None
        if closure:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, decay, (beta1, beta2) = group["lr"], group["weight_decay"], group["betas"]
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                state = self.state[weights]
                if not state:
                    state["exp_avg"] = torch.zeros_like(weights)
                mean, slope = state["exp_avg"], weights.grad
                weights.mul_(1 - lr * decay).sub_(torch.lerp(slope, mean, beta1).sign_(), alpha=lr)
                mean.lerp_(slope, 1 - beta2)
        return loss
