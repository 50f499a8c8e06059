"""A search read back: the best trial of each arm, and what fewer trials would have reached.

The best trial is the one with the lowest validation loss, the rule by which a protocol's weights and
`run=best` are chosen too. A trial that diverged has the accuracy of answering the largest class: it has cost
its turn, and is never the best.
"""

from collections.abc import Sequence

from fer_exp import statistics
from fer_exp.analysis.comparison import missing, origin
from fer_exp.statistics import Interval
from fer_exp.tables import Table
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Arm, Study, Trial
from fer_exp.tracking.studies import trials_of as of_arm


def tables(study: Study) -> list[Table]:
    """The best trial of each arm, and the curve of what fewer trials would have reached."""
    return [_best(study), _curve(study)]


def _best(study: Study) -> Table:
    header = ["arm", "trials", "diverged", "best trial", "learning rate", "weight decay", "val loss", "val"]
    table = Table(f"{study.title}: the best trial of each arm, accuracy in %", header)
    for arm in study.arms:
        found = of_arm(arm)
        told = _told(found[0]) if arm.runs else ["-"] * 5
        table.rows.append([arm.name, str(len(found)), str(len(arm.diverged)), *told])
    edges = {arm.name: _edge(of_arm(arm)) for arm in study.arms if arm.runs}
    table.notes += [
        f"{name}: the best has the {edge} learning rate of all trials: a wider range may hold a better one"
        for name, edge in edges.items()
        if edge
    ]
    table.notes += [
        "best: the lowest validation loss; the luckiest of so many flatters, so the tuned study trains it "
        "again by other seeds, and test stays shut until then",
        *missing(study),
        *_sizes(study),
        *origin(study),
    ]
    return table


def _told(trial: Trial) -> list[str]:
    rates = [f"{_rate(trial, key):g}" for key in ("lr", "weight_decay")]
    return [str(trial.number), *rates, f"{trial.loss:.4f}", f"{100 * trial.accuracy:.2f}"]


def _rate(trial: Trial, key: str) -> float:
    return float(trial.run.params[keys.optimizer(key)])


def _edge(found: Sequence[Trial]) -> str | None:
    """At which end of their learning rates the best of some trials lies, if at one of several."""
    rates = [_rate(trial, "lr") for trial in found]
    if min(rates) == max(rates):
        return None
    return {min(rates): "lowest", max(rates): "highest"}.get(rates[0])


def budgets(study: Study) -> list[int]:
    """The numbers of trials that the curve is told for: 1, 2, 4, ... and all of the largest arm."""
    most = max((len(of_arm(arm)) for arm in study.arms), default=0)
    doubled = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*doubled, most] if most else []


def expected(arm: Arm, budget: int) -> Interval | None:
    """The validation accuracy that the best of so many trials has on average; None if there are fewer."""
    found = of_arm(arm)
    if budget > len(found):
        return None
    return statistics.expected_best_interval([trial.accuracy for trial in found], budget, seed=0)


def _curve(study: Study) -> Table:
    counts = budgets(study)
    table = Table(
        f"{study.title}: expected validation accuracy in % of the best of so many trials [95 % interval]",
        ["arm", *map(str, counts)],
    )
    for arm in study.arms:
        table.rows.append([arm.name, *(_say(expected(arm, count)) for count in counts)])
    table.notes += [
        "the mean over all sets of so many of the arm's trials, each standing for its own best; "
        "intervals: bootstrap over trials, which knows no better trial than those seen",
        "a trial that diverged counts with the accuracy of answering the largest class",
    ]
    return table


def _say(found: Interval | None) -> str:
    if found is None:
        return "-"
    return f"{100 * found.mean:.2f} [{100 * found.low:.2f}, {100 * found.high:.2f}]"


def _sizes(study: Study) -> list[str]:
    run = next((run for arm in study.arms for run in arm.runs.values()), None)
    return [f"train n = {run.fit_size}; validation n = {run.validation_size}"] if run else []
