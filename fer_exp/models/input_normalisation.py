"""How a picture's 0..255 become a network's inputs."""

import numpy as np
import torch

from fer_exp.models.network import BLOCK, PIXELS


def pixel_scaling(
    normalisation: str, pixels: np.ndarray, fit: np.ndarray | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Shift and scale of a normalisation, float32 [1] or [2304], in units of 0..255.

    pixels: uint8 [N, 48, 48]. fit: positions int [F] of the faces that are fitted on (all), whose
    statistics `global` (one mean and deviation of all pixels) and `standardised` (one of each pixel) take;
    a `face` is brought to its own by the network.
    """
    if normalisation in ("unit", "face"):
        return torch.zeros(1), torch.full((1,), 255.0)
    if normalisation == "centred":
        return torch.full((1,), 127.5), torch.full((1,), 127.5)
    positions = np.arange(len(pixels)) if fit is None else fit
    total, squares = _sums(pixels, positions)
    mean_square = squares / len(positions)
    if normalisation == "global":
        mean = total.sum() / (len(positions) * PIXELS)
        deviation = np.sqrt(max(mean_square.mean() - mean**2, 0.0))
        # equal pixels throughout carry nothing, as below
        scale = deviation if deviation > 1e-6 else 1.0
        return torch.full((1,), float(mean)), torch.full((1,), float(scale))
    shift = total / len(positions)
    scale = np.sqrt(mean_square - shift**2)
    # a pixel that never changes carries nothing: leave it at zero instead of dividing by zero
    scale[scale < 1e-6] = 1.0
    return torch.from_numpy(shift.astype(np.float32)), torch.from_numpy(scale.astype(np.float32))


def _sums(pixels: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and sum of squares of each pixel, float64 [2304]: of whole numbers, so exact in any order."""
    total, squares = np.zeros((2, PIXELS))
    # in blocks: a float copy of all of FER-2013 would take 529 MB
    for start in range(0, len(positions), BLOCK):
        block = pixels[positions[start : start + BLOCK]].reshape(-1, PIXELS).astype(np.float64)
        total += block.sum(axis=0)
        squares += np.einsum("np,np->p", block, block)
    return total, squares
