"""Write the report: `python -m fer_exp report`.

One HTML page of the store's finished runs, which needs no network and is kept with the newest sweep too.
"""

import argparse
import sys
from collections.abc import Sequence

from fer_exp import console, files, hints, provenance, tracking
from fer_exp.errors import UserError
from fer_exp.fer2013 import PARTS
from fer_exp.report import page
from fer_exp.report.source import Source
from fer_exp.report.words import LANGUAGES, words_of
from fer_exp.tracking import artifacts, keys
from fer_exp.tracking.studies import read_studies


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, keep it with its sweep, and say where it is."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = console.Options("report", __doc__)
    parser.add_argument("--lang", default="en", choices=LANGUAGES)
    parser.add_argument("--output", type=console.path, default="report.html")
    parser.add_argument("--study", help="only this study (default: all)")
    parser.add_argument("--split", default="union", choices=PARTS)
    parser.add_argument("--faces", action="store_true", help="show images of the data set, for yourself")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    command = provenance.to_keep(["python", "-m", "fer_exp", "report", *arguments])
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    html = page.render(_source(args, store, command)).encode()
    files.write(args.output, html)
    print(f"{args.output}: {len(html) / 1e6:.1f} MB{_keep(html, store, args.study, args.lang)}")


def _source(args: argparse.Namespace, store: tracking.Store, command: str) -> Source:
    lost: list[UserError] = []
    studies = read_studies(store, args.study, lost)
    if args.study and not (studies or lost):
        raise UserError(f"--study={args.study}: no sweep of it in {store.uri}: {hints.to_train(args.study)}")
    words = words_of(args.lang)
    return Source(store, studies, lost, args.lang, words, args.split, args.faces, command)


def _keep(html: bytes, store: tracking.Store, study: str | None, language: str) -> str:
    """Keep the page with the newest sweep, of this study if given; what became of it, to say."""
    name = artifacts.report(language)
    tags = {"study": study} if study else {}
    sweeps = store.records(kind=keys.Kind.SWEEP, **tags)
    if not sweeps:
        return ""
    try:
        with (
            store.added_to(sweeps[0]) as run,
            run.file(name) as path,
            files.written_whole(path) as file,
        ):
            file.write(html)
    except OSError as error:
        return f"; not kept in run {sweeps[0].run_id[: provenance.SHORT]} ({error.strerror})"
    return f"; kept as {name} in run {sweeps[0].run_id[: provenance.SHORT]} ({sweeps[0].name})"
