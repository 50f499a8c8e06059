"""The ladder: from the deck's network to the strongest MLP on pixels, one ingredient a rung.

`study=ladder` runs it. Its arms in order are the rungs proper, each the one before with something more;
then one rung without or with a single ingredient; then networks that are no MLPs on pixels.
"""

from collections.abc import Mapping, Sequence

from fer_exp.analysis.comparison import against, origin, partly_tested, percent
from fer_exp.fer2013 import PARTS
from fer_exp.tables import Table
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study

NAME = "ladder"

# The rung that arms named without/... and with/... are compared with.
TRUNK = "mirrored"


def previous(study: Study, place: int) -> Arm | None:
    """What the arm at a place is compared with: the rung below, the trunk, or nothing."""
    kind, separate, _ = study.arms[place].name.partition("/")
    if separate:
        trunk = next((arm for arm in study.arms if arm.name == TRUNK), None)
        return trunk if kind in ("without", "with") else None
    return study.arms[place - 1] if place else None


def table(study: Study, ensembles: Mapping[str, Record]) -> Table:
    """One row a rung: how many it learnt from, what it reaches, what it gains, what it cost.

    ensembles: by the name of the arm whose seeds they join.
    """
    header = ["rung", "seeds", "fit on", "val", *PARTS, "gain on val", "hours a seed"]
    title = f"{study.title}: accuracy in %, mean ± half of the 95 % interval over seeds"
    found = Table(f"{title}; of one network or ensemble [95 % interval over faces]", header)
    for place, arm in enumerate(study.arms):
        runs = list(arm.runs.values())
        if not runs:
            continue
        tested = [_tested(arm, part) for part in PARTS]
        gain = _gain(arm, previous(study, place))
        fit_on = str(runs[0].fit_size)
        cells = [arm.name, str(len(runs)), fit_on, percent(arm.values(keys.SELECTED_VAL_ACCURACY)), *tested]
        found.rows.append([*cells, gain, _hours(runs)])
        if arm.name in ensembles:
            together = ensembles[arm.name]
            scores = [_with_interval(together, part) for part in PARTS]
            total = together.metrics[keys.TRAIN_SECONDS] / 3600
            on = "".join(f", {device}" for device in sorted({run.device for run in runs} - {"cpu"}))
            cells = [f"{arm.name}, together", str(len(runs)), fit_on, "-", *scores]
            found.rows.append([*cells, "-", f"{total:.2f} in all{on}"])
    found.notes += _gaps(study)
    found.notes += _sizes(study)
    taught = [
        arm.name for arm in study.arms if any(keys.Param.TAUGHT in run.params for run in arm.runs.values())
    ]
    if taught:
        found.notes.append(
            f"{', '.join(taught)}: learnt from a reference's answers, too; its hours come on top of theirs"
        )
    found.notes += [
        "gain on val: points of validation accuracy over the rung above it, seed by seed; of without/ and "
        f"with/ over `{TRUNK}`; * where p < .05, and without seeds enough no word of chance",
        "reference/: no MLPs on pixels",
        *partly_tested(study.arms, "union"),
        "hours: of one core, or of a GPU named, which jobs at the same time shared",
        *origin(study),
    ]
    return found


def _tested(arm: Arm, part: str) -> str:
    values = arm.values(keys.test(part, "accuracy"))
    if len(values) == 1:
        [run] = (run for run in arm.runs.values() if keys.test(part, "accuracy") in run.metrics)
        return _with_interval(run, part)
    return percent(values)


def _with_interval(run: Record, part: str) -> str:
    mean, low, high = (100 * run.metrics[keys.test(part, f"accuracy{end}")] for end in ("", "_low", "_high"))
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def _gaps(study: Study) -> list[str]:
    """What is not finished; rungs that lack the same are said together."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for arm in study.arms:
        states = tuple(said.removeprefix(f"{arm.name} · ") for said in arm.unfinished)
        lacking.setdefault(states, []).append(arm.name)
    return [f"{', '.join(arms)} · {', '.join(states)}" for states, arms in lacking.items() if states]


def _hours(runs: Sequence[Record]) -> str:
    """The mean over the runs on each device."""
    found: dict[str, list[float]] = {}
    for run in runs:
        found.setdefault(run.device, []).append(run.metrics[keys.TRAIN_SECONDS] / 3600)
    means = {device: f"{sum(each) / len(each):.2f}" for device, each in sorted(found.items())}
    return ", ".join(mean if device == "cpu" else f"{device}: {mean}" for device, mean in means.items())


def _gain(arm: Arm, below: Arm | None) -> str:
    """The difference to the rung below it, if it was validated on the same faces."""
    if below is None or not below.runs:
        return "-"
    shared = sorted(set(arm.runs) & set(below.runs), key=int)
    if not shared:
        return "-"
    if any(arm.runs[seed].validation_size != below.runs[seed].validation_size for seed in shared):
        return "other faces"
    found = against(arm, below)
    if found is None:
        [difference] = (
            100
            * (
                arm.runs[seed].metrics[keys.SELECTED_VAL_ACCURACY]
                - below.runs[seed].metrics[keys.SELECTED_VAL_ACCURACY]
            )
            for seed in shared
        )
        return f"{difference:+.2f}"
    star = "*" if found.p < 0.05 else ""
    return f"{100 * found.mean:+.2f}{star} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def _sizes(study: Study) -> list[str]:
    runs = [run for arm in study.arms for run in arm.runs.values()]
    carved = sorted({(run.fit_size, run.validation_size) for run in runs})
    said = [f"validation n = {validation} where it is fit on {fit}" for fit, validation in carved]
    tested = {
        part: next(
            (run.metrics[keys.test(part, "n")] for run in runs if keys.test(part, "n") in run.metrics), None
        )
        for part in PARTS
    }
    said += [f"test n: {', '.join(f'{part} {n:.0f}' for part, n in tested.items() if n)}"]
    return ["; ".join(said)]
