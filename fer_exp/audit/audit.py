"""The audit: every slip of the deck that a sum or a run can show, with a verdict.

Each row says what the deck printed, what the slip gives here, what its mending gives, and whether the
printed figure is thereby explained. Where runs are missing it says which, and judges nothing.
"""

from collections.abc import Sequence

from fer_exp.analysis import published
from fer_exp.analysis.comparison import SIGNIFICANCE, against
from fer_exp.audit import by_arithmetic, by_runs
from fer_exp.audit.by_runs import Check, MissingError, Runs, figure
from fer_exp.audit.finding import EXPLAINED, IN_PART, OPEN, UNEXPLAINED, Finding
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Study

# The findings that have a number in the audit of the deck, A1 to A16.
NUMBERED = 16


def findings(studies: Sequence[Study], baselines: Sequence[Record]) -> list[Finding]:
    """Findings by arithmetic and by the runs of these studies on the same faces, in the audit's order."""
    runs = {
        arm.setting: run
        for study in studies
        if study.name == "audit"
        for arm in study.arms
        for run in list(arm.runs.values())[:1]
    }
    slips = [*by_runs.CHECKS, _softmax(baselines), _seeds(studies)]
    rows = by_arithmetic.findings() + [_judged(slip, runs) for slip in slips]
    # the audit's own numbers first, then what it did not number
    return sorted(rows, key=lambda row: (row.audit[0], int(row.audit[1:])))


def _judged(slip: Check, runs: Runs) -> Finding:
    try:
        presented, corrected, verdict = slip.judge(runs)
    except MissingError as missing:
        presented, corrected, verdict = str(missing), "", OPEN
    return Finding(slip.id, slip.audit, slip.printed, presented, verdict, slip.paragraph, corrected)


def _softmax(baselines: Sequence[Record]) -> Check:
    printed = published.figure("activation", "identity", "test_accuracy").value

    def judge(runs: Runs) -> tuple[str, str, str]:
        linear, softmax = (
            figure(runs, f"softmax/{arm}", keys.TEST_ACCURACY) for arm in ("presented", "corrected")
        )
        ridge = [run.metrics[keys.TEST_ACCURACY] for run in baselines if run.name.startswith("ridge")]
        if not ridge:
            raise MissingError("no baseline: python evaluate.py baseline=ridge")
        near = abs(linear - printed) <= 2 * by_runs.NEAR and abs(ridge[0] - printed) <= 2 * by_runs.NEAR
        explained = near and abs(softmax - printed) > 2 * by_runs.NEAR
        return (
            f"no activation: test {100 * linear:.2f}; ridge on pixels: {100 * ridge[0]:.2f}",
            f"a true softmax: test {100 * softmax:.2f}",
            EXPLAINED if explained else UNEXPLAINED,
        )

    return Check(
        "softmax",
        "A12",
        f"test {100 * printed:.1f} for the activation Softmax",
        "What the tables call softmax is nn.Identity in the code: a network without any activation, which is "
        "a linear model. It does what ridge regression does on the same pixels; a true softmax does not.",
        judge,
    )


def _seeds(studies: Sequence[Study]) -> Check:
    def judge(_: Runs) -> tuple[str, str, str]:
        honest = [study for study in studies if study.protocol == "honest" and study.name != "adhoc"]
        # a ceiling of epochs that changes nothing is the same contrast again
        by_values = {
            tuple(tuple(each.values(keys.SELECTED_VAL_ACCURACY)) for each in (study.base, arm)): difference.p
            for study in honest
            for arm in study.arms
            if arm is not study.base and (difference := against(arm, study.base)) is not None
        }
        found = [p for (base, arm), p in by_values.items() if base != arm]
        if not found:
            raise MissingError("not run: python train.py study=activation (and the other studies)")
        ties = sum(p >= SIGNIFICANCE for p in found)
        return (
            "one seed allows no test",
            f"{ties} of {len(found)} contrasts over paired seeds are ties, before any adjustment",
            EXPLAINED if 2 * ties > len(found) else IN_PART if ties else UNEXPLAINED,
        )

    return Check(
        "one_seed",
        "A15",
        "one run a setting, no interval",
        "Two runs that differ in nothing but the seed differ by a point or more, as much as most of what "
        "the deck compares. With several seeds, paired, one can tell which differences are there.",
        judge,
    )
