"""The store of runs: opened, created once, searched.

It is created under a lock, before any job starts: several processes migrating a new SQLite file at
once break it.
"""

import hashlib
import logging
import platform
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from fer_exp import descriptions, settings
from fer_exp.errors import UserError
from fer_exp.tracking import refusals
from fer_exp.tracking.revision import git_revision
from fer_exp.tracking.run import Run

SQLITE = "sqlite:///"


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


class Store:
    """The place where runs are kept: a SQLite file with an artifact folder beside it, or a server."""

    def __init__(self, chosen: settings.Tracking):
        """Open the store, creating it and its experiment if they are missing."""
        # MLflow and Alembic announce each table that they create
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.uri = chosen.uri
        try:
            if chosen.uri.startswith(SQLITE):
                path = Path(chosen.uri.removeprefix(SQLITE))
                self.locks = Path(f"{path}.locks")
                self._open_sqlite(path, chosen)
            else:
                self.locks = Path(".cache") / "locks"
                self._open(chosen, artifacts=None)
        except (MlflowException, OSError, sqlite3.Error) as error:
            raise refusals.cannot_open(f"tracking.uri={chosen.uri}", error) from error

    def _open_sqlite(self, path: Path, chosen: settings.Tracking) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            self._open(chosen, artifacts=Path(chosen.artifacts).absolute().as_uri())
            with sqlite3.connect(path) as connection:
                # readers and a writer side by side; nearly halves the time at eight writers
                connection.execute("PRAGMA journal_mode=wal")
            connection.close()

    def lock(self, name: str) -> FileLock:
        """A lock between processes of this machine that the system releases when its holder dies."""
        self.locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self.locks / name)

    @property
    def place(self) -> dict[str, str]:
        """Tags that say where a run is at work, so whose locks tell whether it lives."""
        found = {"host": platform.node()}
        if not self.uri.startswith(SQLITE):
            # a server is used from several folders; hashed, since a path tells of its user
            found["locks"] = hashlib.sha256(str(self.locks.absolute()).encode()).hexdigest()[:16]
        return found

    def close_abandoned(self) -> None:
        """End as KILLED the runs of this machine that say RUNNING although their process is gone."""
        for record in self.records("RUNNING", **self.place):
            lock = self.lock(record.run_id)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            self.client.set_terminated(record.run_id, "KILLED")
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def _open(self, chosen: settings.Tracking, artifacts: str | None) -> None:
        self.client = MlflowClient(chosen.uri)
        found = self.client.get_experiment_by_name(chosen.experiment)
        if found is None:
            self.experiment_id = self._create_experiment(chosen.experiment, artifacts)
        elif found.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={chosen.experiment}: it is deleted in this store; restore it in the "
                "MLflow UI or choose another name"
            )
        else:
            self.experiment_id = found.experiment_id
        # a store of before has none; what its user has written stays
        if found is not None and descriptions.NOTE not in found.tags:
            self.client.set_experiment_tag(self.experiment_id, descriptions.NOTE, descriptions.EXPERIMENT)

    def _create_experiment(self, name: str, artifacts: str | None) -> str:
        try:
            # without an absolute place MLflow fixes one relative to whoever created the store; the note in
            # the same call, since two that set one tag at once are refused by a server
            return self.client.create_experiment(
                name, artifacts, tags={descriptions.NOTE: descriptions.EXPERIMENT}
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            # a server has other users, one of whom was faster
            return self.client.get_experiment_by_name(name).experiment_id

    def create(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str | None = None
    ) -> Run:
        """Open a run, RUNNING from now; under the run `parent` if given."""
        marks = {"mlflow.source.type": "LOCAL", "mlflow.source.git.commit": git_revision(), **tags}
        marks |= self.place
        if parent:
            marks["mlflow.parentRunId"] = parent
        created = self.client.create_run(self.experiment_id, run_name=name, tags=marks)
        run = self._run(created.info.run_id, created.info.artifact_uri)
        run.params(params)
        return run

    def run(self, run_id: str) -> Run:
        """The run of this id, to add to. Raises UserError if there is none."""
        record = self.record(run_id)
        return self._run(run_id, record.artifacts)

    def _run(self, run_id: str, artifacts: str) -> Run:
        return Run(self.client, run_id, artifacts, self.lock(run_id))

    def record(self, run_id: str) -> Record:
        """The run of this id, read back. Raises UserError if there is none."""
        try:
            return _record(self.client.get_run(run_id))
        except MlflowException:
            raise UserError(f"run {run_id}: there is no such run in {self.uri}") from None

    def find(self, wanted: str, faces: str | None = None) -> Record:
        """The run that a user means: an id, a name (the newest so called), `latest`, or `best`.

        `best` has the lowest validation loss of the finished runs on `faces`, a content hash, or, if not
        given, on those of the latest run: losses on different faces do not compare. Raises UserError.
        """
        finished = self.records("FINISHED", kind="job")
        if wanted == "best" and finished:
            faces = faces or finished[0].tags["faces"]
            finished = [run for run in finished if run.tags["faces"] == faces]
            finished.sort(key=lambda run: run.metrics["selected/val_loss"])
        elif wanted not in ("best", "latest"):
            return next((run for run in finished if run.name == wanted), None) or self.record(wanted)
        if not finished:
            raise UserError(f"run={wanted}: there is no finished run yet: python train.py")
        return finished[0]

    def latest(self, identity: str) -> Record | None:
        """The run that holds the figures of this job or yardstick; None if it was never begun."""
        return _by_identity(self.records(identity=identity)).get(identity)

    def latest_of_all(self) -> dict[str, Record]:
        """The run that holds the figures of each job in the store, by identity, with one query."""
        return _by_identity(self.records(kind="job"))

    def children(self, run_id: str) -> dict[str, Record]:
        """The runs nested below a sweep's, by identity, with one query."""
        return _by_identity(self.records(**{"mlflow.parentRunId": run_id}))

    def records(self, status: str | None = None, **tags: str) -> list[Record]:
        """All runs of this status that carry these tags, newest first."""
        terms = [f"tags.`{key}` = '{value}'" for key, value in tags.items()]
        wanted = " and ".join(terms + ([f"attributes.status = '{status}'"] if status else []))
        found: list[Record] = []
        token = None
        while True:
            page = self.client.search_runs([self.experiment_id], wanted, max_results=1000, page_token=token)
            found += [_record(run) for run in page]
            token = page.token
            if not token:
                return found


def existing_experiment(uri: str, name: str) -> str:
    """The id of an experiment that is there already; raises UserError, and creates nothing, if not."""
    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
        raise UserError(f"{uri}: there is no store yet: python train.py makes one")
    try:
        found = MlflowClient(uri).search_experiments()
    except (MlflowException, OSError) as error:
        raise refusals.cannot_open(uri, error) from error
    ids = {each.name: each.experiment_id for each in found}
    if name not in ids:
        raise UserError(f"--experiment {name}: there is none in {uri}, only {', '.join(ids) or 'nothing'}")
    return ids[name]


def _by_identity(newest_first: list[Record]) -> dict[str, Record]:
    # a job's figures are those of its newest finished run; without one, its newest run says how it stands
    found: dict[str, Record] = {}
    for run in newest_first:
        known = found.setdefault(run.tags["identity"], run)
        if known.status != "FINISHED" and run.status == "FINISHED":
            found[run.tags["identity"]] = run
    return found


def _record(run: Any) -> Record:
    data, info = run.data, run.info
    return Record(
        info.run_id,
        info.run_name,
        info.status,
        dict(data.params),
        dict(data.tags),
        dict(data.metrics),
        info.start_time / 1000,
        info.artifact_uri,
    )
