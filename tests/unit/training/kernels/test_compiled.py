"""The compiled loops do as PyTorch does, and training goes on without them.

The optimizers' are tried in `test_step`.
"""

import inspect
import shutil
from functools import cache

import pytest
import torch

from fer_exp.training.kernels import compiled
from fer_exp.training.kernels.compiled import LANES, Products


@pytest.fixture
def loops():
    """Those for float64, whose rounding hides nothing."""
    found = compiled.loops(torch.zeros(1, dtype=torch.float64))
    return found or pytest.skip("this system has no C++ compiler")


def numbers(*shape: int) -> torch.Tensor:
    """The same numbers each time, float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


# one tile and less, edges of both sides, and more rows than are taken at once
SHAPES = [(1, 1, LANES), (4, 6, 3 * LANES), (7, 13, 9 * LANES), (70, 8, LANES)]


@pytest.mark.parametrize(("rows", "n_out", "n_in"), SHAPES)
def test_products_are_pytorchs(loops, rows, n_out, n_in):
    """Forward, the weights' gradient and the slope of what entered."""
    entered, weight, bias, slope = (
        numbers(rows, n_in),
        numbers(n_out, n_in),
        numbers(n_out),
        numbers(rows, n_out),
    )
    by = Products(loops)
    left = by.affine(bias, entered, weight.t(), torch.full_like(slope, torch.nan))
    torch.testing.assert_close(left, entered @ weight.t() + bias)
    gradient = by.product(slope.t(), entered, torch.full_like(weight, torch.nan))
    torch.testing.assert_close(gradient, slope.t() @ entered)
    torch.testing.assert_close(by.product(slope, weight, torch.empty_like(entered)), slope @ weight)


@pytest.fixture
def _anew(monkeypatch, tmp_path):
    """A user who has compiled nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiled, "_library", cache(inspect.unwrap(compiled._library)))


@pytest.mark.usefixtures("_anew")
def test_training_goes_on_without_a_compiler(monkeypatch, caplog, tmp_path):
    """By PyTorch's loops, with one line in the log, and nothing is written."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for _ in range(2):
        assert compiled.loops(torch.zeros(1)) is None
    assert compiled.in_use("cpu") == "plain"
    [line] = caplog.messages
    assert "no C++ compiler was found" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_anew")
def test_what_a_compiler_says_is_told(monkeypatch, caplog, tmp_path):
    """Of a source that it does not take; nothing half-written is left."""
    broken = tmp_path / "broken.cpp"
    broken.write_text("#error not today")
    monkeypatch.setattr(compiled, "SOURCES", (broken,))
    if not any(map(shutil.which, compiled.COMPILERS)):
        pytest.skip("this system has no C++ compiler")
    assert compiled.loops(torch.zeros(1)) is None
    assert "not today" in caplog.text
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.usefixtures("_anew", "loops")
def test_it_is_compiled_once(monkeypatch):
    """The next process finds it and needs no compiler."""
    with monkeypatch.context() as context:
        context.setattr(compiled, "FLAGS", ("-O0", *compiled.FLAGS[1:]))
        assert compiled.loops(torch.zeros(1))
        context.setattr(compiled, "_library", cache(inspect.unwrap(compiled._library)))
        context.setattr(shutil, "which", lambda _: None)
        assert compiled.loops(torch.zeros(1))


@pytest.mark.parametrize(("kind", "device"), [(torch.float16, "cpu"), (torch.float32, "meta")])
def test_other_numbers_and_devices_are_pytorchs(kind, device):
    """They are compiled for float and double on a processor."""
    assert compiled.loops(torch.empty(1, dtype=kind, device=device)) is None
