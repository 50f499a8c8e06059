"""Evaluated runs and baselines beside one another, with McNemar's test."""

from collections.abc import Sequence

import numpy as np

from fer_exp import statistics, tracking
from fer_exp.tables import Table
from fer_exp.tracking import Record, artifacts, keys


def beside(rivals: Sequence[Record], reference: Record, store: tracking.Store) -> Table:
    """Evaluated runs and baselines on the union of test, each tested against the reference."""
    header = ["", "accuracy in %", "macro-F1", "seconds", f"p against {reference.name}"]
    n = reference.metrics[keys.test("union", "n")]
    table = Table(f"on the union of test, n = {n:.0f}", header)
    right = {record.run_id: _right(record, store) for record in [reference, *rivals]}
    truth = right.pop(reference.run_id)
    known = {} if truth is None else {key: found for key, found in right.items() if found is not None}
    raw = [] if truth is None else [statistics.mcnemar(found, truth) for found in known.values()]
    p_values = statistics.holm(raw)
    # no p-value is 0, but a float may be
    printed = {key: f"{p:.2g}" if p else "<1e-300" for key, p in zip(known, p_values, strict=True)}
    for record in sorted(rivals, key=lambda record: -record.metrics[keys.TEST_ACCURACY]):
        mean, low, high = (
            record.metrics[keys.test("union", f"accuracy{end}")] for end in ("", "_low", "_high")
        )
        seconds = record.metrics.get(keys.FIT_SECONDS, record.metrics.get(keys.TRAIN_SECONDS))
        scores = [f"{100 * mean:.2f} [{100 * low:.2f}, {100 * high:.2f}]"]
        scores += [f"{record.metrics[keys.test('union', 'macro_f1')]:.3f}", f"{seconds:.1f}"]
        table.rows.append([record.name, *scores, printed.get(record.run_id, "")])
    table.notes.append("p: McNemar's exact test of two fixed classifiers, Holm-adjusted over the rows")
    table.notes.append("a baseline is fitted on all of train; a network leaves out its validation faces")
    if len(known) < len(right):
        table.notes.append("no p: where the answers to test, of either, are not here")
    return table


def _right(record: Record, store: tracking.Store) -> np.ndarray | None:
    """Which test faces a run got right, bool [N]; None if its answers are not here."""
    answers = artifacts.find_answers(store.run(record.run_id), artifacts.TEST_ANSWERS)
    return None if answers is None else answers["label"] == answers["predicted"]
