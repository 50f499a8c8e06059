"""Each activation's kernels are tried against autograd, and left out where PyTorch has changed them."""

import inspect
from functools import cache
from types import SimpleNamespace

import pytest
from torch import nn

from fer_exp.training.kernels import manual_backprop
from fer_exp.training.kernels.manual_backprop import KERNELS, known
from fer_exp.training.kernels.stacked_mlp import stackable


@pytest.mark.parametrize("kind", KERNELS, ids=lambda kind: kind.__name__)
def test_each_kernel_is_autograds(kind, caplog):
    """In this PyTorch nothing is left out."""
    assert known(nn.Softmax(1) if kind is nn.Softmax else kind())
    assert not caplog.records


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({}, "no attribute"),
        ({"threshold_backward": SimpleNamespace(grad_input=lambda s, *_, **__: s)}, "another"),
    ],
)
def test_a_kernel_that_has_changed_is_left_to_autograd(monkeypatch, caplog, names, reason):
    """Whether PyTorch has renamed it or changed it; a line in the log says so, once."""
    monkeypatch.setattr(manual_backprop, "aten", SimpleNamespace(**names))
    monkeypatch.setattr(manual_backprop, "_agrees", cache(inspect.unwrap(manual_backprop._agrees)))
    assert not known(nn.ReLU())
    assert not stackable(nn.ReLU())
    [line] = caplog.messages
    assert line.startswith("ReLU is trained by autograd")
    assert reason in line
