"""The activation of a network, by the name that its settings give."""

from collections.abc import Callable

import torch
from torch import nn

from fer_exp.config.settings import Activation
from fer_exp.config.targets import check_options, named_class
from fer_exp.errors import UserError


def activation_factory(settings: Activation) -> Callable[[], nn.Module]:
    """What makes one activation module a layer, e.g. of `torch.nn.LeakyReLU`."""
    cls = named_class("model.activation", settings.target, nn.Module)
    check_options("model.activation", cls, settings.options)
    if settings.options.get("inplace"):
        raise UserError("model.activation.options.inplace=true would overwrite what a residual block adds")
    try:
        # two widths, as some modules fit one alone
        fits = all(cls(**settings.options)(torch.zeros(2, n)).shape == (2, n) for n in (4, 5))
    except (TypeError, ValueError, RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"model.activation={settings.name}: {error}") from None
    if not fits:
        raise UserError(f"model.activation={settings.name}: {settings.target} changes the number of units")
    return lambda: cls(**settings.options)
