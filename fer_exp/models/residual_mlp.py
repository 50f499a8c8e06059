"""A fully connected network whose layers add to what they take in (He et al. 2016, identity mappings)."""

from collections.abc import Callable

from torch import Tensor, nn

from fer_exp.config.settings import MLPModel
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models.activation import activation_factory
from fer_exp.models.linear import Linear
from fer_exp.models.network import PIXELS, Network, norm_of


class ResidualMLP(Network):
    """linear -> a block per further hidden layer -> normalisation, activation, dropout -> linear.

    All hidden layers have one width. Without blocks it is an MLP of one hidden layer.
    """

    def __init__(self, settings: MLPModel, shift: Tensor, scale: Tensor):
        super().__init__(settings, shift, scale)
        [width] = set(settings.hidden)

        def before() -> list[nn.Module]:
            activation = activation_factory(settings.activation)()
            return [*norm_of(settings.norm, width), activation, nn.Dropout(settings.dropout)]

        blocks = [Block(width, before) for _ in settings.hidden[1:]]
        self.layers = nn.Sequential(Linear(PIXELS, width), *blocks, *before(), Linear(width, len(EMOTIONS)))

    @classmethod
    def check(cls, settings: MLPModel) -> None:
        """Refuse layers of several widths: what is added must be as wide as what it is added to."""
        if len(set(settings.hidden)) > 1:
            raise UserError(f"model.hidden={settings.hidden}: residual blocks need layers of one width")

    @classmethod
    def activations(cls, settings: MLPModel) -> int:
        """Two layers a block."""
        return 2 * sum(settings.hidden) - settings.hidden[0] + len(EMOTIONS)


class Block(nn.Module):
    """x + linear(before(linear(before(x)))), where `before` is normalisation, activation and dropout."""

    def __init__(self, width: int, before: Callable[[], list[nn.Module]]):
        super().__init__()
        self.inner = nn.Sequential(*before(), Linear(width, width), *before(), Linear(width, width))

    def forward(self, entering: Tensor) -> Tensor:
        """[B, width] -> [B, width]."""
        added: Tensor = self.inner(entering)
        return entering + added
