"""Predict: `python -m fer_exp predict photo.jpg folder` ranks the seven emotions of each face.

A file is read whatever it is called; of a folder, at any depth and sorted by path, those that are
called pictures. A place that cannot be predicted gets a line on stderr: exit code 1 if others could,
2 if none could. A run or a command line that cannot be used is exit code 2 before any picture is read.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_exp import console, files, provenance, tables, tracking
from fer_exp.data import image_folder, images
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference import face_detection, for_photos
from fer_exp.inference.face_detection import FaceCrop, Finder
from fer_exp.models.classifier import Classifier
from fer_exp.redaction import printable
from fer_exp.tracking import keys, registry


@dataclass(frozen=True)
class Prediction:
    """What a run says of a view of a picture: probabilities float64 [7], in the order of `EMOTIONS`."""

    path: str
    view: FaceCrop
    probabilities: np.ndarray
    run: str

    def ranked(self) -> list[tuple[str, float]]:
        """Emotions with their probabilities, likeliest first."""
        order = np.argsort(-self.probabilities, kind="stable")
        return [(EMOTIONS[label], float(self.probabilities[label])) for label in order]

    def flat(self) -> dict[str, object]:
        """Everything by name, without the pixels; the rectangle is empty where no face was found."""
        left, top, side = self.view.face or (None, None, None)
        found = {"path": self.path, "left": left, "top": top, "width": side, "height": side}
        found |= {"note": self.view.note, "predicted": self.ranked()[0][0]}
        chances = dict(zip(EMOTIONS, self.probabilities.round(6).tolist(), strict=True))
        return {**found, **chances, "run": self.run}


def picture_files(place: Path) -> list[Path]:
    """The file itself, or the pictures in a folder; raises UserError for a folder without."""

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename}: cannot be listed ({error.strerror})")

    # unlike Path's own it is false, not an error, for a path that is too long or locked
    if not os.path.isdir(place):
        return [place]
    found: list[Path] = []
    other: list[Path] = []
    for folder, inner, names in os.walk(place, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                (found if images.is_called_image(name) else other).append(Path(folder, name))
    if not found:
        raise UserError(f"{place}: holds no picture; known are {', '.join(images.FORMATS)}")
    if other:
        left = printable(f"{place}: left out, not called pictures: {len(other)}, as {min(other)}")
        print(left, file=sys.stderr)
    return sorted(found)


def look(places: Sequence[str], finder: Finder | None) -> tuple[list[tuple[str, FaceCrop]], list[UserError]]:
    """Each view of the pictures at these places with its path, and why others cannot be viewed."""
    seen: list[tuple[str, FaceCrop]] = []
    refused: list[UserError] = []

    @contextlib.contextmanager
    def refusing() -> Iterator[None]:
        try:
            yield
        except UserError as error:
            refused.append(error)

    for place in places:
        files: list[Path] = []
        with refusing():
            files = picture_files(Path(place))
        for file in files:
            with refusing():
                if file != Path(place):
                    # what was named itself may be a pipe
                    image_folder.check_file(file)
                picture = images.upright(image_folder.read_file(file), str(file))
                seen += [(str(file), view) for view in face_detection.views(picture, finder)]
    return seen, refused


def predict(classifier: Classifier, seen: Sequence[tuple[str, FaceCrop]], run: str) -> list[Prediction]:
    """What the network of a run says of each view."""
    chances = classifier.probabilities(np.stack([view.pixels for _, view in seen]))
    return [Prediction(path, view, row, run) for (path, view), row in zip(seen, chances, strict=True)]


def describe(record: tracking.Record) -> str:
    """Which network speaks, and how often it was right on faces that it was not fitted on."""
    accuracy = 100 * record.metrics[keys.SELECTED_VAL_ACCURACY]
    return (
        f"{record.name} (run {record.run_id}), trained on {record.data_name}, "
        f"{record.protocol} protocol, weights of the {record.selected_on}: "
        f"validation accuracy {accuracy:.2f} % (n = {record.validation_size:,})"
    )


def print_tables(record: tracking.Record, predictions: Sequence[Prediction]) -> None:
    """Print for a person: the run, then a table a view."""
    print(f"{describe(record)}\n")
    for prediction in predictions:
        table = tables.Table(prediction.path, ["", "emotion", "probability in %"])
        for rank, (emotion, probability) in enumerate(prediction.ranked(), start=1):
            table.rows.append([str(rank), emotion, f"{100 * probability:.1f}"])
        table.notes.append(prediction.view.note)
        tables.print_terminal(table)


def print_csv(_: tracking.Record, predictions: Sequence[Prediction]) -> None:
    """Print a row a view; numbers in pixels, probabilities of 1."""
    writer = csv.DictWriter(sys.stdout, list(predictions[0].flat()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(prediction.flat() for prediction in predictions)


def print_json(_: tracking.Record, predictions: Sequence[Prediction]) -> None:
    """Print a list of an object a view, with the names of the CSV's columns."""
    print(json.dumps([prediction.flat() for prediction in predictions], indent=2))


FORMATS: dict[str, Callable[[tracking.Record, Sequence[Prediction]], None]] = {
    "table": print_tables,
    "csv": print_csv,
    "json": print_json,
}


def show(args: argparse.Namespace, record: tracking.Record, predictions: Sequence[Prediction]) -> None:
    """Print the predictions, or write them to the chosen file."""
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        FORMATS[args.format](record, predictions)
        if args.format == "table" and not args.output:
            print(provenance.as_typed("how this run learnt, and where it errs: make ui"))
    if args.output:
        files.write(args.output, page.getvalue().encode("utf-8", "backslashreplace"))
    else:
        text = page.getvalue()
        # a pipe takes as it is what a terminal must not
        print(printable(text, also="\n\t") if sys.stdout.isatty() else text, end="", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what a run says of the pictures, and end with an exit code that tells if all were read."""
    parser = console.Options(
        "predict", __doc__, description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="a picture file, or a folder of them")
    parser.add_argument("--run", default="latest", help=for_photos.HELP)
    parser.add_argument("--format", default="table", choices=list(FORMATS))
    parser.add_argument("--output", type=console.path, help="write to this file instead of the terminal")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    record = store.find(args.run, photos=True)
    classifier = registry.load_classifier(record, store)
    seen, refused = look(args.pictures, face_detection.load())
    for error in refused:
        console.complain(error)
    if seen:
        for_photos.warn(record)
        show(args, record, predict(classifier, seen, record.run_id))
    if refused:
        sys.exit(1 if seen else 2)
