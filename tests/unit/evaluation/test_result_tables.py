"""The tables that evaluate.py prints."""

from helpers.made_studies import run, study

from fer_exp.evaluation import result_tables
from fer_exp.formatting import MISSING, PLAIN
from fer_exp.tracking.studies import Arm

WHOLE, CLEAN = "union", "union_no_near_copies"


def scored(seed: int, *parts: str):
    """A run that was scored on these parts of test."""
    found = {"accuracy": 0.4, "accuracy_low": 0.39, "accuracy_high": 0.41, "macro_f1": 0.3}
    found |= {"majority_accuracy": 0.25}
    metrics = {f"test/{part}/{quantity}": value for part in parts for quantity, value in found.items()}
    return run(seed, 0.4, **metrics, **{f"test/{part}/n": 100.0 - len(part) for part in parts})


def test_a_part_that_some_runs_were_not_scored_on_is_left_empty_for_these():
    """As runs restored from an archive of before there was this part."""
    new = Arm("new", "new", {str(seed): scored(seed, WHOLE, CLEAN) for seed in range(2)})
    one = Arm("one", "one", {"0": scored(0, WHOLE), "1": scored(1, WHOLE, CLEAN)})
    old = Arm("old", "old", {str(seed): scored(seed, WHOLE) for seed in range(2)})
    table = result_tables.scores(study("mixed", old, one, new)).in_words(PLAIN)
    shown = {name: near for name, _, _, near, *_ in table.rows}
    assert shown == {"old": MISSING, "one": "40.00 [39.00, 41.00]", "new": "40.00 ±0.00"}
