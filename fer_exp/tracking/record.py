"""A run as read back from the store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mlflow.entities import Run

from fer_exp.errors import UserError

if TYPE_CHECKING:
    from fer_exp.tracking import Record

# The tags of a copy: the run it is of, and whether it holds all, or settings and figures alone.
MOVED_FROM, MOVED = "moved_from", "moved"
WHOLE, FIGURES = "whole", "figures"


class _Told(dict):
    """What a run was told, by name; whoever needs what somebody has taken away learns of which run."""

    run_id = ""

    def __missing__(self, key: str) -> NoReturn:
        raise UserError(
            f"run {self.run_id}: has no {key} any more; delete the run, or give it back what it lost: make ui"
        )


@dataclass(frozen=True)
class Record:
    """A run as read back: what it was told (params, tags) and its last metrics."""

    run_id: str
    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    started: float
    artifacts: str

    def __post_init__(self) -> None:
        for name in ("params", "tags", "metrics"):
            told = _Told(getattr(self, name))
            told.run_id = self.run_id
            object.__setattr__(self, name, told)

    @property
    def whole(self) -> bool:
        """Whether its files belong to it: an archive keeps settings and figures alone."""
        return self.tags.get(MOVED) != FIGURES

    @property
    def device(self) -> str:
        """What it was trained on: `cpu`, of which a job takes one core, or the name of a GPU."""
        return self.tags.get("device", "cpu")

    @classmethod
    def of(cls, run: Run) -> "Record":
        """A run as MLflow gives it."""
        data, info = run.data, run.info
        told = (dict(data.params), dict(data.tags), dict(data.metrics))
        return cls(info.run_id, info.run_name, info.status, *told, info.start_time / 1000, info.artifact_uri)


def by_identity(newest_first: list[Record]) -> dict[str, Record]:
    """The run that speaks for each job: its newest finished one, or without one its newest."""
    found: dict[str, Record] = {}
    for run in newest_first:
        known = found.setdefault(run.tags["identity"], run)
        if known.status != "FINISHED" and run.status == "FINISHED":
            found[run.tags["identity"]] = run
    return found


def settled(run: "Record | None", trial: bool) -> bool:
    """Whether nothing is left to do for a job.

    A trial that diverged has had its turn, and would diverge again: that is what its rates come to. In any
    other study it is a failure to mend.
    """
    return run is not None and (run.status == "FINISHED" or (trial and diverged(run)))


def diverged(run: "Record") -> bool:
    """Whether a run ended because its loss was no longer finite."""
    return run.status == "FAILED" and run.tags.get("error", "").startswith("DivergedError")
