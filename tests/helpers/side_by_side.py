"""Trainers taken through their epochs as one stack, and held against those that trained alone."""

import dataclasses

import numpy as np
import torch

from fer_exp.training.stacked import Stack
from fer_exp.training.trainer import Trainer


def train_side_by_side(trainers: list[Trainer]) -> None:
    """Take trainers to their ends, stacked anew when one leaves."""
    going, stacked = {each: each.epochs() for each in trainers}, None
    while going := {each: epochs for each, epochs in going.items() if not each.finished}:
        if stacked is None or len(stacked.trainers) > len(going):
            stacked = Stack(going)
        stacked.learn()
        for epochs in going.values():
            next(epochs)


def assert_alike(one: Trainer, other: Trainer, tolerance: float) -> None:
    """The same epochs with the same scores, and the same weights and optimizer's state."""
    assert len(one.history) == len(other.history)
    for mine, theirs in zip(one.history, other.history, strict=True):
        assert mine.learning_rate == theirs.learning_rate
        for part in ("train", "validation"):
            pair = [dataclasses.astuple(getattr(epoch, part)) for epoch in (mine, theirs)]
            np.testing.assert_allclose(*pair, rtol=tolerance, atol=tolerance)
    mine, theirs = one.state(), other.state()
    torch.testing.assert_close(mine["network"], theirs["network"], rtol=tolerance, atol=tolerance)
    mine, theirs = (dict(state["optimizer"]["state"]) for state in (mine, theirs))
    torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance)
