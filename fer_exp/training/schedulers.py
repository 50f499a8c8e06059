"""Learning-rate schedules."""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, ReduceLROnPlateau, SequentialLR

from fer_exp.config import settings
from fer_exp.errors import UserError


def check(config: settings.Scheduler, epochs: int) -> None:
    """Refuse a warm-up after which no epoch is left."""
    warmup = config.warmup_epochs if isinstance(config, settings.CosineScheduler) else 0
    if warmup and warmup >= epochs:
        raise UserError(f"scheduler.warmup_epochs={warmup}: must be less than training.epochs={epochs}")


def build(config: settings.Scheduler, optimizer: torch.optim.Optimizer, epochs: int) -> LRScheduler | None:
    """The scheduler of this config, stepped once an epoch; none for a constant rate."""
    check(config, epochs)
    if isinstance(config, settings.PlateauScheduler):
        return ReduceLROnPlateau(optimizer, patience=config.patience, factor=config.factor)
    if isinstance(config, settings.CosineScheduler):
        if config.warmup_epochs:
            return _warmed_up(config, optimizer, epochs)
        return CosineAnnealingLR(optimizer, T_max=epochs, eta_min=config.min_lr)
    return None


def _warmed_up(
    config: settings.CosineScheduler, optimizer: torch.optim.Optimizer, epochs: int
) -> LRScheduler:
    """The rate in equal steps up over the first epochs, so that the first of all is not idle, then down."""
    warmup = config.warmup_epochs
    up = LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
    down = CosineAnnealingLR(optimizer, T_max=epochs - warmup, eta_min=config.min_lr)
    return SequentialLR(optimizer, [up, down], milestones=[warmup])
