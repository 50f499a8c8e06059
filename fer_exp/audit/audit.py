"""The audit: every error of the deck that arithmetic or a run can show, with a verdict.

Each finding says what the deck printed, what the error gives here, what its correction gives, and whether
the printed figure is thereby explained. Where runs are missing it says which, and judges nothing.
"""

from collections.abc import Sequence

from fer_exp.audit import by_arithmetic, by_test_runs, by_training
from fer_exp.audit.finding import Check, Finding
from fer_exp.tracking import Record, Store
from fer_exp.tracking.studies import Study, read_baselines

# The findings that have a number in the audit of the deck, A1 to A16.
NUMBERED = 16


def checks(studies: Sequence[Study], baselines: Sequence[Record]) -> list[Check]:
    """All that runs judge."""
    return [*by_training.checks(studies), *by_test_runs.checks(baselines)]


def findings_on(faces: str | None, studies: Sequence[Study], store: Store) -> list[Finding]:
    """What the studies and the baselines on some faces say; without any, what arithmetic alone can judge."""
    alike = [study for study in studies if study.faces == faces]
    return findings(alike, read_baselines(store, faces) if faces else [])


def findings(studies: Sequence[Study], baselines: Sequence[Record]) -> list[Finding]:
    """Findings by arithmetic and by the runs of these studies on the same faces, in the audit's order."""
    runs = {
        arm.setting: run
        for study in studies
        if study.name == "audit"
        for arm in study.arms
        for run in list(arm.runs.values())[:1]
    }
    rows = by_arithmetic.findings() + [check.finding(runs) for check in checks(studies, baselines)]
    # the audit's own numbers first, then what it did not number
    return sorted(rows, key=lambda row: (row.audit[0], int(row.audit[1:])))
