"""The same faces written in each layout that a user may have."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from fer_exp.data import datasets
from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS

PREFIX = {Usage.TRAIN: "Training", Usage.PUBLIC: "PublicTest", Usage.PRIVATE: "PrivateTest"}
THREE_WAY = {Usage.TRAIN: "train", Usage.PUBLIC: "validation", Usage.PRIVATE: "test"}


def png(pixels: np.ndarray) -> bytes:
    """A picture as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def folder(faces: Faces, root: Path, three_way: bool = False) -> Path:
    """`<split>/<emotion>/<file>.png`; Kaggle's two splits with telling names, or three with plain ones."""
    for number, (pixels, label, usage) in enumerate(
        zip(faces.pixels, faces.labels, faces.usage, strict=True)
    ):
        split = THREE_WAY[usage] if three_way else ("train" if usage == Usage.TRAIN else "test")
        name = f"{number}.png" if three_way else f"{PREFIX[usage]}_{number}.png"
        place = root / split / EMOTIONS[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / name)
    return root


def zipped(source: Path, path: Path, top: str = "") -> Path:
    """A folder as a zip, with what other systems leave in zips."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, f"{top}{file.relative_to(source)}")
        archive.writestr(f"__MACOSX/{top}train/happy/._0.png", b"litter")
        archive.writestr(f"{top}train/happy/.DS_Store", b"litter")
        archive.writestr(f"{top}train/happy/Thumbs.db", b"litter")
    return path


def table(faces: Faces, path: Path, icml: bool = False) -> Path:
    """`fer2013.csv`, or with the columns of `icml_face_data.csv`."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", " Usage", " pixels"] if icml else ["emotion", "pixels", "Usage"])
        for pixels, label, usage in zip(faces.pixels, faces.labels, faces.usage, strict=True):
            text = " ".join(map(str, pixels.reshape(-1)))
            writer.writerow([label, PREFIX[usage], text] if icml else [label, text, PREFIX[usage]])
    return path


def load(root: Path, on_error: str = "fail") -> datasets.Dataset:
    """The set at a root, with a cache of its own beside it."""
    return datasets.load_fer2013(root, root.parent / "cache", on_error)
