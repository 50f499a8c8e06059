"""One self-describing file from which a run is evaluated, or continued exactly.

It holds the weights and everything needed to rebuild and resume without asking anyone else: the
settings, the class names, the state of optimizer, scheduler and stopping rule, and every epoch so
far. It is written whole or not at all, and read without executing anything that lies in it.
"""

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from fer_exp import files
from fer_exp.errors import UserError, first_line
from fer_exp.fer2013 import EMOTIONS

FORMAT = 1


def save(path: Path, content: dict[str, Any]) -> None:
    """Write `content` (tensors, numbers, texts, lists, dicts) to `path` atomically."""
    packed = io.BytesIO()
    torch.save({"format": FORMAT, "classes": list(EMOTIONS), **content}, packed)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.written_whole(path) as file:
            file.write(packed.getbuffer())
    except OSError as error:
        raise UserError(f"{path}: cannot write the checkpoint ({error.strerror})") from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this format and these classes; refuse anything else by name."""
    try:
        with warnings.catch_warnings():
            # PyTorch warns of unusual pickles before it refuses them
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
        # PyTorch reads a tensor without looking at its checksum
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} is damaged")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no checkpoint") from None
    # a damaged pickle may raise anything, as Python's manual of pickle warns
    except Exception as error:
        raise UserError(f"{path}: not a whole, safe checkpoint ({first_line(error)})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path}: not a checkpoint of fer-exp, format {FORMAT}")
    if content.get("classes") != list(EMOTIONS):
        raise UserError(f"{path}: trained on other classes ({content.get('classes')})")
    return content
