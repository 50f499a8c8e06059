"""Obtain FER-2013, or show what a set of faces holds: `python -m fer_exp data`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_exp import console, provenance, tables
from fer_exp.data import datasets, download, photos, summary
from fer_exp.data.dataset import Dataset
from fer_exp.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what is asked for; a mistake of the user's is one line and exit code 2."""
    args = _parser().parse_args(arguments)
    # the search says how long it takes
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    _run(args)


def _parser() -> argparse.ArgumentParser:
    parser = console.Options("data", __doc__)
    place = console.path
    parser.add_argument("--download", type=place, metavar="FOLDER", help="put Kaggle's FER-2013 there")
    parser.add_argument("--root", type=place, help="the set to show: a folder, a zip, a CSV or Parquet files")
    parser.add_argument("--summary", action="store_true", help="print its classes, photos, copies and test")
    parser.add_argument(
        "--near-copies", type=place, metavar="PNG", help="draw a sample of its near-copies to look at"
    )
    parser.add_argument("--ferplus", type=place, help="label the set by the votes of this fer2013new.csv")
    parser.add_argument(
        "--label-names", help="the emotion of each number of Parquet files' labels: angry,disgust,..."
    )
    parser.add_argument("--cache-dir", type=place, default=Path(".cache"), help="(default %(default)s)")
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    return parser


def _run(args: argparse.Namespace) -> None:
    shown = args.summary or args.near_copies
    if bool(args.root) != bool(shown) or not (args.download or args.root):
        raise UserError(
            "say what to do: --download FOLDER, or --root PATH with --summary or --near-copies sheet.png"
        )
    if args.near_copies and args.near_copies.suffix.lower() != ".png":
        raise UserError(f"--near-copies={args.near_copies}: the sheet is a PNG; name it so")
    if args.download:
        _download(args.download)
    if args.root:
        names = args.label_names.split(",") if args.label_names else ()
        dataset = datasets.load_fer2013(args.root, args.cache_dir, "fail", args.ferplus, names)
        if args.summary:
            tables.FORMATS[args.format](summary.summary(dataset))
        if args.near_copies:
            _draw(dataset, args.near_copies)


def _download(folder: Path) -> None:
    """Download, or say in two lines what to do by hand."""
    try:
        download.download(folder)
    except UserError:
        print(provenance.as_typed(download.BY_HAND), file=sys.stderr)
        raise


def _draw(dataset: Dataset, path: Path) -> None:
    """Search the set, whose photos may be known but whose pairs are not, and draw some of them."""
    # here, since SciPy and Pillow take a while to import
    from fer_exp.data.near_copies import near_copies
    from fer_exp.data.near_copy_sheet import near_copy_sheet

    minutes = photos.search_minutes(len(dataset.faces))
    print(f"searching {len(dataset.faces):,} faces: about {minutes:.1f} minutes of one core", file=sys.stderr)
    pairs = near_copies(dataset.faces.pixels)
    shown = near_copy_sheet(dataset.faces.pixels, pairs, path)
    print(f"{path}: {shown} of {len(pairs):,} pairs of near-copies; not to be published")
