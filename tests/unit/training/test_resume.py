"""A run that is taken up again goes on bit for bit as if it had never stopped."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.networks import weights

from fer_exp.models import checkpoint

OPTIMIZERS = sorted(path.stem for path in (Path(__file__).parents[3] / "conf" / "optimizer").iterdir())


@pytest.fixture
def taken_up(trainer, tmp_path):
    """What trains so many epochs and gives a trainer that has taken them up from a file."""

    def make(*choices, after, **options):
        half, rest = trainer(*choices, **options), trainer(*choices, **options)
        for epoch in half.epochs():
            if epoch.number == after:
                break
        checkpoint.save(tmp_path / "last.pt", half.state())
        rest.restore(checkpoint.load(tmp_path / "last.pt"))
        return rest

    return make


def assert_alike(one, other):
    """Weights that learn, weights that answer, and all scores but the seconds."""
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for key, mine in one.weights().items():
        np.testing.assert_array_equal(mine, other.weights()[key])
    mine, theirs = ([dataclasses.replace(e, seconds=0) for e in each.history] for each in (one, other))
    assert mine == theirs


def darkest(pictures: np.ndarray) -> np.ndarray:
    """A teacher who tells in which seventh of a picture its darkest pixel lies."""
    places = pictures.reshape(len(pictures), -1).argmin(axis=1)
    return np.eye(7)[places * 7 // (48 * 48)]


@pytest.mark.parametrize(
    ("optimizer", "scheduler"),
    [(name, "plateau") for name in OPTIMIZERS] + [("adam", "cosine"), ("sgd", "cosine"), ("adam", "none")],
)
def test_three_epochs_restored_and_three_more_equal_six(trainer, taken_up, optimizer, scheduler):
    """With dropout, by every optimizer and scheduler."""
    choices = [f"optimizer={optimizer}", f"scheduler={scheduler}", "model.dropout=0.3"]
    # a plateau that acts within six epochs
    choices += ["scheduler.patience=0"] if scheduler == "plateau" else []
    whole, rest = trainer(*choices), taken_up(*choices, after=3)
    for each in (whole, rest):
        list(each.epochs())
    assert_alike(whole, rest)


@pytest.mark.parametrize(
    "choices",
    [
        "model=residual model.hidden=[16,16] augmentation=full training.averaging=0.9",
        "model=mixer model.hidden=[8,8] training.precision=bfloat16 training.label_smoothing=0.1",
        "model=cnn model.hidden=[4,8,8] optimizer=adamw scheduler=cosine scheduler.warmup_epochs=2",
        "model.norm=layer model.normalisation=face augmentation.mixup=0.3 training.averaging=0.5",
        # the views are drawn and answered anew, and are the same
        "layers=64-32-16 augmentation=moved training.taught=0.5 training.views=2",
    ],
)
def test_every_network_goes_on_bit_for_bit(trainer, taken_up, choices):
    """With all that may be done to a batch, with averaged weights, and with a teacher."""
    options = {"plain": False, "teacher": darkest}
    whole, rest = trainer(*choices.split(), **options), taken_up(*choices.split(), after=3, **options)
    for each in (whole, rest):
        list(each.epochs())
    assert_alike(whole, rest)


def test_a_restored_run_stops_where_the_whole_one_does(trainer, taken_up):
    """What the stopping rule has counted is carried over."""
    choices = ("stopping=patience", "stopping.patience=4", "training.epochs=60", "optimizer.lr=0.01")
    total = len(list(trainer(*choices).epochs()))
    rest = taken_up(*choices, after=total - 2)
    assert [epoch.number for epoch in rest.epochs()] == [total - 1, total]
    assert total < 60


def test_a_finished_run_has_nothing_left(taken_up):
    """Restored at its end it yields no epoch more and is still finished."""
    again = taken_up(after=None)
    assert again.finished
    assert list(again.epochs()) == []


def test_a_state_is_of_its_epoch(trainer):
    """It is written down while the next epoch already changes the weights."""
    run = trainer("training.epochs=2", "optimizer=adam", "training.averaging=0.9", "scheduler=cosine")
    epochs = run.epochs()
    next(epochs)
    kept, copied = run.state(), copy.deepcopy(run.state())
    next(epochs)
    torch.testing.assert_close(kept, copied, rtol=0, atol=0)
