"""Print the tables: `python -m fer_exp compare`.

Two tables a study, then, for each set of faces with named studies, the audit if it was run and, for each
protocol, the deck's closing table and its conclusions.
"""

import argparse
import datetime
from collections.abc import Iterator, Sequence

from fer_exp import console, machine, tables, tracking
from fer_exp.analysis import ablation, closing
from fer_exp.audit import audit
from fer_exp.errors import UserError
from fer_exp.fer2013 import PARTS
from fer_exp.report import deck_tables, study_tables
from fer_exp.report.words import words_of
from fer_exp.tables import Table
from fer_exp.tracking.studies import Study, read_baselines, read_ensembles, read_studies


def provenance(args: argparse.Namespace) -> str:
    """Where a page of tables comes from, so that it can be made again."""
    study = f" --study {args.study}" if args.study else ""
    command = f"python -m fer_exp compare{study} --split {args.split} --format markdown"
    today = datetime.date.today().isoformat()
    return f"Printed by `{command}` on {today}, on a machine of {machine.cores()} cores.\n"


def all_tables(
    studies: Sequence[Study], wanted: str | None, test: str, store: tracking.Store
) -> Iterator[Table]:
    """The tables of these studies, or of the one that is wanted; `test` names the subset of test shown."""
    for study in studies:
        if wanted not in (None, study.name):
            continue
        if study.name == ablation.NAME:
            yield study_tables.ladder(study, read_ensembles(store, study))
        else:
            tables_of_study = study_tables.tables(study, test)
            # the arms of the audit have no base; its own table judges them
            yield from tables_of_study[:1] if study.name == "audit" else tables_of_study
    if wanted in (None, "audit"):
        yield from _audit(studies, store)
    for alike in closing.alike([study for study in studies if wanted in (None, study.name)]):
        if closing.closes(alike):
            yield deck_tables.closing(alike, test, read_baselines(store, alike[0].faces))
        yield from (deck_tables.conclusions(alike), deck_tables.in_words(alike))


def _audit(studies: Sequence[Study], store: tracking.Store) -> Iterator[Table]:
    """The audit of each set of faces on which it was run."""
    for faces in dict.fromkeys(study.faces for study in studies if study.name == "audit"):
        alike = [study for study in studies if study.faces == faces]
        rows = audit.findings(alike, read_baselines(store, faces))
        yield deck_tables.audit(rows, "audit", "audit", "id", "printed", "presented", "corrected", "verdict")
        yield deck_tables.audit(rows, "audit_in_words", "audit", "id", "paragraph")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the studies in the store."""
    parser = argparse.ArgumentParser(prog="python -m fer_exp compare", description=__doc__.splitlines()[0])
    parser.add_argument("--study", help="only this study (default: all)")
    parser.add_argument("--split", default="union", choices=PARTS)
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    with console.mistakes_in_one_line():
        show(args)


def show(args: argparse.Namespace) -> None:
    """Print the tables of the studies that were asked for; raises UserError if there are none."""
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    studies = read_studies(store)
    if not any(args.study in (None, study.name) for study in studies):
        if args.study in (None, "adhoc"):
            raise UserError(f"no sweep in {store.uri} yet: python train.py -m optimizer=sgd,adam")
        study = f"study={args.study}"
        raise UserError(f"no sweep of {study} in {store.uri} yet: python train.py {study}")
    if args.format == "markdown":
        print(provenance(args))
    shown = list(all_tables(studies, args.study, args.split, store))
    tables.FORMATS[args.format](shown, words_of("en"))
    if args.format == "table":
        print("curves and confusion matrices: make ui    for a document: --format markdown, csv or latex")
