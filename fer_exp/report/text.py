"""Print the tables: `python -m fer_exp compare`.

Two tables a study. What is of the deck's own has below them what they say of its conclusions; with `--all`
its closing table, too. The audit has tables of its own.
"""

import argparse
import datetime
from collections.abc import Iterator, Sequence

from fer_exp import console, hints, machine, tables, terminal, tracking
from fer_exp.analysis import closing
from fer_exp.audit import audit
from fer_exp.errors import UserError
from fer_exp.fer2013 import PARTS
from fer_exp.provenance import as_typed
from fer_exp.report import deck_tables, study_tables
from fer_exp.report.words import words_of
from fer_exp.tables import Table
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Study, read_baselines, read_studies, read_sweep

# How many older sweeps of a study are named.
_NAMED = 5


def provenance(args: argparse.Namespace) -> str:
    """Where a page of tables comes from, so that it can be made again."""
    named = {"study": args.study, "sweep": args.sweep}
    chosen = "".join(f" --{option} {value}" for option, value in named.items() if value)
    chosen += " --all" * args.all
    command = f"python -m fer_exp compare{chosen} --split {args.split} --format markdown"
    today = datetime.date.today().isoformat()
    return f"Printed by `{command}` on {today}, on a machine of {machine.cores()} cores.\n"


def all_tables(
    studies: Sequence[Study], test: str, store: tracking.Store, close: bool = True
) -> Iterator[Table]:
    """The tables of these studies; test: the subset shown; close: whether to add the deck's closing table."""
    for study in studies:
        found = study_tables.of_study(study, test, store)
        # the arms of the audit have no base; its own table judges them
        yield from found[:1] if study.name == "audit" else found
    if any(study.name == "audit" for study in studies):
        yield from _audit(studies, store)
    for alike in closing.alike(studies):
        if close and closing.closes(alike):
            yield deck_tables.closing(alike, test, read_baselines(store, alike[0].faces))
        if deck_tables.answered(alike):
            yield from (deck_tables.conclusions(alike), deck_tables.in_words(alike))


def _audit(studies: Sequence[Study], store: tracking.Store) -> Iterator[Table]:
    """The audit of each set of faces on which it was run, which asks the other studies on them, too."""
    everything = read_studies(store)
    for faces in dict.fromkeys(study.faces for study in studies if study.name == "audit"):
        rows = audit.findings_on(faces, everything, store)
        yield from (deck_tables.audit(rows), deck_tables.audit(rows, "audit_in_words"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the newest sweep, of those that are asked for, or of all."""
    parser = console.Options("compare", __doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all studies (default: the newest sweep)")
    which.add_argument("--study", help="the newest sweep of this study")
    which.add_argument("--sweep", metavar="ID", help="the sweep whose run has this id, or begins so")
    parser.add_argument("--split", default="union", choices=PARTS)
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    show(args)


def show(args: argparse.Namespace) -> None:
    """Print the tables of the studies that were asked for; raises UserError if there are none."""
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    sweeps = store.records(kind=keys.Kind.SWEEP)
    studies = _chosen(args, store, sweeps)
    if args.format == "markdown":
        print(provenance(args))
    shown = list(all_tables(studies, args.split, store, args.all))
    tables.FORMATS[args.format](shown, words_of("en"))
    if args.format == "table":
        for line in _not_shown(sweeps, studies):
            terminal.print_note(line)
        terminal.print_note(as_typed("curves: make ui    for a document: --format markdown, csv or latex"))


def _chosen(args: argparse.Namespace, store: tracking.Store, sweeps: Sequence[Record]) -> list[Study]:
    if args.sweep:
        found = [sweep for sweep in sweeps if sweep.run_id.startswith(args.sweep)]
        if len(found) != 1:
            counted = "no sweep" if not found else f"{len(found)} sweeps"
            raise UserError(f"--sweep {args.sweep}: {counted} in {store.uri} with this id; see make ui")
        return read_sweep(store, found[0])
    if not any(args.study in (None, sweep.study) for sweep in sweeps):
        of = f" of study={args.study}" if args.study else ""
        raise UserError(f"no sweep{of} in {store.uri} yet: {hints.to_train(args.study or 'adhoc')}")
    return read_studies(store, args.study) if args.all or args.study else read_sweep(store, sweeps[0])


def _not_shown(sweeps: Sequence[Record], studies: Sequence[Study]) -> Iterator[str]:
    """Which sweeps there are besides these, in lines."""
    shown = {study.sweep for study in studies}
    names = {study.name for study in studies}
    older = [sweep for sweep in sweeps if sweep.study in names and sweep.run_id not in shown]
    if older:
        told = [f"{sweep.run_id[:8]} ({_day(sweep)})" for sweep in older[:_NAMED]]
        told += [f"and {len(older) - _NAMED} more"] * (len(older) > _NAMED)
        yield f"not shown: other sweeps of {', '.join(sorted(names))}: {', '.join(told)}: --sweep ID"
    others = dict.fromkeys(sweep.study for sweep in sweeps if sweep.study not in names)
    if others:
        yield f"not shown: {', '.join(others)}: --study NAME, or --all"


def _day(sweep: Record) -> str:
    return datetime.date.fromtimestamp(sweep.started).isoformat()
