"""Products are those of PyTorch's own layer, whichever library computes them."""

import inspect
from functools import cache
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from fer_exp.models import linear

ROWS, N_IN, N_OUT = 64, 300, 128


@pytest.fixture
def onednn(monkeypatch):
    """A machine on which oneDNN is taken; what it was asked for, as shapes of the products."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this PyTorch has no oneDNN")
    # before what is asked for is counted
    assert linear._onednn_agrees()
    asked = []
    compute = linear._onednn

    def counted(left, right, bias=None):
        asked.append((tuple(left.shape), tuple(right.shape)))
        return compute(left, right, bias)

    monkeypatch.setattr(linear, "_mkl_is_slow", lambda: True)
    monkeypatch.setattr(linear, "_onednn", counted)
    return asked


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({}, "_linear_pointwise"),
        ({"_linear_pointwise": lambda left, *_: left @ torch.ones(3, 4)}, "other numbers"),
    ],
)
def test_training_goes_on_without_onednns_product(onednn, monkeypatch, caplog, names, reason):
    """Whether PyTorch has renamed it or changed it: by PyTorch's own layer, with a line in the log."""
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(**names))
    monkeypatch.setattr(linear, "_onednn_agrees", cache(inspect.unwrap(linear._onednn_agrees)))
    entering, ours, theirs = both(ROWS)
    for _ in range(2):
        assert torch.equal(ours(entering), theirs(entering))
    [line] = caplog.messages
    assert reason in line
    # the tries
    assert all(left == (2, 3) for left, _ in onednn)


def both(*shape: int) -> tuple[torch.Tensor, nn.Linear, nn.Linear]:
    """Numbers of a shape [..., N_IN], our layer, and PyTorch's of the same weights."""
    torch.manual_seed(0)
    ours, theirs = linear.Linear(N_IN, N_OUT), nn.Linear(N_IN, N_OUT)
    theirs.load_state_dict(ours.state_dict())
    return torch.randn(*shape, N_IN), ours, theirs


@pytest.mark.parametrize("shape", [(ROWS,), (4, ROWS), (2, 3, ROWS)])
def test_layer_and_its_gradients_are_pytorchs(onednn, shape):
    """Of rows, and of rows in batches."""
    entering, ours, theirs = both(*shape)
    slope = torch.randn(*shape, N_OUT)
    found = []
    for layer in (ours, theirs):
        given = entering.clone().requires_grad_()
        left = layer(given)
        (left * slope).sum().backward()
        found.append((left.detach(), given.grad, layer.weight.grad, layer.bias.grad))
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-4)
    assert len(onednn) == 3


def test_first_layer_needs_no_slope_of_its_inputs(onednn):
    """One product less: pictures learn nothing."""
    entering, ours, _ = both(ROWS)
    ours(entering).sum().backward()
    assert onednn == [((ROWS, N_IN), (N_OUT, N_IN)), ((N_OUT, ROWS), (N_IN, ROWS))]


@pytest.mark.usefixtures("onednn")
def test_strided_and_repeated_numbers():
    """Transposed between patches, as the mixer has them, and a slope that is one number everywhere."""
    entering, ours, theirs = both(4, ROWS)
    entering = entering.transpose(0, 1)
    found = []
    for layer in (ours, theirs):
        given = entering.detach().requires_grad_()
        layer(given).mean().backward()
        found.append((given.grad, layer.weight.grad, layer.bias.grad))
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)


def test_products_without_a_layer(onednn):
    """As a step that is written out by hand asks for them."""
    left, right, bias = torch.randn(N_OUT, ROWS), torch.randn(ROWS, N_IN), torch.randn(N_OUT)
    by = linear.fastest(linear.WORTHWHILE, left)
    found = by.product(left, right, torch.empty(N_OUT, N_IN))
    torch.testing.assert_close(found, left @ right, rtol=1e-4, atol=1e-4)
    left = by.affine(bias, right, found.t(), torch.empty(ROWS, N_OUT))
    torch.testing.assert_close(left, right @ found.t() + bias, rtol=1e-4, atol=1e-2)
    assert len(onednn) == 2


def test_small_products_are_written_to_memory_that_is_given(onednn):
    """As PyTorch's library does."""
    left, right, bias = torch.randn(2, 3), torch.randn(3, 4), torch.randn(4)
    out = torch.empty(2, 4)
    by = linear.fastest(linear.WORTHWHILE - 1, left)
    assert by.product(left, right, out) is out
    assert torch.equal(out, left @ right)
    assert by.affine(bias, left, right, out) is out
    torch.testing.assert_close(out, left @ right + bias)
    assert not onednn


def test_what_onednn_is_not_asked_for(onednn):
    """Small products, float64, and half precision by autocast."""
    entering, ours, theirs = both(ROWS)
    assert torch.equal(ours(entering[:3]), theirs(entering[:3]))
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(entering).dtype == torch.bfloat16
    assert torch.equal(ours.double()(entering.double()), theirs.double()(entering.double()))
    assert not onednn


@pytest.mark.parametrize(
    ("able", "slow"),
    [
        ({"cpu_name": "AMD Ryzen 9 7950X", "avx512_f": True}, True),
        ({"cpu_name": "AMD Ryzen 7 5800X", "avx512_f": False}, False),
        ({"cpu_name": "Intel(R) Xeon(R) Gold 6230", "avx512_f": True}, False),
        ({"architecture": "arm64"}, False),
        # what PyTorch 2.9 says
        (None, False),
    ],
)
def test_library_is_chosen_by_the_processor(monkeypatch, able, slow):
    """MKL's AVX-512 is for Intel alone."""
    if able is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    for library in (torch.backends.mkl, torch.backends.mkldnn):
        monkeypatch.setattr(library, "is_available", lambda: True)
    assert inspect.unwrap(linear._mkl_is_slow)() is slow
