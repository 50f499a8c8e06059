"""What a set of faces holds, as tables: its classes, photos and copies, and the majority lines of test."""

from dataclasses import asdict

import numpy as np

from fer_exp.data.copies import Copies
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Usage
from fer_exp.fer2013 import EMOTIONS
from fer_exp.tables import Column, Table

_SPLITS = {Usage.TRAIN: "train", Usage.PUBLIC: "public", Usage.PRIVATE: "private", Usage.TEST: "test"}

# The numbers of `Copies`, in words.
_COPIES = {
    "photos": "photos",
    "photos_shared": "photos of several faces",
    "faces_sharing": "faces of these",
    "train_exact": "train faces with the pixels of another",
    "train_near": "train faces of another's photo, with other pixels",
    "test_exact": "test faces with the pixels of a train face",
    "test_near": "test faces of a train face's photo, with other pixels",
    "exact_conflicting": "groups of the same pixels with several labels",
    "photos_conflicting": "photos with several labels",
}


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
    header = [Column("", key="what", numeric=False), Column("number", ",")]
    found = asdict(Copies.of(dataset.faces, dataset.photos))
    table = Table("photos and copies", header, [[_COPIES[key], n] for key, n in found.items()], name="copies")
    table.notes.append("of several faces of one photo in train, all but one are counted as another's")
    return table


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
