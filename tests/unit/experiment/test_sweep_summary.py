"""What a sweep says of its jobs."""

import pytest

from fer_exp.experiment import sweep_summary
from fer_exp.experiment.plan import PlannedJob
from fer_exp.tracking import Record


@pytest.mark.parametrize(
    ("total", "said"), [(9, "2 at a time, the last 3 together"), (3, "3 at a time"), (1, "1 at a time")]
)
def test_the_header_says_what_the_counter_will(total, said):
    """Where the last few jobs share the cores, there are more of them than usual."""
    assert sweep_summary.side_by_side(lambda left: left if left < 4 else 2, total) == said
    assert sweep_summary.side_by_side(lambda _: 2, 9) == "2 at a time"


def test_each_job_has_a_row_and_a_failure_a_reason():
    """Those that were left out after it need none."""
    jobs = [PlannedJob({"seed": str(seed)}, None, "faces", f"id{seed}") for seed in range(3)]
    done = Record("run", "a", "FINISHED", {}, {}, {"selected/val_accuracy": 0.5}, 0.0, "")
    failed = Record("run", "b", "FAILED", {}, {"error": "DivergedError: x", "log": "train.log"}, {}, 0.0, "")
    table = sweep_summary.table("seeds", jobs, [done, failed, None], stopped=True)
    assert table.rows == [
        ["seed 0", "done", "50.00"],
        ["seed 1", "failed", ""],
        ["seed 2", "not started", ""],
    ]
    assert table.notes == ["seed 1: DivergedError: x (log: train.log)"]
    table = sweep_summary.table("seeds", jobs, [done, failed, None], stopped=False)
    assert table.rows[2] == ["seed 2", "failed", ""]
    assert table.notes[1] == "seed 2: it failed before its run began: see above"
