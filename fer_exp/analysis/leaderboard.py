"""Print the leaderboard of FER-2013: `python -m fer_exp leaderboard`; beside others.

Ranked by the private half of test, which is what most report; a row that chose by that half itself, that is
contested or that has no such figure stands below, unranked, with the reason. Ours are each study's arms and
the baselines, if they were evaluated and their faces are FER-2013.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_exp import console, tables, tracking
from fer_exp.analysis import published
from fer_exp.analysis.comparison import mean
from fer_exp.analysis.published import Result
from fer_exp.fer2013 import GENUINE
from fer_exp.tables import Column, Table
from fer_exp.tracking import keys, studies
from fer_exp.tracking.studies import Arm, Study, ensemble_of, read_studies

PARTS = ("public", "private", "union")

_TOLD = ("selected on", "extra data", "averaged at test", "models", "seeds", "source")


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard: accuracies of 0 to 1 as one value a seed, and how they came about.

    why_not: what keeps it from being ranked; empty if nothing does.
    """

    method: str
    kind: str
    accuracies: dict[str, list[float]]
    protocol: list[str]
    why_not: str

    @property
    def rank_by(self) -> tuple[float, float]:
        """Mean accuracy on the private half, then on the union; -1 where there is none."""
        means = (self.accuracies[part] or [-1.0] for part in ("private", "union"))
        private, union = (sum(values) / len(values) for values in means)
        return private, union

    def cells(self) -> list[Any]:
        """The row's values, without its rank."""
        return [self.method, self.kind, *(mean(self.accuracies[part]) for part in PARTS), *self.protocol]


def of_others(result: Result) -> Row:
    """What others report, as they report it."""
    shares = {part: getattr(result, part) for part in PARTS}
    accuracies = {part: [] if value is None else [value / 100] for part, value in shares.items()}
    source = f"{result.source} ({result.known})"
    protocol = [result.selected_on, result.extra_data, result.averaging, result.models, result.seeds, source]
    why_not = result.doubt or ("selected on the test split" if result.selected_on == "test" else "")
    return Row(result.method, result.kind, accuracies, protocol, why_not or _without_private(accuracies))


def _without_private(accuracies: dict[str, list[float]]) -> str:
    return "" if accuracies["private"] else "no figure of the private half"


def of_studies(studies: Sequence[Study], ensembles: Mapping[str, tracking.Record]) -> Iterator[Row]:
    """Each evaluated arm of ours, once even if several studies share it; the audit's slips are none.

    ensembles: the scored ones, by their identity; each follows the arm whose seeds it joins.
    """
    seen = set()
    for study in studies:
        for arm in study.arms if study.name != "audit" else []:
            runs = {seed: run for seed, run in arm.runs.items() if _counts(run)}
            key = frozenset(run.run_id for run in runs.values())
            if not runs or key in seen:
                continue
            seen.add(key)
            evaluated = Arm(arm.name, arm.setting, runs)
            accuracies = {part: evaluated.values(keys.test(part, "accuracy")) for part in PARTS}
            kind = next(iter(runs.values())).params.get(keys.Param.MODEL_NAME, "mlp")
            selected = "validation" if study.selected_on != "last epoch" else "nothing: last epoch"
            views = _averaged(next(iter(runs.values())))
            source = f"study={study.name}, {study.protocol} protocol"
            protocol = [selected, "none", views, "1", str(len(runs)), source]
            yield Row(f"ours: {arm.name}", kind, accuracies, protocol, _without_private(accuracies))
            together = ensemble_of(arm, ensembles)
            if together is not None:
                accuracies = {part: [together.metrics[keys.test(part, "accuracy")]] for part in PARTS}
                protocol = [selected, "none", views, str(len(arm.runs)), "1", source]
                yield Row(f"ours: {together.name}", kind, accuracies, protocol, _without_private(accuracies))


def of_baselines(store: tracking.Store, faces: Sequence[str]) -> Iterator[Row]:
    """The baselines of ours that were fitted on one of these sets of faces."""
    for record in (record for each in faces for record in studies.read_baselines(store, each)):
        found = {part: record.metrics.get(keys.test(part, "accuracy")) for part in PARTS}
        accuracies = {part: [] if value is None else [value] for part, value in found.items()}
        protocol = ["nothing: fitted once", "none", "none", "1", "1", "evaluate.py"]
        yield Row(f"ours: {record.name}", "baseline", accuracies, protocol, _without_private(accuracies))


def _averaged(run: tracking.Record) -> str:
    """What an answer to a test face is the mean over."""
    return "mirror image" if run.params.get(keys.Param.MODEL_MIRRORED) == "True" else "none"


def _counts(run: tracking.Record) -> bool:
    """Whether a run was evaluated on FER-2013, whichever copy; other faces have no place here."""
    return run.params.get(keys.Param.FACES_KIND) in GENUINE and keys.TEST_ACCURACY in run.metrics


def genuine(studies: Sequence[Study]) -> list[str]:
    """The sets of faces that are FER-2013 among those of the studies: one a copy, but for how it was read."""
    runs = ((study.faces, run) for study in studies for arm in study.arms for run in arm.runs.values())
    kind = keys.Param.FACES_KIND
    return list(dict.fromkeys(faces for faces, run in runs if run.params.get(kind) in GENUINE))


def board(rows: Sequence[Row]) -> tuple[Table, Table]:
    """The ranked rows, best first, and the others, with the reason of each."""
    ordered = sorted(rows, key=lambda row: row.rank_by, reverse=True)
    title = "accuracy on FER-2013 in %; ours: mean ± 95 % CI half-width over seeds"
    ranked = Table(f"leaderboard, by PrivateTest: {title}", [Column("", key="rank"), *_columns()])
    ranked.name = "leaderboard"
    fair = [row for row in ordered if not row.why_not]
    ranked.rows = [[place, *row.cells()] for place, row in enumerate(fair, start=1)]
    ranked.notes += [
        "public, private: PublicTest and PrivateTest, 3,589 faces each: "
        "one figure near 73 % is uncertain by ±1.5 percentage points",
        "selected on: what chose the weights; `not stated` may be test",
        "read: at the source; recalled: from memory, to be checked before it is cited",
    ]
    if not any(row.method.startswith("ours: ") for row in rows):
        ranked.notes.append(
            "none of ours: python train.py study=..., then python evaluate.py study=..., on FER-2013"
        )
    others = Table(f"not ranked: {title}", [Column("why", key="why", numeric=False), *_columns()])
    others.name = "not_ranked"
    others.rows = [[row.why_not, *row.cells()] for row in ordered if row.why_not]
    return ranked, others


def _columns() -> list[Column]:
    tested = {"metric": "accuracy", "split": "test"}
    return [
        Column("method", key="method", numeric=False),
        Column("kind", key="kind", numeric=False),
        *(Column(part, "percent", tested | {"subset": part}) for part in PARTS),
        *(Column(name, key=name.replace(" ", "_"), numeric=False) for name in _TOLD),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_exp leaderboard", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    with console.mistakes_in_one_line():
        store = tracking.existing_store(args.tracking_uri, args.experiment)
        studies = read_studies(store)
        rows = [*map(of_others, published.results()), *of_studies(studies, store.latest_of_all("ensemble"))]
        rows += of_baselines(store, genuine(studies))
    tables.FORMATS[args.format](board(rows))
