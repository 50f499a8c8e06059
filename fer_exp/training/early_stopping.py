"""Stopping rules: when training ends before its last epoch."""

import math
from dataclasses import dataclass

from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from fer_exp.config import settings


@dataclass
class Stopping:
    """Counts epochs in a row without a lower validation loss; `patience` of them end it.

    min_delta: an epoch counts if its loss is lower than that of the last one that counted by more than this;
    at 0 each new lowest does.
    heed_scheduler: also end when a plateau scheduler has counted as many bad epochs as its own
    patience. The deck's rule does, one epoch before that scheduler would lower the rate (A6).
    """

    patience: float
    min_delta: float = 0.0
    heed_scheduler: bool = False
    best: float = math.inf
    counted: float = math.inf
    bad_epochs: int = 0

    def update(self, validation_loss: float) -> bool:
        """Take in an epoch's loss; true if it is the lowest so far."""
        improved = validation_loss < self.best
        self.best = min(self.best, validation_loss)
        # held against the last that counted, so that a slow fall counts once it has come far enough
        if validation_loss < self.counted - self.min_delta:
            self.counted, self.bad_epochs = validation_loss, 0
        else:
            self.bad_epochs += 1
        return improved

    def ends(self, scheduler: LRScheduler | None) -> bool:
        """Whether training should end now."""
        if self.heed_scheduler and isinstance(scheduler, ReduceLROnPlateau):
            return scheduler.num_bad_epochs >= scheduler.patience or self.bad_epochs >= self.patience
        return self.bad_epochs >= self.patience


def build(rule: settings.Stopping) -> Stopping:
    """The stopping rule of these settings."""
    if isinstance(rule, settings.PatienceStopping):
        return Stopping(rule.patience, rule.min_delta)
    if isinstance(rule, settings.DeckStopping):
        return Stopping(rule.count, heed_scheduler=True)
    return Stopping(math.inf)
