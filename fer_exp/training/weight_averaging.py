"""Weight averaging: a second network whose weights follow those that learn (Polyak and Juditsky 1992)."""

from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fer_exp.models.network import Network

Tensors = tuple[Tensor, ...] | list[Tensor]


def averaged(network: Network, keep: float) -> AveragedModel:
    """The running mean of a network's weights and statistics, for `update_parameters` after each step.

    keep: the share of the mean that a step keeps, once there have been enough steps; the first steps
    keep less, so that the initial weights are soon forgotten.
    """

    def follow(mean: Tensors, new: Tensors, steps: Tensor | int) -> None:
        count = int(steps)
        get_ema_multi_avg_fn(min(keep, count / (count + 10)))(mean, new, steps)

    return AveragedModel(network, multi_avg_fn=follow, use_buffers=True).requires_grad_(False)
