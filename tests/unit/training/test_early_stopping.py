"""When training ends before its last epoch."""

import math

import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fer_exp.training import early_stopping


def plateau(losses, patience=3):
    """A plateau scheduler that has seen these losses."""
    scheduler = ReduceLROnPlateau(
        torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0), patience=patience
    )
    for loss in losses:
        scheduler.step(loss)
    return scheduler


def ends_at(rule, losses):
    """The first epoch at whose end the rule stops, with a plateau scheduler beside it."""
    for epoch in range(1, len(losses) + 1):
        rule.update(losses[epoch - 1])
        if rule.ends(plateau(losses[:epoch])):
            return epoch
    return None


def test_patience_counts_epochs_in_a_row(compose_settings):
    """An epoch with a new lowest loss begins the count anew."""
    rule = early_stopping.build(compose_settings("stopping.patience=2").stopping)
    assert ends_at(rule, [1.0, 1.1, 0.9, 1.0, 0.9, 0.8]) == 5


def test_a_fall_that_is_too_small_counts_once_it_has_come_far_enough(compose_settings):
    """Each is held against the last that counted, not against the one before."""
    rule = early_stopping.build(compose_settings("stopping.patience=3", "stopping.min_delta=0.1").stopping)
    assert ends_at(rule, [1.0, 0.96, 0.92, 0.88, 0.86, 0.84, 0.82, 0.5]) == 7


def test_a_fall_that_is_too_small_is_a_new_lowest_loss_all_the_same():
    """The best weights are those of the lowest loss, by however little."""
    rule = early_stopping.Stopping(3, min_delta=0.1)
    losses = (1.0, 0.99, 0.995, 0.99, math.nan)
    assert [rule.update(loss) for loss in losses] == [True, True, False, False, False]
    assert rule.best == 0.99


def test_the_decks_rule_ends_before_its_scheduler_acts(compose_settings):
    """Three bad epochs end it, while the scheduler would lower the rate after the fourth (A6)."""
    losses = [1.0, 1.1, 1.1, 1.1, 1.1]
    rule = early_stopping.build(compose_settings("stopping=deck").stopping)
    assert ends_at(rule, losses) == 4
    assert plateau(losses[:4]).optimizer.param_groups[0]["lr"] == 1.0
    assert plateau(losses).optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize("patience", [None, 10])
def test_the_decks_rule_counts_itself(compose_settings, patience):
    """Five epochs without a new lowest loss, without a scheduler or beside one that would wait for ten."""
    losses = [1.0, *[1.1] * 5]
    rule = early_stopping.build(compose_settings("stopping=deck").stopping)
    ended = []
    for epoch in range(1, 7):
        rule.update(losses[epoch - 1])
        ended.append(rule.ends(patience and plateau(losses[:epoch], patience)))
    assert ended == [False] * 5 + [True]


def test_no_rule_never_ends(compose_settings):
    """All epochs, whatever the loss does."""
    rule = early_stopping.build(compose_settings("stopping=none").stopping)
    assert ends_at(rule, [1.0] * 50) is None
