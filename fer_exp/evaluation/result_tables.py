"""Scores on test as tables."""

from collections.abc import Iterable, Mapping, Sequence

from fer_exp import metrics
from fer_exp.evaluation.scoring import Part
from fer_exp.evaluation.taggers import CLEAR
from fer_exp.tables import Table
from fer_exp.tracking import Record, keys


def scores(record: Record, parts: Iterable[Part]) -> Table:
    """The scores of an evaluated run on each part of test, and its alarms."""
    title = f"{record.name} (run {record.run_id}), {record.protocol} protocol, "
    title += f"weights of the {record.selected_on}: test, accuracy with 95 % interval over faces"
    table = Table(title, ["subset", "n", "majority", "accuracy in %", "macro-F1", "log-loss", "ECE"])
    for part in parts:
        accuracy = f"{100 * metrics.accuracy(part.counts):.2f} [{100 * part.low:.2f}, {100 * part.high:.2f}]"
        others = [f"{metrics.macro_f1(part.counts):.3f}", f"{part.loss:.3f}", f"{part.calibration_error:.3f}"]
        table.rows.append([part.name, str(part.n), f"{100 * part.majority:.2f}", accuracy, *others])
    table.notes += [f"ALARM: {alarm}" for alarm in record.tags[keys.Tag.ALARMS].split("; ") if alarm]
    return table


def beside_taggers(record: Record, found: Mapping[str, float]) -> Table:
    """How a run stands to the taggers of FER+, by the metrics of `taggers.scores`."""
    table = Table(f"{record.name} (run {record.run_id}) and FER+'s ten taggers", ["", "n", "in %"])
    for name, text, number in (
        ("clear_accuracy", f"accuracy where more than {CLEAR} taggers agree", "clear_n"),
        ("errors_shared", "errors that at least one tagger made too", "errors_n"),
        ("errors_of_most", "errors that most taggers made too", "errors_n"),
    ):
        value, n = found.get(keys.taggers(name)), found[keys.taggers(number)]
        table.rows.append([text, f"{n:.0f}", "-" if value is None else f"{100 * value:.2f}"])
    return table


def ensembles(scored: Iterable[Record], missing: Sequence[str]) -> Table:
    """What ensembles reach, and why others are missing."""
    table = Table("ensembles: accuracy on the union of test in %", ["", "n", "accuracy"])
    for record in scored:
        accuracy = f"{100 * record.metrics[keys.TEST_ACCURACY]:.2f}"
        table.rows.append([record.name, f"{record.metrics[keys.test('union', 'n')]:.0f}", accuracy])
    table.notes += missing
    return table
