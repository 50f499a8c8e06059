"""Faces as copies of FER-2013 lie on hubs: Parquet files of pictures or pixels and numbered labels."""

import json
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from fer_exp.data import datasets
from fer_exp.data.faces import Faces
from fer_exp.fer2013 import EMOTIONS
from helpers.faces_on_disk import PREFIX, THREE_WAY, png

ALPHABETICAL = tuple(sorted(EMOTIONS))


def table(faces: Faces, order=EMOTIONS, column="image", **columns) -> dict[str, list]:
    """The columns of a file, each a list: of structs of a picture, or in the place of `image` what is given.

    order: the emotion of each number. columns: others, or others in their place.
    """
    pictures = {
        "image": lambda face: {"bytes": png(face), "path": None},
        "img_bytes": png,
        "pixels": lambda face: " ".join(map(str, face.flat)),
        "list": lambda face: face.reshape(-1).tolist(),
        "rows": lambda face: face.tolist(),
    }
    numbers = [order.index(EMOTIONS[label]) for label in faces.labels]
    name = {"list": "pixels", "rows": "image"}.get(column, column)
    return {name: [pictures[column](face) for face in faces.pixels], "label": numbers} | columns


def write(path: Path, columns: dict[str, list], names=None, **options) -> Path:
    """A Parquet file of these columns; names: what its schema says for hubs of the numbers of `label`."""
    found = pa.table(columns)
    if names is not None:
        features = {"label": {"names": [*names], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
        kept = {"huggingface": json.dumps({"info": {"features": features}})}
        found = found.replace_schema_metadata(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(found, path, **options)
    return path


def folder(faces: Faces, root: Path, order=ALPHABETICAL, **options) -> Path:
    """A folder of a set as a hub has it: a file of each split, that of train in two."""
    for usage, name in THREE_WAY.items():
        of_split = faces[faces.usage == usage]
        parts = [of_split[::2], of_split[1::2]] if name == "train" else [of_split]
        for number, part in enumerate(parts):
            path = root / "data" / f"{name}-{number:05d}-of-{len(parts):05d}-ab12.parquet"
            write(path, table(part, order, **options), order)
    return root


def single(faces: Faces, path: Path, **options) -> Path:
    """One file, with the split of each row as fer2013.csv says it."""
    usage = [PREFIX[each] for each in faces.usage]
    return write(path, table(faces, Usage=usage, **options), EMOTIONS)


def load(root, names=(), on_error="fail"):
    """The set at a root, its labels named if need be, with a cache of its own beside it."""
    return datasets.load_fer2013(root, root.parent / "cache", on_error, None, names)
