"""Optimizers and schedulers are what the settings say."""

import pytest
import torch

from fer_exp import optimizers
from fer_exp.errors import UserError

NAMES = ["sgd", "sgd_momentum", "adagrad", "rmsprop", "adadelta", "adam", "nadam", "adamw"]


@pytest.mark.parametrize("name", NAMES)
def test_each_optimizer_takes_a_step_at_its_own_rate(compose_settings, name):
    """The settings reach PyTorch, and a gradient moves the weights."""
    chosen = compose_settings(f"optimizer={name}").optimizer
    weights = torch.nn.Parameter(torch.ones(3))
    optimizer = optimizers.build(chosen, [weights])
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (chosen.lr, chosen.weight_decay)
    for option, value in chosen.options.items():
        assert (list(group[option]) if isinstance(value, list) else group[option]) == value
    weights.grad = torch.ones(3)
    optimizer.step()
    assert (weights < 1).all()


def test_one_kernel_a_step_where_pytorch_has_it(compose_settings):
    """Adam is fused, which a small batch needs; RMSprop has no such kernel."""
    weights = [torch.nn.Parameter(torch.ones(3))]
    assert optimizers.build(compose_settings().optimizer, weights).param_groups[0]["fused"]
    rmsprop = optimizers.build(compose_settings("optimizer=rmsprop").optimizer, weights)
    assert "fused" not in rmsprop.param_groups[0]


def test_a_value_that_pytorch_refuses_is_one_line(compose_settings):
    """PyTorch's own bounds count too."""
    chosen = compose_settings("optimizer.options.betas=[0.9,2]").optimizer
    with pytest.raises(UserError, match="optimizer=adam: Invalid beta"):
        optimizers.build(chosen, [torch.nn.Parameter(torch.ones(1))])


@pytest.mark.parametrize(
    ("name", "kind"), [("plateau", "ReduceLROnPlateau"), ("cosine", "CosineAnnealingLR")]
)
def test_each_scheduler_is_pytorchs(compose_settings, name, kind):
    """By name, over the optimizer given."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    found = optimizers.build_scheduler(compose_settings(f"scheduler={name}").scheduler, optimizer, 10)
    assert type(found).__name__ == kind


def test_no_scheduler_is_none(compose_settings):
    """A constant rate needs nobody."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    assert optimizers.build_scheduler(compose_settings("scheduler=none").scheduler, optimizer, 10) is None
