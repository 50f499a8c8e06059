"""Lion, which PyTorch does not have."""

import torch

from fer_exp.training.lion import Lion


def test_lion_moves_each_weight_by_the_whole_rate():
    """Its formula, step by step, with a decay that is no part of the slope."""
    weights, mean = torch.nn.Parameter(torch.tensor([1.0, -2.0])), torch.zeros(2)
    optimizer, expected = (
        Lion([weights], lr=0.1, weight_decay=0.5, betas=(0.9, 0.8)),
        weights.detach().clone(),
    )
    for slope in (torch.tensor([1.0, -3.0]), torch.tensor([-20.0, 0.5])):
        weights.grad = slope
        optimizer.step()
        expected = (1 - 0.1 * 0.5) * expected - 0.1 * torch.sign(0.9 * mean + 0.1 * slope)
        mean = 0.8 * mean + 0.2 * slope
    torch.testing.assert_close(weights.detach(), expected)
