"""The optimizer of a run."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import torch

from fer_exp.config import settings
from fer_exp.config.targets import check_options, named_class
from fer_exp.errors import UserError
from fer_exp.training.kernels import fused_optimizers
from fer_exp.training.lion import Lion

# Each number of a weight moves by its own gradient and history alone, so all weights may be one tensor.
ELEMENTWISE = (
    torch.optim.SGD,
    torch.optim.Adagrad,
    torch.optim.RMSprop,
    torch.optim.Adadelta,
    torch.optim.Adam,
    torch.optim.NAdam,
    torch.optim.AdamW,
    Lion,
)

# What PyTorch raises for options that it does not take.
_MISTAKES = (TypeError, ValueError, RuntimeError, IndexError)

# PyTorch has their one kernel for no GPU.
FUSED_ON_CPU_ALONE = (torch.optim.Adagrad,)


def elementwise(config: settings.Optimizer) -> bool:
    """Whether the class of this config is known to treat every number on its own."""
    return _class_of(config.target) in ELEMENTWISE


def check(config: settings.Optimizer) -> None:
    """Raise UserError for options that PyTorch's class does not take, which it alone can judge.

    Some are only looked at in a step, so two are made.
    """
    shapes = ((3,),) if elementwise(config) else ((2, 2), (2,))
    weights = [torch.nn.Parameter(torch.zeros(shape)) for shape in shapes]
    # the step of training, since PyTorch's own of these imports its compiler
    optimizer = build_flat(config, weights[0]) if elementwise(config) else build(config, weights)
    try:
        for _ in range(2):
            for weight in weights:
                weight.grad = torch.zeros_like(weight)
            optimizer.step()
    except (*_MISTAKES, AssertionError) as error:
        raise UserError(f"optimizer={config.name}: {error}") from None


def build(config: settings.Optimizer, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of this config over `parameters`, fused where PyTorch has it so."""
    return _make(_class_of(config.target), config, list(parameters))


def build_flat(config: settings.Optimizer, whole: torch.nn.Parameter) -> torch.optim.Optimizer:
    """The same over all weights as one tensor [n], for a config that is `elementwise`."""
    cls = _class_of(config.target)
    return _make(
        fused_optimizers.FASTER.get(cls, cls) if whole.device.type == "cpu" else cls, config, [whole]
    )


@cache
def _class_of(target: str) -> type[torch.optim.Optimizer]:
    return named_class("optimizer", target, torch.optim.Optimizer)


def _make(
    cls: type[torch.optim.Optimizer], config: settings.Optimizer, parameters: list[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    check_options("optimizer", cls, config.options)
    # one kernel a step instead of a dozen: at batch 32 the step of a small network is mostly overhead
    fused = {"fused": True} if "fused" in inspect.signature(cls).parameters else {}
    # which excludes the other, if that was asked for
    fused = {} if config.options.get("foreach") else fused
    if issubclass(cls, FUSED_ON_CPU_ALONE) and parameters[0].device.type == "cuda":
        fused = {}
    make: Callable[..., torch.optim.Optimizer] = cls
    try:
        return make(parameters, lr=config.lr, weight_decay=config.weight_decay, **{**fused, **config.options})
    except _MISTAKES as error:
        raise UserError(f"optimizer={config.name}: {error}") from None


def together(optimizers: Sequence[torch.optim.Optimizer]) -> list[torch.optim.Optimizer]:
    """What steps the same weights with the same states, in as few calls as can be.

    optimizers: each over one tensor, as `build_flat` makes them, and past its first step, which makes its
    state. Those of a class with equal options, the learning rate too, become one whose kernels take all
    their tensors at once.
    """
    groups: dict[tuple[type, str], list[torch.optim.Optimizer]] = {}
    for place, one in enumerate(optimizers):
        # these know one tensor, where nothing is gained by more
        alike = place if isinstance(one, fused_optimizers.SingleTensorOptimizer) else _options(one)
        groups.setdefault((type(one), repr(alike)), []).append(one)
    return [_joined(alike) if len(alike) > 1 else alike[0] for alike in groups.values()]


def _options(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    [group] = optimizer.param_groups
    return {key: value for key, value in group.items() if key != "params"}


def _joined(alike: Sequence[torch.optim.Optimizer]) -> torch.optim.Optimizer:
    wholes = [one.param_groups[0]["params"][0] for one in alike]
    make: Callable[..., torch.optim.Optimizer] = type(alike[0])
    joined = make(wholes, lr=0.1)
    joined.param_groups[0].update(_options(alike[0]))
    joined.state.clear()
    for one in alike:
        joined.state.update(one.state)
    return joined
