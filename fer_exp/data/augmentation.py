"""Augmentation: a face is turned, moved, covered or mixed afresh each time before it is learnt from.

On tensors, a batch at once, where the faces lie; every draw is from PyTorch's generator of that device.
"""

import math

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn.functional import grid_sample

from fer_exp.config import settings
from fer_exp.fer2013 import SIDE

# Sides of what `erase` covers, in pixels.
_COVERED = (4, 24)


class Augmentation:
    """The changes that some settings ask for, in turn: `warp`, the network's own scaling, `cover`, `mix`."""

    def __init__(self, config: settings.Augmentation):
        self.config = config
        self.warps = any((config.flip, config.rotate, config.shift, config.scale))

    def __bool__(self) -> bool:
        """Whether anything is changed at all."""
        return self.warps or bool(self.config.erase or self.config.mixup)

    def warp(self, pixels: Tensor) -> Tensor:
        """Images [B, 48, 48] of 0..255, turned, scaled, moved and mirrored -> float32 [B, 48, 48].

        What comes in from outside repeats the image's edge.
        """
        if not self.warps:
            return pixels
        config, count, device = self.config, len(pixels), pixels.device

        def either(most: float) -> Tensor:
            return torch.empty(count, device=device).uniform_(-most, most)

        angle, across, down = (
            either(math.radians(config.rotate)),
            *(either(2 * config.shift / SIDE) for _ in range(2)),
        )
        # the grid says where a pixel is taken from, so an image grows as its grid shrinks
        size = 1 / (1 + either(config.scale))
        mirror = 1 - 2 * (torch.rand(count, device=device) < config.flip).float()
        cosine, sine, mirror, across, down = (
            each[:, None, None] for each in (angle.cos() * size, angle.sin() * size, mirror, across, down)
        )
        # middles of the pixels, from -1 to 1. PyTorch's `affine_grid` gives the same in ten times the time
        x = (torch.arange(SIDE, device=device) + 0.5) * (2 / SIDE) - 1
        y = x[:, None]
        columns = cosine * mirror * x - sine * y + across
        rows = sine * mirror * x + cosine * y + down
        grid = torch.stack([columns, rows], 3)
        source = pixels.to(torch.float32).unsqueeze(1)
        return grid_sample(source, grid, padding_mode="border", align_corners=False).squeeze(1)

    def cover(self, inputs: Tensor) -> Tensor:
        """Inputs float32 [B, 2304] with a rectangle of some at zero (random erasing, Zhong et al. 2020)."""
        if not self.config.erase:
            return inputs
        count, device = len(inputs), inputs.device
        places = torch.arange(SIDE, device=device) + 0.5

        def within() -> Tensor:
            middle = torch.empty(count, 1, device=device).uniform_(0, SIDE)
            half = torch.empty(count, 1, device=device).uniform_(*_COVERED) / 2
            return (places - middle).abs() < half

        covered = within().unsqueeze(2) & within().unsqueeze(1)
        covered &= (torch.rand(count, device=device) < self.config.erase)[:, None, None]
        return inputs.masked_fill(covered.flatten(1), 0)

    def mix(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Each face with a share of another, and the targets [B, 7] alike (mixup, Zhang et al. 2018)."""
        if not self.config.mixup:
            return inputs, targets
        parameter = torch.tensor(self.config.mixup, device=inputs.device)
        share = Beta(parameter, parameter).sample()
        other = torch.randperm(len(inputs), device=inputs.device)
        return inputs.lerp(inputs[other], share), targets.lerp(targets[other], share)
