"""A run as read back from the store."""

from dataclasses import dataclass

from mlflow.entities import Run


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
