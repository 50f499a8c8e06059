"""MLP-Mixer (Tolstikhin et al. 2021): perceptrons over patches, so not an MLP on pixels."""

from torch import Tensor, nn

from fer_exp.config.settings import MixerModel
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.models.activation import activation_factory
from fer_exp.models.linear import Linear
from fer_exp.models.network import Network


class Mixer(Network):
    """patches -> linear -> a block per hidden layer -> layer norm -> mean over patches -> linear.

    hidden: the channels of a patch, the same in each block.
    """

    def __init__(self, settings: MixerModel, shift: Tensor, scale: Tensor):
        super().__init__(settings, shift, scale)
        [channels] = set(settings.hidden)
        activation = activation_factory(settings.activation)
        patches = (SIDE // settings.patch) ** 2

        def perceptron(units: int, between: int) -> nn.Sequential:
            dropout = nn.Dropout(settings.dropout)
            return nn.Sequential(Linear(units, between), activation(), dropout, Linear(between, units))

        # the paper's proportions: half the channels between patches, four times them within
        blocks = [
            Block(channels, perceptron(patches, channels // 2), perceptron(channels, 4 * channels))
            for _ in settings.hidden
        ]
        self.layers = nn.Sequential(
            Patches(settings.patch),
            Linear(settings.patch**2, channels),
            *blocks,
            nn.LayerNorm(channels),
            Mean(),
            Linear(channels, len(EMOTIONS)),
        )

    @classmethod
    def check(cls, settings: MixerModel) -> None:
        """Refuse blocks of several widths, and patches that do not fill the picture."""
        if len(set(settings.hidden)) > 1 or settings.hidden[0] < 2:
            raise UserError(f"model.hidden={settings.hidden}: a mixer needs blocks of one width, at least 2")
        if SIDE % settings.patch:
            raise UserError(f"model.patch={settings.patch}: must divide {SIDE}")

    @classmethod
    def activations(cls, settings: MixerModel) -> int:
        """Of each block between the patches, then within each."""
        patches = (SIDE // settings.patch) ** 2
        blocks = sum(
            channels * (channels // 2 + patches) + 5 * patches * channels for channels in settings.hidden
        )
        return patches * settings.hidden[0] + blocks + len(EMOTIONS)


class Patches(nn.Module):
    """Pixels [B, 2304] -> patches [B, P, side * side], row by row."""

    def __init__(self, side: int):
        super().__init__()
        self.side = side

    def forward(self, pixels: Tensor) -> Tensor:
        """Cut the pictures up."""
        count = SIDE // self.side
        grid: Tensor = pixels.unflatten(1, (count, self.side, count, self.side))
        return grid.transpose(2, 3).flatten(3).flatten(1, 2)


class Block(nn.Module):
    """Mixes between the patches, then within each."""

    def __init__(self, channels: int, between: nn.Module, within: nn.Module):
        super().__init__()
        self.before_between, self.before_within = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.between, self.within = between, within

    def forward(self, entering: Tensor) -> Tensor:
        """[B, P, C] -> [B, P, C]."""
        mixed: Tensor = entering + self.between(self.before_between(entering).transpose(1, 2)).transpose(1, 2)
        within: Tensor = self.within(self.before_within(mixed))
        return mixed + within


class Mean(nn.Module):
    """The mean over the patches, [B, P, C] -> [B, C]."""

    def forward(self, entering: Tensor) -> Tensor:
        """Take it."""
        return entering.mean(1)
