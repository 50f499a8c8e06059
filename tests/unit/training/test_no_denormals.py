"""Numbers that slow a processor down are zero while it learns."""

import pytest
import torch

from fer_exp.training.step import no_denormals


def test_numbers_below_normal_are_zero_only_while_learning():
    """Whatever ends it: the mode belongs to the whole process."""
    tiny = torch.full((1,), 1e-40)
    halves = []

    def interrupted() -> None:
        with no_denormals():
            halves.append((tiny / 2).item())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert halves == [0]
    assert (tiny / 2).item() > 0
