"""The optimizer and the learning-rate scheduler of a run."""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from fer_exp.config import settings
from fer_exp.config.targets import check_options, named_class
from fer_exp.errors import UserError
from fer_exp.training.kernels import fused_optimizers

# Each number of a weight moves by its own gradient and history alone, so all weights may be one tensor.
ELEMENTWISE = (
    torch.optim.SGD,
    torch.optim.Adagrad,
    torch.optim.RMSprop,
    torch.optim.Adadelta,
    torch.optim.Adam,
    torch.optim.NAdam,
    torch.optim.AdamW,
)

# PyTorch has their one kernel for no GPU.
FUSED_ON_CPU_ALONE = (torch.optim.Adagrad,)


def elementwise(chosen: settings.Optimizer) -> bool:
    """Whether the class of these settings is known to treat every number on its own."""
    return named_class("optimizer", chosen.target, torch.optim.Optimizer) in ELEMENTWISE


def build(chosen: settings.Optimizer, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of these settings over `parameters`, fused where PyTorch has it so."""
    return _make(named_class("optimizer", chosen.target, torch.optim.Optimizer), chosen, parameters)


def build_flat(chosen: settings.Optimizer, whole: torch.nn.Parameter) -> torch.optim.Optimizer:
    """The same over all weights as one tensor [n], for settings that are `elementwise`."""
    cls = named_class("optimizer", chosen.target, torch.optim.Optimizer)
    return _make(
        fused_optimizers.FASTER.get(cls, cls) if whole.device.type == "cpu" else cls, chosen, [whole]
    )


def _make(
    cls: type, chosen: settings.Optimizer, parameters: Iterable[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    check_options("optimizer", cls, chosen.options)
    parameters = list(parameters)
    # one kernel a step instead of a dozen: at batch 32 the step of a small network is mostly overhead
    fused = {"fused": True} if "fused" in inspect.signature(cls).parameters else {}
    if issubclass(cls, FUSED_ON_CPU_ALONE) and parameters[0].device.type == "cuda":
        fused = {}
    try:
        return cls(parameters, lr=chosen.lr, weight_decay=chosen.weight_decay, **fused, **chosen.options)
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        raise UserError(f"optimizer={chosen.name}: {error}") from None


def together(optimizers: Sequence[torch.optim.Optimizer]) -> list[torch.optim.Optimizer]:
    """What steps the same weights with the same states, in as few calls as can be.

    optimizers: each over one tensor, as `build_flat` makes them, and past its first step, which makes its
    state. Those of a class with equal options, the learning rate too, become one whose kernels take all
    their tensors at once.
    """
    groups: dict[tuple, list[torch.optim.Optimizer]] = {}
    for place, one in enumerate(optimizers):
        # ours know one tensor, where nothing is gained by more
        alike = place if isinstance(one, fused_optimizers.SingleTensorOptimizer) else _options(one)
        groups.setdefault((type(one), repr(alike)), []).append(one)
    return [_joined(alike) if len(alike) > 1 else alike[0] for alike in groups.values()]


def _options(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    [group] = optimizer.param_groups
    return {key: value for key, value in group.items() if key != "params"}


def _joined(alike: Sequence[torch.optim.Optimizer]) -> torch.optim.Optimizer:
    wholes = [one.param_groups[0]["params"][0] for one in alike]
    joined = type(alike[0])(wholes, lr=0.1)
    joined.param_groups[0].update(_options(alike[0]))
    joined.state.clear()
    for one in alike:
        joined.state.update(one.state)
    return joined
