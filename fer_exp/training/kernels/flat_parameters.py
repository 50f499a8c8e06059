"""All weights of a network in one buffer, and their gradients in another.

The network's parameters become views of the buffer, so that an optimizer which treats every number on
its own goes over one tensor instead of a dozen small ones. What is saved does not show it: an optimizer's
state is kept parameter by parameter, as PyTorch has it.
"""

import itertools
from typing import Any

import torch
from torch import nn

# PyTorch's products are fastest on rows that start at a cache line: 16 float32 are 64 bytes
ALIGNED = 16


class FlatParameters:
    """The weights of `network` as one parameter `whole`, float32 [n], whose gradient is in place.

    whole, and each parameter of the network, keep the tensor in their `.grad`: write there, or zero it,
    but never set it to None.
    """

    def __init__(self, network: nn.Module):
        self.parameters = list(network.parameters())
        sizes = (-(-weight.numel() // ALIGNED) * ALIGNED for weight in self.parameters)
        self.starts = list(itertools.accumulate(sizes, initial=0))
        like = self.parameters[0]
        self.whole = nn.Parameter(torch.zeros(self.starts[-1], dtype=like.dtype, device=like.device))
        gradient = self.whole.grad = torch.zeros_like(self.whole)
        with torch.no_grad():
            for place, weight in zip(self.split(self.whole.data), self.parameters, strict=True):
                place.copy_(weight)
        self._point(gradient)

    def move(self, whole: torch.Tensor, gradient: torch.Tensor) -> None:
        """Keep the weights in `whole` [n] from now on and their gradients in `gradient` [n]."""
        self.whole.data, self.whole.grad = whole.copy_(self.whole.data), gradient
        self._point(gradient)

    def _point(self, gradient: torch.Tensor) -> None:
        places = zip(self.split(self.whole.data), self.split(gradient), strict=True)
        for weight, (place, slope) in zip(self.parameters, places, strict=True):
            weight.data, weight.grad = place, slope

    def split(self, whole: torch.Tensor) -> list[torch.Tensor]:
        """Views of a tensor [..., n], shaped as the network's parameters."""
        return [
            whole[..., start : start + weight.numel()].unflatten(-1, weight.shape)
            for start, weight in zip(self.starts, self.parameters, strict=False)
        ]

    def join(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """The tensor [n] of which `split` gives these parts."""
        whole = torch.zeros_like(self.whole, requires_grad=False)
        for place, part in zip(self.split(whole), parts, strict=True):
            place.copy_(part)
        return whole

    def apart(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state dict of an optimizer over `whole` as that of one over the network's parameters."""
        places = range(len(self.parameters))
        [group] = state["param_groups"]
        found: dict[int, dict[str, Any]] = {place: {} for place in places if state["state"]}
        for key, value in state["state"].get(0, {}).items():
            each = torch.is_tensor(value) and value.shape == self.whole.shape
            for place, part in enumerate(self.split(value) if each else [value] * len(places)):
                found[place][key] = part
        return {"state": found, "param_groups": [{**group, "params": list(places)}]}

    def together(self, state: dict[str, Any]) -> dict[str, Any]:
        """What `apart` gave, for an optimizer over `whole` again."""
        [group] = state["param_groups"]
        found = {}
        for key, value in state["state"].get(0, {}).items():
            each = torch.is_tensor(value) and value.shape == self.parameters[0].shape
            parts = [state["state"][place][key] for place in range(len(self.parameters))] if each else []
            found[key] = self.join(parts) if each else value
        return {"state": {0: found} if found else {}, "param_groups": [{**group, "params": [0]}]}
