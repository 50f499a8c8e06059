"""Muon for the matrices of a network, AdamW for the rest.

Muon (Jordan et al. 2024) moves a matrix by its running mean with all singular values set to one. PyTorch's
takes matrices alone, so biases and the scales of norms need another optimizer beside it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class MuonAndAdamW(torch.optim.Optimizer):
    """One optimizer of two param groups, as PyTorch's Muon and AdamW step them.

    lr, weight_decay: of both. A matrix's step is scaled to the mean square of AdamW's (Liu et al. 2025,
    arXiv 2502.16982), so that rates which suit AdamW suit it.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
    ):
        weights = list(params)
        others = [each for each in weights if each.ndim != 2]
        matrices = [each for each in weights if each.ndim == 2]
        shared: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            self._parts.append(
                torch.optim.Muon(matrices, momentum=momentum, adjust_lr_fn="match_rms_adamw", **shared)
            )
        if others:
            self._parts.append(torch.optim.AdamW(others, betas=(betas[0], betas[1]), **shared))
        groups = [group for part in self._parts for group in part.param_groups]
        super().__init__(groups, {})

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step, as `torch.optim.Optimizer` has it."""
        loss = None
        for part, group in zip(self._parts, self.param_groups, strict=True):
            # what was loaded, or what a scheduler set, is kept here alone
            part.param_groups, part.state = [group], self.state
            if closure:
                # once, by the first of them: it fills the slopes of all
                loss, closure = part.step(closure), None
            else:
                part.step()
        return loss
