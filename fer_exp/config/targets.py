"""Classes that a config may name.

A config is data and may come from somebody else's run, so a name in it reaches PyTorch's own
optimizers and modules and this package, and nothing else.
"""

import importlib
import inspect
from typing import Any

from fer_exp.errors import UserError

_PACKAGES = ("torch.nn", "torch.optim", "fer_exp")


def named_class(key: str, target: str, base: type) -> type:
    """The subclass of `base` that the config key `key` names as `target`, e.g. `torch.nn.ReLU`."""
    package, _, name = target.rpartition(".")
    if not any(package == allowed or package.startswith(allowed + ".") for allowed in _PACKAGES):
        raise UserError(f"{key}.target={target}: must lie in {', '.join(_PACKAGES)}")
    try:
        found = getattr(importlib.import_module(package), name)
    except (ImportError, AttributeError):
        raise UserError(f"{key}.target={target}: there is no such class") from None
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise UserError(f"{key}.target={target}: is not a {base.__module__}.{base.__qualname__}")
    return found


def check_options(key: str, cls: type, options: dict[str, Any]) -> None:
    """Refuse options that the constructor of `cls` does not take."""
    known = inspect.signature(cls).parameters
    for option in options:
        if option not in known:
            raise UserError(f"{key}.options.{option}: {cls.__name__} takes {', '.join(known)}")
