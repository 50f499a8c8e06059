"""Learning-rate schedules."""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, ReduceLROnPlateau, SequentialLR

from fer_exp.config import settings
from fer_exp.errors import UserError


def build(chosen: settings.Scheduler, optimizer: torch.optim.Optimizer, epochs: int) -> LRScheduler | None:
    """The scheduler of these settings, stepped once an epoch; none for a constant rate."""
    if isinstance(chosen, settings.PlateauScheduler):
        return ReduceLROnPlateau(optimizer, patience=chosen.patience, factor=chosen.factor)
    if isinstance(chosen, settings.CosineScheduler):
        if chosen.warmup_epochs:
            return _warmed_up(chosen, optimizer, epochs)
        return CosineAnnealingLR(optimizer, T_max=epochs, eta_min=chosen.min_lr)
    return None


def _warmed_up(
    chosen: settings.CosineScheduler, optimizer: torch.optim.Optimizer, epochs: int
) -> LRScheduler:
    """The rate in equal steps up over the first epochs, so that the first of all is not idle, then down."""
    warmup = chosen.warmup_epochs
    if warmup >= epochs:
        raise UserError(f"scheduler.warmup_epochs={warmup}: must be less than training.epochs={epochs}")
    up = LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
    down = CosineAnnealingLR(optimizer, T_max=epochs - warmup, eta_min=chosen.min_lr)
    return SequentialLR(optimizer, [up, down], milestones=[warmup])
