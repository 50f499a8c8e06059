"""Made files of FER+'s votes, and the faces that are read with them."""

import csv
import itertools

from fer_exp.data import datasets
from helpers import faces_on_disk
from helpers.faces_on_disk import PREFIX

HEADER = ["Usage", "Image name", "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
HEADER += ["contempt", "unknown", "NF"]


def votes_for(*answers: str) -> dict[str, int]:
    """Ten votes, as many for each answer as it is named."""
    share = 10 // len(answers)
    found = dict.fromkeys(HEADER[2:], 0)
    for answer in answers:
        found[answer] += share
    return found


def written(path, faces, votes, dropped=()):
    """A file of votes, one dict a face, and the CSV of the faces beside it.

    As in the real file, a dropped face has no name and takes no number, so that those after it lag.
    """
    numbers = itertools.count()
    with open(path / "fer2013new.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        for row, (each, usage) in enumerate(zip(votes, faces.usage, strict=True)):
            name = "" if row in dropped else f"fer{next(numbers):07d}.png"
            writer.writerow({"Usage": PREFIX[usage], "Image name": name, **each})
    return faces_on_disk.table(faces, path / "fer2013.csv"), path / "fer2013new.csv"


def load(table, path, on_error="fail"):
    """The relabelled set."""
    return datasets.load_fer2013(table, table.parent / "cache", on_error, path)


def rewritten(path, change):
    """The file of votes with its rows changed."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    change(rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
