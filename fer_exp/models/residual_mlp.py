"""A fully connected network whose layers add to what they take in (He et al. 2016, identity mappings)."""

from collections.abc import Callable

from torch import Tensor, nn

from fer_exp.config.settings import ResidualModel
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.activation import activation_factory
from fer_exp.models.linear import Linear
from fer_exp.models.network import PIXELS, Network, norm_of


class ResidualMLP(Network):
    """linear -> a block per further hidden layer -> normalisation, activation, dropout -> linear.

    All hidden layers have one width, and a block `expand` times as many units within. Without blocks it is an
    MLP of one hidden layer.
    """

    def __init__(self, settings: ResidualModel, shift: Tensor, scale: Tensor):
        super().__init__(settings, shift, scale)
        [width] = set(settings.hidden)

        def before(units: int) -> list[nn.Module]:
            activation = activation_factory(settings.activation)()
            return [*norm_of(settings.norm, units), activation, nn.Dropout(settings.dropout)]

        blocks = [Block(width, settings.expand * width, before) for _ in settings.hidden[1:]]
        last = [*before(width), Linear(width, len(EMOTIONS))]
        self.layers = nn.Sequential(Linear(PIXELS, width), *blocks, *last)

    @classmethod
    def check(cls, settings: ResidualModel) -> None:
        """Refuse layers of several widths: what is added must be as wide as what it is added to."""
        if len(set(settings.hidden)) > 1:
            raise UserError(f"model.hidden={settings.hidden}: residual blocks need layers of one width")

    @classmethod
    def activations(cls, settings: ResidualModel) -> int:
        """Two layers a block."""
        blocks = sum(settings.hidden[1:])
        return settings.hidden[0] + (settings.expand + 1) * blocks + len(EMOTIONS)


class Block(nn.Module):
    """x + linear(before(linear(before(x)))), where `before` is normalisation, activation and dropout.

    inner: the units between; with more than `width` it is an inverted bottleneck (Bachmann et al. 2023).
    """

    def __init__(self, width: int, inner: int, before: Callable[[int], list[nn.Module]]):
        super().__init__()
        self.inner = nn.Sequential(*before(width), Linear(width, inner), *before(inner), Linear(inner, width))

    def forward(self, entering: Tensor) -> Tensor:
        """[B, width] -> [B, width]."""
        added: Tensor = self.inner(entering)
        return entering + added
