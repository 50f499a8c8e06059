"""A config reaches PyTorch's parts and this package's, and nothing else."""

import pytest
from torch import nn, optim

from fer_exp.config.targets import check_options, named_class
from fer_exp.errors import UserError


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "torch.load",
        "torch.serialization.load",
        "fer_exp_evil.Thing",
        "os.path.join",
        "torch.hub.load",
        "torch.nnx.Evil",
        "eval",
        "",
    ],
)
@pytest.mark.fault(
    "Security: a config that names code outside", trials=11, expected="refused with one line, not imported"
)
def test_code_outside_is_refused(target):
    """Whatever another person's config names, it is not imported."""
    with pytest.raises(UserError, match="must lie in"):
        named_class("model.activation", target, nn.Module)


@pytest.mark.parametrize("target", ["torch.nn.NoSuch", "torch.nn.no.such"])
def test_an_unknown_class_is_refused(target):
    """The key is named."""
    with pytest.raises(UserError, match=r"model\.activation\.target=.*there is no such class"):
        named_class("model.activation", target, nn.Module)


@pytest.mark.parametrize(
    "target", ["torch.nn.functional.relu", "torch.optim.Adam", "fer_exp.models.factory.build"]
)
@pytest.mark.fault(
    "Security: a config that names another kind of thing", trials=3, expected="refused with one line"
)
def test_another_kind_is_refused(target):
    """A function or an optimizer is no activation."""
    with pytest.raises(UserError, match="is not a torch"):
        named_class("model.activation", target, nn.Module)


def test_pytorchs_own_classes_are_found():
    """Activations and optimizers by their full names."""
    assert named_class("x", "torch.nn.Tanh", nn.Module) is nn.Tanh
    assert named_class("x", "torch.optim.SGD", optim.Optimizer) is optim.SGD


def test_options_are_checked_against_the_constructor():
    """The known ones pass, another is named."""
    check_options("optimizer", optim.SGD, {"momentum": 0.9})
    with pytest.raises(UserError, match=r"optimizer\.options\.momentun"):
        check_options("optimizer", optim.SGD, {"momentun": 0.9})
