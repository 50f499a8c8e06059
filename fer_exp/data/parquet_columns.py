"""Which column of a Parquet file holds the faces, which their labels, and what its numbers mean.

Dataset hubs keep the names of a label's numbers in the schema, under `huggingface`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fer_exp.data import label_order
from fer_exp.errors import UserError

_LABELS = ("label", "labels", "emotion")
_PIXELS = ("pixels", "image")


@dataclass(frozen=True)
class Columns:
    """picture: the column with the faces. encoded: whether as image files. leaves: what to read of the file.

    label: the column with numbers. meant: the label of each number. usage: the column that names the
    split, if there is one.
    """

    picture: str
    encoded: bool
    label: str
    meant: list[int]
    usage: str | None
    leaves: list[str]


def find(schema: pa.Schema, names: Sequence[str], place: str) -> Columns:
    """The columns of a file; raises UserError that names `place` where one is missing or is no such column.

    names: of the numbers of the labels; those of the file itself if there are none.
    """
    if len(set(schema.names)) < len(schema.names):
        raise UserError(f"{place}: has two columns of one name, {_seen(schema)}; drop one")
    classes = _classes(schema, place)
    label = _label_column(schema, list(classes), place)
    if is_text(schema.field(label).type):
        raise UserError(f"{place}: its column {label} holds texts; a label is a whole number there")
    if names:
        meant = label_order.labels_of(names, "data.label_names")
    elif label in classes:
        meant = label_order.labels_of(classes[label], place)
    else:
        raise UserError(
            f"{place}: does not say which emotion each number of {label} is; {label_order.HOW_TO}"
        )
    picture, encoded = _picture_column(schema, place)
    usage = usage_column(schema)
    leaves = [*_leaves(schema.field(picture)), label, *([usage] if usage else [])]
    return Columns(picture, encoded, label, meant, usage, leaves)


def usage_column(schema: pa.Schema) -> str | None:
    """The column that names the split of each row, as that of fer2013.csv does."""
    return next((name for name in schema.names if name.strip().lower() == "usage"), None)


def _classes(schema: pa.Schema, place: str) -> dict[str, list[str]]:
    """The names of the numbers of each column of which the schema keeps them."""
    try:
        kept = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    except (ValueError, RecursionError):
        raise UserError(f"{place}: what its schema keeps for dataset hubs is no JSON; get it again") from None
    features: Any = kept
    for key in ("info", "features"):
        features = features.get(key) if isinstance(features, dict) else None
    found = {}
    for name, feature in features.items() if isinstance(features, dict) else ():
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and name in schema.names:
            names = feature.get("names")
            found[name] = [str(each) for each in names] if isinstance(names, list) else []
    return found


def _label_column(schema: pa.Schema, classes: list[str], place: str) -> str:
    named = classes or [name for name in schema.names if name.strip().lower() in _LABELS]
    found = [name for name in named if not pa.types.is_nested(schema.field(name).type)]
    if not found:
        raise UserError(f"{place}: has no column {' or '.join(_LABELS)}, but {_seen(schema)}")
    if len(found) > 1:
        raise UserError(f"{place}: has more than one column of labels, {' and '.join(found[:2])}; drop one")
    return found[0]


def _picture_column(schema: pa.Schema, place: str) -> tuple[str, bool]:
    """The column with the faces, and whether it holds image files."""
    found = [field.name for field in schema if _is_files(field.type)]
    if len(found) > 1:
        raise UserError(f"{place}: has more than one column of pictures, {' and '.join(found)}; drop one")
    if found:
        return found[0], True
    for wanted in _PIXELS:
        for field in schema:
            if field.name.strip().lower() == wanted and (is_text(field.type) or is_list(field.type)):
                return field.name, False
    raise UserError(
        f"{place}: has no column of pictures as bytes and none of pixels ({' or '.join(_PIXELS)}), but "
        f"{_seen(schema)}"
    )


def _is_files(kind: pa.DataType) -> bool:
    """Whether a column of this type holds image files: bytes, alone or beside the name of a file."""
    if pa.types.is_struct(kind):
        at = kind.get_field_index("bytes")
        return at >= 0 and _is_bytes(kind.field(at).type)
    return _is_bytes(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds texts."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of this type holds lists."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _leaves(field: pa.Field) -> list[str]:
    """What to read of a column with faces."""
    if not pa.types.is_struct(field.type):
        return [field.name]
    named = field.type.get_field_index("path")
    has_names = named >= 0 and is_text(field.type.field(named).type)
    return [f"{field.name}.bytes", *([f"{field.name}.path"] if has_names else [])]


def _seen(schema: pa.Schema) -> str:
    return ", ".join(schema.names)[:80] or "none at all"
