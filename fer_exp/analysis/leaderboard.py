"""Print the leaderboard of FER-2013: `python -m fer_exp leaderboard`; others' results beside ours.

Methods stand in tiers by the private half of test, which is what most report. A result that was selected on
that half, that is contested or that is of another part of test stands in no tier, with the reason. Ours are
a row a kind, with all its seeds, and the baselines.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_exp import console, provenance, tables, tracking
from fer_exp.analysis import own_results, published
from fer_exp.analysis.own_results import Own
from fer_exp.analysis.published import Result
from fer_exp.fer2013 import CANONICAL_TEST
from fer_exp.statistics import Interval, mean_interval, share_interval
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, keys, studies
from fer_exp.tracking.studies import Study

# The images of each part of test; of `unsaid` nobody says.
_UNION = sum(CANONICAL_TEST)
_IMAGES = {"public": _UNION // 2, "private": _UNION // 2, "union": _UNION}

# How a row came about, in the wide tables alone.
_TOLD = ("selected on", "averaged at test", "models", "seeds", "address", "read there")

_OURS = "ours: "


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard. accuracy: of 0 to 1 by part of test, means where there are seeds.

    Its intervals are Wilson's over the images of the part. seeds: the mean on the private half with its
    interval over seeds, None of one. told: by `_TOLD`. why_not: what keeps it out of the tiers; empty if
    nothing does.
    """

    method: str
    kind: str
    accuracy: Mapping[str, Interval]
    extra_data: str
    source: str
    told: Mapping[str, str]
    seeds: Interval | None = None
    why_not: str = ""


def over_images(shares: Mapping[str, float]) -> dict[str, Interval]:
    """Accuracies by part of test, each with Wilson's interval over its images, if their number is known."""
    found = {}
    for part, share in shares.items():
        n = _IMAGES.get(part)
        interval = share_interval(round(share * n), n) if n else Interval(share, math.nan, math.nan)
        found[part] = Interval(share, interval.low, interval.high)
    return found


def of_others(result: Result) -> Row:
    """What others report, as they report it."""
    figures = {part: getattr(result, part) for part in published.PARTS}
    accuracy = over_images({part: value / 100 for part, value in figures.items() if value is not None})
    facts = (result.selected_on, result.averaging, result.models, result.seeds, result.address, result.read)
    told = dict(zip(_TOLD, facts, strict=True))
    selected = "selected on test" if result.selected_on == "private" else ""
    why_not = result.doubt or selected or _of_another_part(accuracy)
    return Row(result.method, result.kind, accuracy, result.extra_data, result.source, told, why_not=why_not)


def _of_another_part(accuracy: Mapping[str, Interval]) -> str:
    if "private" in accuracy:
        return ""
    return "half not named" if "unsaid" in accuracy else "both halves"


def of_ours(kinds: Iterable[Own]) -> Iterator[Row]:
    """A row for each kind, and one for its networks as one, if they were scored so."""
    for own in kinds:
        by_part = {part: own.values(keys.test(part, "accuracy")) for part in _IMAGES}
        shares = {part: sum(values) / len(values) for part, values in by_part.items() if values}
        seeds = len(own.runs)
        mean = mean_interval(by_part["private"]) if len(by_part["private"]) > 1 else None
        mirrored = own.runs[0].params.get(keys.Param.MODEL_MIRRORED) == "True"
        facts = {"selected on": "validation", "averaged at test": "mirror image" if mirrored else "none"}
        name = f"{_OURS}{own.name}, {seeds} seed{'s' * (seeds > 1)}"
        yield _ours(name, own.kind, shares, {**facts, "models": "1", "seeds": str(seeds)}, mean)
        if own.ensemble is not None:
            name, told = f"{_OURS}{own.name}, {seeds} as one", {**facts, "models": str(seeds), "seeds": "1"}
            yield _ours(name, f"{own.kind}, together", _scored(own.ensemble), told)


def of_baselines(store: tracking.Store, faces: Iterable[str]) -> Iterator[Row]:
    """The baselines of ours that were fitted on one of these sets of faces."""
    told = {"selected on": "none", "averaged at test": "none", "models": "1", "seeds": "1"}
    for record in (record for each in faces for record in studies.read_baselines(store, each)):
        yield _ours(f"{_OURS}{record.name}", "baseline", _scored(record), told)


def _scored(record: Record) -> dict[str, float]:
    found = {part: record.metrics.get(keys.test(part, "accuracy")) for part in _IMAGES}
    return {part: value for part, value in found.items() if value is not None}


def _ours(
    method: str,
    kind: str,
    shares: Mapping[str, float],
    told: Mapping[str, str],
    seeds: Interval | None = None,
) -> Row:
    accuracy = over_images(shares)
    return Row(method, kind, accuracy, "none", "here", told, seeds, _of_another_part(accuracy))


def tiers(rows: Iterable[Row]) -> list[tuple[int, Row]]:
    """The rows that nothing speaks against, best first, each with the number of its tier.

    A tier is begun by the best row that is left, and holds all whose interval overlaps that row's.
    """
    found: list[tuple[int, Row]] = []
    tier, floor = 0, math.inf
    for row in _best_first([row for row in rows if not row.why_not], "private"):
        private = row.accuracy["private"]
        if private.high < floor:
            tier, floor = tier + 1, private.low
        found.append((tier, row))
    return found


