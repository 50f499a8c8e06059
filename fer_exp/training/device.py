"""Where a network trains."""

import torch

from fer_exp.errors import UserError


def check_device(key: str, device: str) -> None:
    """Refuse a GPU where PyTorch finds none; key: the setting that names it."""
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(f"{key}=cuda: PyTorch finds no GPU here; use {key}=cpu")


def device_name(device: str) -> str:
    """What a job is trained on, `cpu` or the name of its GPU: its seconds compare with none of another."""
    return torch.cuda.get_device_name() if device == "cuda" else device
