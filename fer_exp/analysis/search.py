"""A search read back: the best trial of each arm, and what fewer trials would have reached.

The best trial is the one with the lowest validation loss, the rule by which a protocol's weights and
`run=best` are chosen too. A trial that diverged has the accuracy of answering the largest class: it has cost
its turn, and is never the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_exp import statistics
from fer_exp.statistics import Interval
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Arm, Study, Trial, trials_of


@dataclass(frozen=True)
class Best:
    """The best trial of an arm. edge: `lowest` or `highest` where its rate is at an end of those tried."""

    number: int
    learning_rate: float
    weight_decay: float
    loss: float
    accuracy: float
    edge: str | None


@dataclass(frozen=True)
class ArmSearch:
    """What the trials of an arm reached. best: None if each diverged.

    expected: the validation accuracy that the best of so many trials has on average, for budgets that the
    arm has.
    """

    name: str
    trials: int
    diverged: int
    best: Best | None
    expected: Mapping[int, Interval]


def summarise(study: Study) -> list[ArmSearch]:
    """The best trial of each arm, and the curve of what fewer trials would have reached."""
    counts = budgets(study)
    return [_summary(arm, counts) for arm in study.arms]


def budgets(study: Study) -> list[int]:
    """The numbers of trials that the curve has: 1, 2, 4, ... and all of the largest arm."""
    most = max((len(trials_of(arm)) for arm in study.arms), default=0)
    doubled = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*doubled, most] if most else []


def _summary(arm: Arm, counts: Sequence[int]) -> ArmSearch:
    trials = trials_of(arm)
    accuracies = [trial.accuracy for trial in trials]
    expected = {
        count: statistics.expected_best_interval(accuracies, count, seed=0)
        for count in counts
        if count <= len(trials)
    }
    best = _best(trials) if arm.runs else None
    return ArmSearch(arm.name, len(trials), len(arm.diverged), best, expected)


def _best(trials: Sequence[Trial]) -> Best:
    rates, decays = (
        [float(trial.run.params[key]) for trial in trials] for key in (keys.Param.LR, keys.Param.WEIGHT_DECAY)
    )
    ends = {min(rates): "lowest", max(rates): "highest"} if min(rates) < max(rates) else {}
    first = trials[0]
    return Best(first.number, rates[0], decays[0], first.loss, first.accuracy, ends.get(rates[0]))
