"""Arms and baselines beside one another on test, with McNemar's test."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fer_exp import statistics, tracking
from fer_exp.evaluation import result_tables
from fer_exp.formatting import Message, Styled
from fer_exp.statistics import Difference
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, artifacts, keys
from fer_exp.tracking.studies import Arm, Study

SIGNIFICANCE = 0.05


def beside(
    found: Sequence[Study],
    baselines: Sequence[Record],
    reference: Record,
    store: tracking.Store,
) -> Table:
    """The arms of these studies and the baselines, best first, each run tested against the reference."""
    # of the same study by several protocols there are several of a name
    several = len({study.protocol for study in found}) > 1
    arms = [
        replace(arm, name=f"{arm.name} · {study.protocol}") if several else arm
        for study in found
        for arm in study.arms
        if arm.runs
    ]
    arms += [Arm(record.name, "", {"0": record}) for record in baselines]
    runs = {run.run_id: run for arm in arms for run in arm.runs.values()}
    tested = against(runs, reference, store)
    columns: list[str | Message | Column] = [
        "",
        Column("accuracy in %"),
        Column(f"against {reference.name}", "points"),
        Column("McNemar"),
    ]
    n = reference.metrics[keys.test("union", "n")]
    table = Table(f"beside the baselines, on all of test (n = {n:,.0f})", columns)
    table.rows = [_row(arm, tested) for arm in sorted(arms, key=_mean_accuracy, reverse=True)]
    table.notes.append("a baseline is fitted on all of train; a network leaves out its validation faces")
    table.notes.append("McNemar's exact test of two fixed classifiers, Holm-adjusted over all runs")
    if any(key not in tested for key in runs if key != reference.run_id):
        table.notes.append("no p: where the answers to test, of either, are not here")
    return table


def _mean_accuracy(arm: Arm) -> float:
    return float(np.mean(arm.values(keys.TEST_ACCURACY)))


def _row(arm: Arm, tested: dict[str, Difference]) -> list:
    runs = list(arm.runs.values())
    known = [tested[run.run_id] for run in runs if run.run_id in tested]
    cells = [arm.name, result_tables.accuracy(arm)]
    if not known:
        return [*cells, "", ""]
    differences = [each.mean for each in known]
    if len(known) > 1:
        return [*cells, statistics.mean_interval(differences), _counted(known)]
    [only] = known
    return [*cells, only, Styled(only.p, "p=")]


def _counted(known: Sequence[Difference]) -> str:
    """How many of several runs differ from the reference, by the test: `3 better of 3`."""
    sure = [each for each in known if each.p < SIGNIFICANCE]
    better = sum(each.mean > 0 for each in sure)
    words = [
        f"{count} {word}" for count, word in ((better, "better"), (len(sure) - better, "worse")) if count
    ]
    return f"{', '.join(words) or '0 differ'} of {len(known)}"


def against(runs: dict[str, Record], reference: Record, store: tracking.Store) -> dict[str, Difference]:
    """Each other run against the reference, with Holm's p value, by its id.

    Without those whose answers are not here.
    """
    theirs = _right(reference, store)
    if theirs is None:
        return {}
    found = {key: _right(run, store) for key, run in runs.items() if key != reference.run_id}
    known = {key: right for key, right in found.items() if right is not None}
    p_values = statistics.holm([statistics.mcnemar(right, theirs) for right in known.values()])
    return {
        key: Difference(float(right.mean() - theirs.mean()), np.nan, np.nan, float(p))
        for (key, right), p in zip(known.items(), p_values, strict=True)
    }


def _right(record: Record, store: tracking.Store) -> np.ndarray | None:
    """Which test faces a run got right, bool [N]; None if its answers are not here."""
    answers = artifacts.find_answers(store.run(record.run_id), artifacts.TEST_ANSWERS)
    return None if answers is None else answers["label"] == answers["predicted"]
