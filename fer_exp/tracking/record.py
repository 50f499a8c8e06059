"""A run as read back from the store."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Self, TypeVar

from mlflow.entities import Run

from fer_exp.errors import UserError
from fer_exp.fer2013 import GENUINE
from fer_exp.redaction import printable
from fer_exp.tracking import keys

_Value = TypeVar("_Value")

# What a copy holds, by its tag `moved`: all of its run, as older versions could copy it, or figures alone.
WHOLE, FIGURES = "whole", "figures"


class _Told(dict[str, _Value]):
    """What a run was told, by name; whoever needs what somebody has taken away learns of which run."""

    run_id = ""

    def __missing__(self, key: str) -> NoReturn:
        raise UserError(
            f"run {self.run_id}: has no {key} any more; delete the run, or give it back what it lost: make ui"
        )


@dataclass(frozen=True)
class Record:
    """A run as read back: what it was told (params, tags) and its last metrics.

    started, ended: in seconds since 1970; ended is 0 of a run that has not.
    """

    run_id: str
    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    started: float
    artifacts: str
    ended: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))
        metrics = {keys.present(name): value for name, value in self.metrics.items()}
        for name, values in (("params", self.params), ("tags", self.tags), ("metrics", metrics)):
            told = _Told(values)
            told.run_id = self.run_id
            object.__setattr__(self, name, told)

    @property
    def kind(self) -> str:
        """What it stands for, one of `keys.Kind`."""
        return self.tags[keys.Tag.KIND]

    @property
    def identity(self) -> str:
        """The hash of all that determines its figures."""
        return self.tags[keys.Tag.IDENTITY]

    @property
    def study(self) -> str:
        """The study that it was trained for; `adhoc` for none."""
        return self.tags[keys.Tag.STUDY]

    @property
    def faces_digest(self) -> str:
        """The hash of the content of the faces."""
        return self.tags[keys.Tag.FACES]

    @property
    def protocol(self) -> str:
        """The protocol by name; of a sweep all that occur."""
        return self.tags[keys.Tag.PROTOCOL]

    @property
    def selected_on(self) -> str:
        """By what rule its weights are chosen, in words."""
        return self.tags[keys.Tag.SELECTED_ON]

    @property
    def data_name(self) -> str:
        """The option of `data` that its faces came by."""
        return self.params[keys.Param.DATA_NAME]

    @property
    def drawn(self) -> bool:
        """Whether it has only ever seen synthetic faces, and so knows nothing of photos."""
        return self.params.get(keys.Param.DATA_NAME) == "synthetic"

    @property
    def genuine(self) -> bool:
        """Whether its faces are FER-2013, whichever copy."""
        return self.params.get(keys.Param.FACES_KIND) in GENUINE

    @property
    def fit_size(self) -> int:
        """How many faces of train it was fit on."""
        return int(self.params[keys.Param.FACES_FIT])

    @property
    def validation_size(self) -> int:
        """How many faces of train it was validated on."""
        return int(self.params[keys.Param.FACES_VALIDATION])

    @property
    def train_size(self) -> int:
        """How many faces train has, fit on or not; 0 where the run does not say."""
        sizes = (self.params.get(key) for key in (keys.Param.FACES_FIT, keys.Param.FACES_VALIDATION))
        return sum(int(size or 0) for size in sizes)

    @property
    def whole(self) -> bool:
        """Whether its files belong to it: an archive keeps none but the answers."""
        return self.tags.get(keys.Tag.MOVED) != FIGURES

    @property
    def device(self) -> str:
        """What it was trained on: `cpu`, of which a job takes one core, or the name of a GPU."""
        return self.tags.get(keys.Tag.DEVICE, "cpu")

    @classmethod
    def of(cls, run: Run) -> Self:
        """A run as MLflow gives it."""
        data, info = run.data, run.info
        return cls(
            info.run_id,
            info.run_name,
            info.status,
            dict(data.params),
            dict(data.tags),
            dict(data.metrics),
            info.start_time / 1000,
            info.artifact_uri,
            (info.end_time or 0) / 1000,
        )


def best_run(runs: Iterable[Record]) -> Record | None:
    """The run of the lowest validation loss; None if none has one.

    Of those whose split keeps the copies of a face together, if there are any: the others are judged by faces
    that they were fitted on.
    """
    judged = [run for run in runs if math.isfinite(run.metrics.get(keys.SELECTED_VAL_LOSS, math.nan))]
    apart = [run for run in judged if run.params.get(keys.Param.SPLIT_METHOD) != "random"]
    return min(apart or judged, key=lambda run: run.metrics[keys.SELECTED_VAL_LOSS], default=None)


def by_identity(newest_first: list[Record]) -> dict[str, Record]:
    """The run that speaks for each job: its newest finished one, or without one its newest."""
    found: dict[str, Record] = {}
    for run in newest_first:
        known = found.setdefault(run.identity, run)
        if known.status != "FINISHED" and run.status == "FINISHED":
            found[run.identity] = run
    return found


def counted(finished: Sequence[Record]) -> str:
    """So many runs by the data that they were trained on: `12 finished runs on fer2013, 3 on synthetic`."""
    (data, count), *others = Counter(run.data_name for run in finished).most_common()
    noun = "run" if count == 1 else "runs"
    return ", ".join([f"{count} finished {noun} on {data}", *(f"{n} on {other}" for other, n in others)])


def settled(run: Record | None, trial: bool) -> bool:
    """Whether nothing is left to do for a job.

    A trial that diverged has had its turn, and would diverge again: that is what its rates come to. In any
    other study it is a failure to mend.
    """
    return run is not None and (run.status == "FINISHED" or (trial and diverged(run)))


def diverged(run: Record) -> bool:
    """Whether a run ended because its loss was no longer finite."""
    return run.status == "FAILED" and run.tags.get(keys.Tag.ERROR, "").startswith("DivergedError")