def _best_first(rows: Iterable[Row], part: str) -> list[Row]:
    return sorted(rows, key=lambda row: row.accuracy[part].mean, reverse=True)


_TIERS_NOTE = (
    "tier: begun by the best method that is left; it holds all whose interval overlaps that method's. "
    "The order within a tier says nothing, and intervals are no test of two methods"
)
_INTERVALS_NOTE = (
    f"intervals: 95 %, Wilson's, as of one run, over {_IMAGES['private']:,} images of a half of test, "
    f"{_IMAGES['union']:,} of both"
)


def board(rows: Sequence[Row], wide: bool = False) -> list[Table]:
    """The tiers, and the rows in none with their reasons. wide: with all that is known of them."""
    title = "FER-2013, private half of test: accuracy in % with its 95 % interval over images"
    ranked = Table(title, [Column("tier", key="tier"), *_columns("method", "kind")], name="leaderboard")
    others = Table("in no tier: accuracy in %", _columns("why", "method", "kind"), name="in_no_tier")
    if wide:
        ranked.header = [*ranked.header, *map(_accuracy, ("private", "public", "union"))]
        ranked.header += [_OVER_SEEDS, *_columns("extra data", "source", *_TOLD)]
        others.header = [*others.header, Column("part", key="subset", numeric=False)]
        others.header += [Column("accuracy", "range", _OF_TEST), *_columns("extra data", "source", *_TOLD)]
    else:
        # two columns for one figure, since an interval in one would be broken on a terminal
        ranked.header = [*ranked.header, Column("private", "share"), Column("interval", "span")]
        ranked.header += _columns("extra data", "source")
        others.header = [*others.header, Column("accuracy", "share"), Column("interval", "span")]
        others.header += _columns("source")
    for tier, row in tiers(rows):
        private = row.accuracy["private"]
        more = [*map(row.accuracy.get, ("public", "union")), row.seeds] if wide else [private]
        told = [row.extra_data, row.source, *_told(row, wide)]
        ranked.rows.append([tier, row.method, row.kind, private, *more, *told])
    for part, row in _in_no_tier(rows):
        shown = row.accuracy[part]
        figures = [part, shown, row.extra_data] if wide else [shown, shown]
        others.rows.append([row.why_not, row.method, row.kind, *figures, row.source, *_told(row, wide)])
    ranked.notes += [_TIERS_NOTE, _INTERVALS_NOTE]
    ranked.notes.append(_about_ours(rows))
    if not wide:
        ranked.notes.append(
            "how each came about, and what was read at its source: --wide or --format markdown"
        )
    return [ranked, others]


def _about_ours(rows: Iterable[Row]) -> str:
    if any(row.method.startswith(_OURS) for row in rows):
        return "ours: a row a kind, chosen by validation, with the mean over its seeds"
    commands = "python train.py study=NAME, then python evaluate.py study=NAME"
    return provenance.as_typed(f"none of ours: {commands}, on FER-2013")


def _in_no_tier(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """The rows that are in no tier by reason, best first, each with the part of test of its figure."""
    by_reason: dict[tuple[str, str], list[Row]] = {}
    for row in (row for row in rows if row.why_not):
        part = next(part for part in ("private", "union", "unsaid", "public") if part in row.accuracy)
        by_reason.setdefault((row.why_not, part), []).append(row)
    for (_, part), alike in sorted(by_reason.items()):
        yield from ((part, row) for row in _best_first(alike, part))


_OF_TEST = {"metric": "accuracy", "split": "test"}
_OVER_SEEDS = Column(
    "over seeds", "percent", {"metric": "accuracy_over_seeds", "split": "test", "subset": "private"}
)


def _accuracy(part: str) -> Column:
    return Column(part, "range", _OF_TEST | {"subset": part, "n": _IMAGES[part]})


def _columns(*names: str) -> list[Column]:
    return [Column(name, key=name.replace(" ", "_"), numeric=False) for name in names]


def _told(row: Row, wide: bool) -> list[Any]:
    return [row.told.get(name) for name in _TOLD] if wide else []


def rows_of(store: tracking.Store, of_studies: Iterable[Study]) -> list[Row]:
    """Others' results and ours in a store. of_studies: the studies that are read from it."""
    jobs, ensembles = store.latest_of_all(), store.latest_of_all(keys.Kind.ENSEMBLE)
    kinds = own_results.best_of_each_kind(jobs, ensembles, of_studies)
    faces = dict.fromkeys(run.faces_digest for run in jobs.values() if run.genuine)
    return [*map(of_others, published.results()), *of_ours(kinds), *of_baselines(store, faces)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = console.Options("leaderboard", __doc__)
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    parser.add_argument("--wide", action="store_true", help="all columns, as every format but `table` has")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    rows = rows_of(store, studies.read_studies(store))
    tables.FORMATS[args.format](board(rows, args.wide or args.format != "table"))
