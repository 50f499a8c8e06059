"""Put the runs of an archive into the store, without weights: `python -m fer_exp restore`.

The same tables are printed from them as from those that were kept, and a sweep reuses their jobs.
"""

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from fer_exp import console, provenance, tracking
from fer_exp.tracking import Record, keys, record
from fer_exp.tracking.archive.archive_runs import read, said, subject
from fer_exp.tracking.archive.restore import in_part, restore
from fer_exp.tracking.archive.run_line import ArchivedRun


def put_back(args: argparse.Namespace) -> None:
    """Restore what of a file a store lacks."""
    lines = read(args.file)
    store = tracking.open_store(args.tracking_uri, args.experiment)
    # of two at once, the second waits and then finds all there
    with store.lock("restore"):
        known = _known(lines, store)
        # first what others name: a sweep may have been made after its jobs
        lacking = sorted((line for line in lines if line.id not in known), key=lambda line: not line.plan)
        parents = _parents(lines)
        partly = in_part(store)
        for line in track(lacking, "restoring", console=Console(stderr=True)):
            sweep = parents.get(line.id)
            known[line.id] = restore(line, store, known.get(sweep or ""), partly.get(line.id, ()))
    print(f"runs restored: {len(lacking)}{f' ({said(lacking)})' if lacking else ''}; ", end="")
    print(f"there before: {len(lines) - len(lacking)}")
    next_steps = "the tables: make compare ARGS=--all    go on with a study: python train.py study=NAME"
    print(provenance.as_typed(next_steps))


def _parents(lines: Sequence[ArchivedRun]) -> dict[str, str]:
    """The sweep of each job that is planned, both by their ids: of its own study, or else the first."""
    planning: dict[str, list[ArchivedRun]] = {}
    for sweep in lines:
        for planned in {job["identity"] for job in sweep.plan["jobs"]} if sweep.plan else ():
            planning.setdefault(planned, []).append(sweep)
    found = {}
    for line in lines:
        identity = line.tags.get(keys.Tag.IDENTITY)
        sweeps = [] if identity is None else planning.get(identity, [])
        own = [sweep for sweep in sweeps if sweep.tags[keys.Tag.STUDY] == line.tags[keys.Tag.STUDY]]
        if sweeps:
            found[line.id] = (own or sweeps)[0].id
    return found


def _known(lines: Sequence[ArchivedRun], store: tracking.Store) -> dict[str, str]:
    """For each line that needs no restoring, the run of the store that stands for it."""
    there: dict[tuple[str, ...], Record] = {}
    for kind in {line.tags[keys.Tag.KIND] for line in lines} - {keys.Kind.SWEEP}:
        there |= {(kind, key): run for key, run in store.latest_of_all(kind).items()}
    for sweep in store.records(kind=keys.Kind.SWEEP):
        there.setdefault(subject(sweep.name, sweep.tags), sweep)
    known = {line.id: there.get(subject(line.name, line.tags)) for line in lines}
    return {line.id: run.run_id for line in lines if (run := known[line.id]) and _stands_for(run, line)}


def _stands_for(run: Record, line: ArchivedRun) -> bool:
    if line.plan:
        return round(1000 * run.started) >= line.started
    if not run.whole and run.tags.get(keys.Tag.MOVED_FROM) == line.id:
        # restored before the original was gone on with, or evaluated, it is restored anew
        return (round(1000 * run.ended), len(run.metrics)) >= (line.ended, len(line.metrics))
    return record.settled(run, trial=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Put the runs of a file into the store, or say in a line why not."""
    parser = console.Options("restore", __doc__)
    parser.add_argument("file", type=console.path, help="such as docs/runs.jsonl.gz")
    console.takes_store(parser)
    put_back(parser.parse_args(arguments))
