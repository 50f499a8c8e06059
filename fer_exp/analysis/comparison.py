"""The comparison: finished runs, read back from the store, as tables.

A study's plan says which cells there must be, so failed and missing ones are shown; runs of other
faces or another protocol have a table of their own and are never averaged with these.
"""

import datetime
from collections.abc import Sequence

import numpy as np

from fer_exp import statistics
from fer_exp.analysis import published
from fer_exp.statistics import Difference
from fer_exp.tables import Table
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Arm, Study

SIGNIFICANCE = 0.05


def scores(study: Study, test: str) -> Table:
    """What each arm reaches: mean and 95 % interval over seeds, with the deck's figure beside it."""
    header = ["arm", "seeds", "train", "val", f"test ({test})", "val macro-F1", "epoch", "seconds"]
    table = Table(f"{study.title}: accuracy in %, mean ± half of the 95 % interval over seeds", header)
    metrics = (keys.SELECTED_TRAIN_ACCURACY, keys.SELECTED_VAL_ACCURACY, keys.test(test, "accuracy"))
    for arm in study.arms:
        cells = [percent(arm.values(metric)) for metric in (*metrics, keys.SELECTED_VAL_MACRO_F1)]
        middle = [_mean(arm.values(metric)) for metric in (keys.SELECTED_EPOCH, keys.TRAIN_SECONDS)]
        table.rows.append([arm.name, str(len(arm.runs)), *cells, *middle])
    table.notes += [f"{arm.name}: {_tuned(arm)}" for arm in study.arms if arm.tuned and arm.runs]
    table.notes += [*missing(study), *_sizes(study, test), *partly_tested(study.arms, test), *origin(study)]
    return table


def missing(study: Study) -> list[str]:
    """What a study lacks, and what was left out of it."""
    said = [said for arm in study.arms for said in arm.unfinished]
    if study.left_out:
        counted = ", ".join(f"{count} {reason}" for reason, count in sorted(study.left_out.items()))
        said.append(f"left out, not averaged with these: {counted}")
    return said


def _tuned(arm: Arm) -> str:
    params = next(iter(arm.runs.values())).params
    lr, weight_decay = (float(params[key]) for key in (keys.Param.LR, keys.Param.WEIGHT_DECAY))
    return f"learning rate {lr:g}, weight decay {weight_decay:g} (trial {arm.tuned} of its search)"


def contrasts(study: Study) -> Table:
    """Each arm against the base, seed by seed, and against what the deck printed."""
    header = ["arm", "against " + study.base.name, "p (Holm)", "verdict", "deck's val", "of the deck's"]
    table = Table(f"{study.title}: differences in points of validation accuracy", header)
    others = [arm for arm in study.arms if arm is not study.base]
    differences = [against(arm, study.base) for arm in others]
    adjusted = statistics.holm([found.p if found else np.nan for found in differences])
    said = {arm.name: _contrast(*pair) for arm, *pair in zip(others, differences, adjusted, strict=True)}
    for arm in study.arms:
        table.rows.append([arm.name, *said.get(arm.name, ["base", "", ""]), *_against_deck(study.name, arm)])
    return table


def against(arm: Arm, base: Arm) -> Difference | None:
    """The paired difference to the base over the seeds that both have; None without two such seeds."""
    shared = sorted(set(arm.runs) & set(base.runs), key=int)
    if len(shared) < 2:
        return None
    return statistics.paired_difference(
        arm.values(keys.SELECTED_VAL_ACCURACY, shared), base.values(keys.SELECTED_VAL_ACCURACY, shared)
    )


def _contrast(found: Difference | None, p: float) -> list[str]:
    if found is None:
        return ["", "", "no two shared seeds: no test"]
    interval = f"{100 * found.mean:+.2f} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"
    better = "better" if found.mean > 0 else "worse"
    return [interval, chance(p), better if p < SIGNIFICANCE else "tie inside the noise"]


def _against_deck(study: str, arm: Arm) -> list[str]:
    """The deck's figure for this arm, and whether one more run of ours would plausibly give it."""
    printed = published.figure(study, arm.setting, "val_accuracy")
    if printed is None:
        return ["", ""]
    figure = f"{100 * printed.value:.2f}"
    values = arm.values(keys.SELECTED_VAL_ACCURACY)
    if len(values) < 2:
        return [figure, "open: it takes two seeds"]
    expected = statistics.next_value_interval(values)
    verdict = "reproduced" if expected.low <= printed.value <= expected.high else "not reproduced"
    if "printed as Test" in printed.note:
        verdict += "; printed as test, but of validation"
    return [figure, verdict]


def chance(p: float) -> str:
    """A p-value to three places; none is ever 0."""
    return f"{p:.3f}" if p >= 0.0005 else "<0.001"


def percent(values: Sequence[float]) -> str:
    """A mean of shares in percent, with half of its 95 % interval where there is one."""
    if not values:
        return "-"
    found = statistics.mean_interval(values)
    half = "" if np.isnan(found.low) else f" ±{100 * (found.high - found.mean):.2f}"
    return f"{100 * found.mean:.2f}{half}"


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1f}" if values else "-"


def origin(study: Study) -> list[str]:
    """When, by which code and at what cost the runs of a study were trained."""
    runs = [run for arm in study.arms for run in arm.runs.values()]
    if not runs:
        return []
    days = sorted({datetime.date.fromtimestamp(run.started).isoformat() for run in runs})
    commits = sorted({run.tags.get(keys.Tag.COMMIT, "")[:12] or "no commit" for run in runs})
    spent: dict[str, float] = {}
    for run in runs:
        spent[run.device] = spent.get(run.device, 0) + run.metrics[keys.TRAIN_SECONDS] / 60
    # jobs that share a GPU each count the whole time
    units = {
        device: "minutes of one core" if device == "cpu" else f"job-minutes of {device}" for device in spent
    }
    minutes = " and ".join(f"{spent[device]:.1f} {units[device]}" for device in sorted(spent))
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    return [f"trained {when} in {minutes} in all, at {', '.join(commits)}"]


def partly_tested(arms: Sequence[Arm], test: str) -> list[str]:
    """Which of these arms have seeds that were not tested while others were, so that no mean hides it."""
    counts = [(arm, len(arm.values(keys.test(test, "accuracy")))) for arm in arms if arm.runs]
    lacking = [f"{arm.name} {count} of {len(arm.runs)}" for arm, count in counts if count < len(arm.runs)]
    if not lacking or not any(count for _, count in counts):
        return []
    return [f"test of fewer seeds: {', '.join(lacking)}"]


def _sizes(study: Study, test: str) -> list[str]:
    """How many faces each figure is of, so that none travels without its n."""
    runs = [run for arm in study.arms for run in arm.runs.values()]
    if not runs:
        return []
    sizes = [
        f"train n = {runs[0].fit_size}",
        f"validation n = {runs[0].validation_size}",
    ]
    tested = next((run.metrics[key] for run in runs if (key := keys.test(test, "n")) in run.metrics), None)
    sizes.append(f"test n = {tested:.0f}" if tested else "test not opened yet: python evaluate.py study=...")
    return ["; ".join(sizes)]
