"""Optimizers and schedulers are what the settings say."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fer_exp.errors import UserError
from fer_exp.training import optimizers, schedulers

NAMES = sorted(path.stem for path in (Path(__file__).parents[3] / "conf" / "optimizer").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_each_optimizer_takes_a_step_at_its_own_rate(compose_settings, name):
    """The settings reach PyTorch, and a gradient moves the weights."""
    config = compose_settings(f"optimizer={name}").optimizer
    weights = torch.nn.Parameter(torch.ones(3, 3))
    optimizer = optimizers.build(config, [weights])
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (config.lr, config.weight_decay)
    for option, value in config.options.items():
        assert (list(group[option]) if isinstance(value, list) else group[option]) == value
    weights.grad = torch.ones(3, 3)
    optimizer.step()
    assert (weights < 1).all()


def test_adam_is_fused_and_rmsprop_is_not(compose_settings):
    """A small batch needs it; RMSprop has no such kernel."""
    weights = [torch.nn.Parameter(torch.ones(3))]
    assert optimizers.build(compose_settings().optimizer, weights).param_groups[0]["fused"]
    rmsprop = optimizers.build(compose_settings("optimizer=rmsprop").optimizer, weights)
    assert "fused" not in rmsprop.param_groups[0]


def test_a_value_that_pytorch_refuses_is_one_line(compose_settings):
    """PyTorch's own bounds count too."""
    config = compose_settings("optimizer.options.betas=[0.9,2]").optimizer
    with pytest.raises(UserError, match="optimizer=adam: Invalid beta"):
        optimizers.check(config)


@pytest.mark.parametrize(
    "options", [{"foreach": True, "fused": True}, {"differentiable": True}, {"betas": [0.9]}, {"lr": 1}]
)
def test_options_that_clash_are_one_line(compose_settings, options):
    """Whether PyTorch refuses by a RuntimeError, an IndexError or a TypeError."""
    config = dataclasses.replace(compose_settings().optimizer, options=options)
    with pytest.raises(UserError, match="optimizer=adam: "):
        optimizers.check(config)


@pytest.mark.parametrize(
    ("name", "options"),
    [("adam", {"betas": [0.9, 0.99, 0.9]}), ("rmsprop", {"capturable": True}), ("muon", {"momentum": -1})],
)
def test_options_that_fail_in_a_step_are_one_line(compose_settings, name, options):
    """Before any data is read: PyTorch takes them, and looks at them later."""
    config = dataclasses.replace(compose_settings(f"optimizer={name}").optimizer, options=options)
    with pytest.raises(UserError, match=f"optimizer={name}: "):
        optimizers.check(config)


@pytest.mark.parametrize("options", [{"fused": False}, {"foreach": True}])
def test_a_kernel_that_is_asked_for_is_used(compose_settings, options):
    """In the place of the fused one."""
    config = dataclasses.replace(compose_settings().optimizer, options=options)
    optimizers.check(config)
    made = optimizers.build(config, [torch.nn.Parameter(torch.zeros(2))])
    assert not made.param_groups[0].get("fused")


def test_a_wrong_option_is_named(compose_settings):
    """The key and what the class takes are said."""
    config = dataclasses.replace(compose_settings().optimizer, options={"momentum": 0.9})
    with pytest.raises(UserError, match=r"optimizer\.options\.momentum: Adam takes .*betas"):
        optimizers.check(config)


def test_plateau_waits_and_lowers_as_told(compose_settings):
    """Patience and factor reach PyTorch: after patience + 1 bad epochs the rate is cut once."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    config = compose_settings("scheduler.patience=1", "scheduler.factor=0.25").scheduler
    scheduler = schedulers.build(config, optimizer, 10)
    rates = []
    for _ in range(4):
        scheduler.step(1.0)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 0.25, 0.25]


def test_cosine_falls_to_its_lowest_rate_in_the_given_epochs(compose_settings):
    """From the rate, through the middle at half way, to the floor at the end."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    config = compose_settings("scheduler=cosine", "scheduler.min_lr=0.5").scheduler
    scheduler = schedulers.build(config, optimizer, 4)
    rates = [1.0]
    for _ in range(4):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[2] == pytest.approx(0.75)
    assert rates[4] == pytest.approx(0.5)
    assert rates == sorted(rates, reverse=True)


def test_no_scheduler_is_none(compose_settings):
    """A constant rate needs nobody."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    assert schedulers.build(compose_settings("scheduler=none").scheduler, optimizer, 10) is None


@pytest.mark.parametrize(("name", "state"), [("sgd_momentum", "momentum_buffer"), ("adam", "exp_avg")])
def test_optimizers_of_equal_options_step_as_one(compose_settings, name, state):
    """PyTorch's, as on a GPU; one whose rate has fallen steps alone. They move as each does by its own."""
    config = compose_settings(f"optimizer={name}").optimizer
    start = [torch.linspace(place, place + 1, 5) for place in range(3)]
    results = []
    for join in (optimizers.together, list):
        wholes = [torch.nn.Parameter(each.clone()) for each in start]
        own = [optimizers.build(config, [whole]) for whole in wholes]
        for step in range(4):
            if step == 2:
                own[0].param_groups[0]["lr"] /= 10
            for whole in wholes:
                whole.grad = whole.detach() * (step + 1)
            steppers = join(own) if step else own
            if join is optimizers.together and step:
                assert len(steppers) == (1 if step == 1 else 2)
            for each in steppers:
                each.step()
        results.append((wholes, [each.state_dict()["state"] for each in own]))
    (mine, states), (theirs, expected) = results
    for one, other in zip(mine, theirs, strict=True):
        assert torch.equal(one, other)
    torch.testing.assert_close(states, expected, rtol=0, atol=0)
    assert states[0][0][state].any()


def test_a_warmed_up_rate_climbs_and_then_falls(compose_settings):
    """In equal steps to the optimizer's own, then to nothing at the last epoch's end."""
    config = compose_settings("scheduler=cosine", "scheduler.warmup_epochs=3")
    optimizer = optimizers.build(config.optimizer, [torch.nn.Parameter(torch.ones(3))])
    scheduler = schedulers.build(config.scheduler, optimizer, 10)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"] / config.optimizer.lr)
        optimizer.step()
        scheduler.step()
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


def test_a_warm_up_as_long_as_training_is_refused(compose_settings):
    """There would be nothing to warm up for."""
    config = compose_settings("scheduler=cosine", "scheduler.warmup_epochs=10")
    with pytest.raises(
        UserError, match=r"scheduler\.warmup_epochs=10: must be less than training\.epochs=10"
    ):
        schedulers.check(config.scheduler, 10)


_STEPS = """
import sys, torch
from fer_exp.config import settings
from fer_exp.training import optimizers

for name in sys.argv[1:]:
    whole = torch.nn.Parameter(torch.ones(3))
    whole.grad = torch.ones(3)
    chosen = settings.Optimizer(name, name, 0.1, 0.0, {})
    optimizers.check(chosen)
    optimizer = optimizers.build_flat(chosen, whole)
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules
"""


@pytest.mark.slow
def test_no_optimizer_imports_the_compiler():
    """It would cost each start more than a second, and nothing is compiled."""
    names = [f"{cls.__module__}.{cls.__name__}" for cls in optimizers.ELEMENTWISE]
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", _STEPS, *names], env=here, check=True)
