"""The ladder: from the deck's network to the strongest MLP on pixels, one ingredient a rung.

`study=ladder` runs it. Its arms in order are the rungs proper, each the one before with something more;
then one rung without or with a single ingredient; then networks that are no MLPs on pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from fer_exp.analysis.comparison import mean
from fer_exp.analysis.contrasts import against, same_validation
from fer_exp.fer2013 import PARTS
from fer_exp.statistics import Difference, Interval
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study

NAME = "ladder"

# The rung that arms named without/... and with/... are compared with.
TRUNK = "mirrored"


class Incomparable(Enum):
    """Why a rung has no gain though there is one below it."""

    OTHER_FACES = "other_faces"


class OverFaces(Interval):
    """An accuracy of one network or ensemble, its interval over the faces instead of seeds."""


@dataclass(frozen=True)
class Rung:
    """A rung. test: by subset of test.

    gain: over the rung below, of one shared seed a bare number. hours: means a run, by device.
    """

    name: str
    runs: int
    fit_on: int
    val: Interval | None
    test: Mapping[str, Interval | None]
    gain: Difference | float | Incomparable | None
    hours: Mapping[str, float]
    taught: bool

    @property
    def reference(self) -> bool:
        """Whether it is no MLP on pixels."""
        return self.name.startswith("reference/")


@dataclass(frozen=True)
class Together:
    """The seeds of a rung as one network. hours: of all. devices: those that are no processors."""

    test: Mapping[str, OverFaces | None]
    hours: float
    devices: Sequence[str]


def rungs(study: Study) -> list[Rung]:
    """What each rung that was run reaches, what it gains, and what it cost."""
    found = []
    for place, arm in enumerate(study.arms):
        runs = list(arm.runs.values())
        if not runs:
            continue
        rung = Rung(
            arm.name,
            len(runs),
            runs[0].fit_size,
            mean(arm.values(keys.SELECTED_VAL_ACCURACY)),
            {part: _tested(arm, part) for part in parts(study)},
            _gain(arm, previous(study, place)),
            _hours(runs),
            any(keys.Param.TAUGHT in run.params for run in runs),
        )
        found.append(rung)
    return found


def parts(study: Study) -> Sequence[str]:
    """The subsets of test on which a run was scored, or all if none was: older runs know fewer."""
    return list(tested(study)) or PARTS


def together(study: Study, arm: Arm, ensemble: Record) -> Together:
    """What the networks of an arm of the study reach together."""
    devices = sorted({run.device for run in arm.runs.values()} - {"cpu"})
    hours = ensemble.metrics[keys.TRAIN_SECONDS] / 3600
    return Together({part: _over_faces(ensemble, part) for part in parts(study)}, hours, devices)


def previous(study: Study, place: int) -> Arm | None:
    """What the arm at a place is compared with: the rung below, the trunk, or nothing."""
    kind, separate, _ = study.arms[place].name.partition("/")
    if separate:
        trunk = next((arm for arm in study.arms if arm.name == TRUNK), None)
        return trunk if kind in ("without", "with") else None
    return study.arms[place - 1] if place else None


def _tested(arm: Arm, part: str) -> Interval | None:
    metric = keys.test(part, "accuracy")
    runs = [run for run in arm.runs.values() if metric in run.metrics]
    return _over_faces(runs[0], part) if len(runs) == 1 else mean(arm.values(metric))


def _over_faces(run: Record, part: str) -> OverFaces | None:
    if keys.test(part, "accuracy") not in run.metrics:
        return None
    return OverFaces(*(run.metrics[keys.test(part, f"accuracy{end}")] for end in ("", "_low", "_high")))


def gaps(study: Study) -> dict[tuple[tuple[str, str], ...], list[str]]:
    """The arms that lack jobs, by what they lack, `seed 0` and its state; those that lack the same as one."""
    lacking: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for arm in study.arms:
        states = tuple((gap.job.removeprefix(f"{arm.name} · "), gap.state) for gap in arm.unfinished)
        lacking.setdefault(states, []).append(arm.name)
    return {states: arms for states, arms in lacking.items() if states}


def _hours(runs: Sequence[Record]) -> dict[str, float]:
    by_device: dict[str, list[float]] = {}
    for run in runs:
        by_device.setdefault(run.device, []).append(run.metrics[keys.TRAIN_SECONDS] / 3600)
    return {device: sum(each) / len(each) for device, each in sorted(by_device.items())}


def _gain(arm: Arm, below: Arm | None) -> Difference | float | Incomparable | None:
    """The difference to the rung below it, if it was validated on the same faces."""
    shared = sorted(set(arm.runs) & set(below.runs), key=int) if below else []
    if below is None or not shared:
        return None
    pairs = [(arm.runs[seed], below.runs[seed]) for seed in shared]
    if not all(same_validation(one, other) for one, other in pairs):
        return Incomparable.OTHER_FACES
    # without two shared seeds
    one, other = (run.metrics[keys.SELECTED_VAL_ACCURACY] for run in pairs[0])
    return against(arm, below) or one - other


def splits(study: Study) -> list[tuple[int, int]]:
    """The sizes (fit, validation) into which its runs split train."""
    return sorted({(run.fit_size, run.validation_size) for run in study.runs})


def tested(study: Study) -> dict[str, int]:
    """How many faces each subset of test has, of those on which a run was scored."""
    known = {part: [run.metrics.get(keys.test(part, "n")) for run in study.runs] for part in PARTS}
    found = {part: next((n for n in numbers if n), None) for part, numbers in known.items()}
    return {part: round(n) for part, n in found.items() if n}
