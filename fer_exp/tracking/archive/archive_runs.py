"""Keep the runs behind the tables in one small file of text, a line each: `python -m fer_exp archive`.

`make archive-runs ARGS="--study ladder"` adds the newest sweep of each study, its finished jobs, and the
baselines and ensembles on the same faces to what the file holds: figures, settings and answers to faces, no
weights. `restore_runs` makes runs of a store of it again. A file whose name ends in .gz is compressed.
"""

import argparse
import gzip
import io
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fer_exp import console, files, hints, tracking
from fer_exp.errors import UserError
from fer_exp.tracking import Record, artifacts, keys, record, studies
from fer_exp.tracking.archive import answers
from fer_exp.tracking.archive.answers import ArchivedFaces
from fer_exp.tracking.archive.restore import line_of, origins
from fer_exp.tracking.archive.run_line import ArchivedRun, read_line

# The most bytes that a compressed file may hold; the runs behind the tables of docs/ come to some 15 MB.
_MOST = 1 << 28


def keep(args: argparse.Namespace) -> None:
    """Add the runs of a store to a file, and say what it holds."""
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    store.close_abandoned()
    before = read(args.file) if os.path.exists(args.file) else []
    sweeps, left = _newest_sweeps(store, args.study)
    found = list(_lines(store, sweeps))
    for line in found:
        _readable(line)
    lines = merged([*found, *before])
    told = answers.lines(line.answers for line in lines)
    data = "".join([*(faces.text() for faces in told), *(line.text() for line in lines)]).encode()
    if args.file.suffix == ".gz":
        # without the time, so that the same runs are the same file
        data = gzip.compress(data, mtime=0)
    files.write(args.file, data)
    new = len(set(map(ArchivedRun.text, lines)) - set(map(ArchivedRun.text, before)))
    print(f"{args.file}: {said(lines)}; {new} new or changed, {len(data) / 1000:,.0f} kB")
    for sweep in left:
        print(f"left: {sweep.name} is {sweep.status}: repeat this when it has ended")


def _readable(line: ArchivedRun) -> None:
    """Raise UserError if a run of a store would make a file that nobody can read."""
    faces = {each.digest: each for each in answers.lines([line.answers])}
    try:
        ArchivedRun.parse(read_line(line.text()), faces)
    except UserError as error:
        raise UserError(f"run {line.id}: cannot be kept ({error})") from None


def read(path: Path) -> list[ArchivedRun]:
    """The runs of a file; raises UserError that names the line which is none."""
    found, faces = [], {}
    for number, row in enumerate(_text(path).split(b"\n"), start=1):
        if not row.strip():
            continue
        try:
            tree = read_line(row.decode())
            if "rows" in tree:
                told = ArchivedFaces.parse(tree)
                faces[told.digest] = told
            else:
                found.append(ArchivedRun.parse(tree, faces))
        except UnicodeDecodeError:
            raise UserError(f"{path}, line {number}: is no UTF-8") from None
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from None
    return merged(found)


def _text(path: Path) -> bytes:
    """What stands in a file, compressed or not, whatever its name."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            text = file.read(_MOST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(f"{path}: is damaged or cut short; get it anew") from None
    if len(text) > _MOST:
        raise UserError(f"{path}: holds more than {_MOST >> 20:,} MiB of text, which no archive of runs does")
    return text


def merged(lines: Iterable[ArchivedRun]) -> list[ArchivedRun]:
    """Each job, baseline, ensemble and study once, by start; of two that stand for one the better.

    A finished one is, then the one that began later, or ended later, then the one with more figures or
    answers, which was evaluated; then the first.
    """
    best: dict[tuple[str, ...], ArchivedRun] = {}
    for line in lines:
        known = best.setdefault(subject(line.name, line.tags), line)
        if _rank(line) > _rank(known):
            best[subject(line.name, line.tags)] = line
    return sorted(best.values(), key=lambda line: (line.started, line.name, line.id))


def subject(name: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """What a run stands for."""
    kind = tags[keys.Tag.KIND]
    own = studies.sweep_key(name, tags) if kind == keys.Kind.SWEEP else [tags[keys.Tag.IDENTITY]]
    return kind, *own


def _rank(line: ArchivedRun) -> tuple[bool, int, int, int, int]:
    # a sweep is read whether all of its jobs have finished or not
    finished = line.status == "FINISHED" or line.tags[keys.Tag.KIND] == keys.Kind.SWEEP
    # one that was killed and gone on with ended later
    return finished, line.started, line.ended, len(line.metrics), len(line.answers)


def _newest_sweeps(store: tracking.Store, wanted: Sequence[str]) -> tuple[list[Record], list[Record]]:
    """The sweeps that the tables of these studies (all, if none) are made of; those that have ended first."""
    newest: dict[tuple[str, ...], Record] = {}
    for sweep in store.records(kind=keys.Kind.SWEEP):
        if not wanted or sweep.study in wanted:
            newest.setdefault(studies.sweep_key(sweep.name, sweep.tags), sweep)
    known = {sweep.study for sweep in newest.values()}
    lacking = next((study for study in wanted if study not in known), None)
    if lacking or not known:
        raise UserError(f"no sweep {lacking or ''} in {store.uri} yet: {hints.to_train(lacking or 'adhoc')}")
    running = [sweep for sweep in newest.values() if sweep.status in ("RUNNING", keys.LEFT)]
    return [sweep for sweep in newest.values() if sweep not in running], running


def _lines(store: tracking.Store, sweeps: Sequence[Record]) -> Iterator[ArchivedRun]:
    """The sweeps, their jobs that are done or left out of their tables, and what stands beside them."""
    first = origins(store)
    planned: set[str] = set()
    for sweep in sweeps:
        plan = artifacts.read_json(store.run_of(sweep), artifacts.PLAN)
        planned |= {job["identity"] for job in plan["jobs"]}
        yield line_of(sweep, store, first, plan)
    studies = {sweep.study for sweep in sweeps} - {"adhoc"}
    for identity, run in store.latest_of_all().items():
        # the tables count what they leave out
        done = run.status == "FINISHED" and run.study in studies
        if done or (identity in planned and record.settled(run, trial=True)):
            yield line_of(run, store, first)
    faces = {each for sweep in sweeps for each in sweep.faces_digest.split(", ")}
    for kind in (keys.Kind.ENSEMBLE, keys.Kind.BASELINE):
        for run in store.latest_of_all(kind).values():
            if run.status == "FINISHED" and run.faces_digest in faces:
                yield line_of(run, store, first)


def said(lines: Iterable[ArchivedRun]) -> str:
    """How many there are of each kind."""
    counts = Counter(line.tags[keys.Tag.KIND] for line in lines)
    kinds = (keys.Kind.SWEEP, keys.Kind.JOB, keys.Kind.ENSEMBLE, keys.Kind.BASELINE)
    known = ((counts[kind], kind) for kind in kinds if counts[kind])
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in known)


def main(arguments: Sequence[str] | None = None) -> None:
    """Keep the runs, or say in a line why not."""
    parser = console.Options("archive", __doc__)
    parser.add_argument("file", type=console.path, help="such as docs/runs.jsonl.gz")
    parser.add_argument(
        "--study", action="append", default=[], help="only this study, or these (default: all)"
    )
    console.takes_store(parser)
    keep(parser.parse_args(arguments))
