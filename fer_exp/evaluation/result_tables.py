"""Scores on test as tables: a row an arm, and every subset of a single run."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from fer_exp import metrics, statistics
from fer_exp.evaluation.scoring import Part
from fer_exp.evaluation.taggers import CLEAR
from fer_exp.formatting import Styled
from fer_exp.statistics import Interval
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study

# The subsets of which a table of arms tells the accuracy: all of test, and what no photo of train tells.
_WHOLE, _CLEAN = "union", "union_no_near_copies"


def scores(study: Study, kept: Collection[str] = ()) -> Table:
    """What each arm reaches on test, a row each.

    kept: the ids of runs whose weights are not here, so that their scores are earlier ones.
    """
    runs = study.runs
    # a run restored from an archive may have been scored before there was a part
    first = next((run for run in runs if keys.test(_CLEAN, "n") in run.metrics), runs[0]).metrics
    n, clean = (first.get(keys.test(part, "n")) for part in (_WHOLE, _CLEAN))
    # where no photo is in both it says the same twice
    parts = [_WHOLE] + [_CLEAN] * (clean not in (None, n))
    columns = [Column(""), Column("runs"), *map(Column, ("test set", "no near-copies")[: len(parts)])]
    columns.append(Column("macro-F1", ".3f"))
    table = Table(f"{study.name} on {study.data}: accuracy on the test set in %", columns)
    for arm in study.arms:
        if arm.runs:
            f1 = float(np.mean(arm.values(keys.test(_WHOLE, "macro_f1"))))
            table.rows.append([arm.name, len(arm.runs), *(accuracy(arm, part) for part in parts), f1])
    table.notes.append(f"{study.protocol} protocol, weights of the {study.selected_on}; test n = {n:,.0f}")
    if len(parts) > 1:
        table.notes.append(f"no near-copies: without images of a photo that is in training, n = {clean:,.0f}")
    table.notes += _of_intervals(study.arms)
    table.notes.append(f"always answering the largest class: {100 * first[keys.majority(_WHOLE)]:.2f} %")
    if without := [run.name for run in runs if run.run_id in kept]:
        named = ", ".join(without[:3]) + ", ..." * (len(without) > 3)
        kept_so = f"{len(without)} of {len(runs)} runs keep their scores, as their weights are not here"
        table.notes.append(f"{kept_so}: {named}")
    table.notes += [f"ALARM: {run.name}: {alarm}" for run in runs for alarm in _alarms(run)]
    if left := study.left_out.get("not_planned"):
        table.notes.append(f"not in the newest sweep: {left} finished runs (run=ID scores one)")
    if left := study.left_out.get("other_faces"):
        table.notes.append(f"on other faces: {left} finished runs (data=... names them)")
    return table


def accuracy(arm: Arm, part: str = _WHOLE) -> Styled | None:
    """The accuracy of an arm: with its interval over runs, or of one run with that over faces.

    None if no run was scored on this part.
    """
    runs = [run for run in arm.runs.values() if keys.test(part, "accuracy") in run.metrics]
    if len(runs) == 1:
        return Styled(over_faces(runs[0], part), "range")
    if not runs:
        return None
    return Styled(statistics.mean_interval(arm.values(keys.test(part, "accuracy"))), "percent")


def over_faces(run: Record, part: str = _WHOLE) -> Interval:
    """The accuracy of a run with its interval over faces."""
    return Interval(*(run.metrics[keys.test(part, f"accuracy{end}")] for end in ("", "_low", "_high")))


def _of_intervals(arms: Sequence[Arm]) -> list[str]:
    """What the intervals of a table are over."""
    counts = {len(arm.runs) for arm in arms}
    many, one = any(count > 1 for count in counts), 1 in counts
    return ["±: half of the 95 % interval over runs"] * many + ["[ ]: 95 % interval over images"] * one


def _alarms(run: Record) -> list[str]:
    return [alarm for alarm in run.tags.get(keys.Tag.ALARMS, "").split("; ") if alarm]


def details(record: Record, parts: Sequence[Part]) -> Table:
    """The scores of an evaluated run on each part of test, all of it among them."""
    title = f"{record.name} (run {record.run_id}): test, accuracy with 95 % interval over images"
    table = Table(title, ["subset", "n", "majority", "accuracy in %", "macro-F1", "log-loss", "ECE"])
    for part in parts:
        share = Styled(Interval(metrics.accuracy(part.counts), part.low, part.high), "range")
        figures = [metrics.macro_f1(part.counts), part.loss, part.calibration_error]
        rounded = [None if figure is None else Styled(figure, ".3f") for figure in figures]
        table.rows.append([part.name, part.n, Styled(part.majority, "percent"), share, *rounded])
    mix = next(part.class_shares for part in parts if part.name == _WHOLE)
    at_mix = {part.name: part.accuracy_at(mix) for part in parts}
    said = ", ".join(f"{name} {100 * value:.2f}" for name, value in at_mix.items() if value is not None)
    table.notes.append(f"accuracy in % if each had the classes of {_WHOLE}: {said}")
    return table


def beside_taggers(study: Study) -> Table:
    """How each arm stands to the taggers of FER+, by the metrics of `taggers.scores`: means over its runs."""
    told = {
        "clear_accuracy": f"accuracy where more than {CLEAR} taggers agree",
        "errors_shared": "errors that a tagger made too",
        "errors_of_most": "errors that most made too",
    }
    table = Table(
        "beside FER+'s ten taggers, in %", ["", *(Column(text, "percent") for text in told.values())]
    )
    for arm in study.arms:
        found = [arm.values(keys.taggers(name)) for name in told]
        if arm.runs:
            table.rows.append([arm.name, *(float(np.mean(values)) if values else None for values in found)])
    return table


def ensembles(scored: Iterable[Record], missing: Sequence[str]) -> Table:
    """What ensembles reach, and why others are missing."""
    columns = [Column("ensemble"), Column("accuracy in %, union", "range"), Column("macro-F1", ".3f")]
    table = Table("ensembles: the mean of the probabilities of an arm's runs, on test", columns)
    for record in scored:
        f1 = record.metrics[keys.test(_WHOLE, "macro_f1")]
        table.rows.append([record.name, over_faces(record), f1])
    table.notes += missing
    return table
