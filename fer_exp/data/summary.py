"""What a set of faces holds, as tables: its classes, photos and copies, and the majority lines of test."""

import numpy as np

from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS
from fer_exp.tables import Column, Table

_SPLITS = {Usage.TRAIN: "train", Usage.PUBLIC: "public", Usage.PRIVATE: "private", Usage.TEST: "test"}


def summary(dataset: Dataset) -> list[Table]:
    """The tables of a set. Raises UserError for one without test faces, or too large to search for photos."""
    return [_classes(dataset), _copies(dataset), _parts(dataset)]


def _classes(dataset: Dataset) -> Table:
    """Faces of each emotion and split."""
    faces = dataset.faces
    splits = {name: faces.usage == usage for usage, name in _SPLITS.items() if np.any(faces.usage == usage)}
    header = [Column("emotion", key="emotion", numeric=False)]
    header += [Column(name, ",") for name in (*splits, "all")]
    header.append(Column("share of train in %", "percent"))
    train = sum(dataset.fingerprint.train)
    table = Table(f"faces by emotion and split: {dataset.fingerprint.describe()}", header, name="classes")
    for label, emotion in enumerate(EMOTIONS):
        own = faces.labels == label
        counts = [int(np.count_nonzero(own & where)) for where in splits.values()]
        share = dataset.fingerprint.train[label] / train
        table.rows.append([emotion, *counts, int(own.sum()), share])
    table.rows.append(["all", *(int(where.sum()) for where in splits.values()), len(faces), 1.0])
    return table


def _copies(dataset: Dataset) -> Table:
    """How many photos there are, and how often one shows twice."""
    faces, photos = dataset.faces, dataset.photos
    n_train = sum(dataset.fingerprint.train)
    train, test = dataset.train().group, dataset.test().group
    photo, test_photo = photos[:n_train], photos[n_train:]
    exact = np.isin(test, train)
    near = np.isin(test_photo, photo) & ~exact
    surplus = n_train - len(np.unique(train))
    _, sizes = np.unique(photos, return_counts=True)
    found = {
        "photos": len(sizes),
        "photos of several faces": int(np.count_nonzero(sizes > 1)),
        "faces of these": int(sizes[sizes > 1].sum()),
        "train faces with the pixels of another": surplus,
        "train faces of another's photo, with other pixels": n_train - len(np.unique(photo)) - surplus,
        "test faces with the pixels of a train face": int(exact.sum()),
        "test faces of a train face's photo, with other pixels": int(near.sum()),
        "groups of the same pixels with several labels": _conflicting(faces, faces.group),
        "photos with several labels": _conflicting(faces, photos),
    }
    header = [Column("", key="what", numeric=False), Column("number", ",")]
    table = Table("photos and copies", header, [[*each] for each in found.items()], name="copies")
    table.notes.append("of several faces of one photo in train, all but one are counted as another's")
    return table


def _conflicting(faces: Faces, group: np.ndarray) -> int:
    """How many groups have faces of several labels."""
    pairs = np.unique(np.stack([group, faces.labels]), axis=1)
    _, labels = np.unique(pairs[0], return_counts=True)
    return int(np.count_nonzero(labels > 1))


def _parts(dataset: Dataset) -> Table:
    """The largest class of each part of test, which a score must beat."""
    header = [
        Column("part of test", key="subset", numeric=False),
        Column("faces", ","),
        Column("largest class", numeric=False),
        Column("its share in %", "percent"),
    ]
    table = Table("what always answering the largest class reaches", header, name="parts")
    labels = dataset.test().labels
    for name, positions in dataset.test_parts():
        if len(positions):
            counts = np.bincount(labels[positions], minlength=len(EMOTIONS))
            largest = int(counts.argmax())
            table.rows.append(
                [name, len(positions), EMOTIONS[largest], float(counts[largest] / counts.sum())]
            )
    return table
