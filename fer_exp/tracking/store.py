"""The store of runs: opened, created once, searched.

It is created under a lock, before any job starts: several processes migrating a new SQLite file at
once break it.
"""

import contextlib
import hashlib
import logging
import platform
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.tracking import descriptions, errors, keys, offline_queue, sqlite
from fer_exp.tracking.connection import answering, is_server, reach
from fer_exp.tracking.git import git_revision
from fer_exp.tracking.record import Record, by_identity
from fer_exp.tracking.run import Run

SQLITE = sqlite.ADDRESS

# What opening a store may raise.
_FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)


class Store:
    """The place where runs are kept: a SQLite file with an artifact folder beside it, or a server."""

    def __init__(self, chosen: settings.Tracking):
        """Open the store, creating it and its experiment if they are missing."""
        # MLflow and Alembic announce each table that they create
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        # a server that does not answer, or a file that takes nothing, is told of in our words
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
        self.uri = chosen.uri
        try:
            if chosen.uri.startswith(SQLITE):
                path = sqlite.file_of(chosen.uri)
                self.locks = Path(f"{path}.locks")
                self._open_sqlite(path, chosen)
            else:
                self.locks = Path(".cache") / "locks"
                if is_server(chosen.uri):
                    reach(chosen.uri)
                self._open(chosen, artifacts=None)
        except _FAILURES as error:
            raise errors.cannot_open(f"tracking.uri={chosen.uri}", error) from error

    def _open_sqlite(self, path: Path, chosen: settings.Tracking) -> None:
        # MLflow and the lock would try for minutes what fails for good
        sqlite.check(path)
        with FileLock(f"{path}.lock"):
            sqlite.share(path)
            self._open(chosen, artifacts=Path(chosen.artifacts).absolute().as_uri())
            sqlite.gather(path)

    def lock(self, name: str) -> FileLock:
        """A lock between processes of this machine that the system releases when its holder dies."""
        try:
            self.locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.locks}: cannot be made ({error.strerror}); whoever reads runs needs it, too"
            ) from None
        return FileLock(self.locks / name)

    @property
    def place(self) -> dict[str, str]:
        """Tags that say where a run is at work, so whose locks tell whether it lives."""
        found = {keys.Tag.HOST: platform.node()}
        if not self.uri.startswith(SQLITE):
            # a server is used from several folders; hashed, since a path tells of its user
            found[keys.Tag.LOCKS] = hashlib.sha256(str(self.locks.absolute()).encode()).hexdigest()[:16]
        return found

    def sync(self) -> dict[str, Counter[str]]:
        """Send what ended runs kept here while this server was away; what it took, by run and kind.

        Raises UserError if the server refuses something.
        """
        taken = {}
        for kept in offline_queue.all_kept(self.client):
            # a run at work sends for itself
            with self._abandoned(kept.run_id) as abandoned:
                if abandoned:
                    taken[kept.run_id] = kept.flush()
                    kept.leave()
        return taken

    def close_abandoned(self, error: str | None = None, **tags: str) -> None:
        """End the runs that say RUNNING although their process is gone.

        As KILLED, or as FAILED if their `error` is known. tags: what the runs carry; those of this machine
        if none is given.
        """
        for record in self.records("RUNNING", **(tags or self.place)):
            with self._abandoned(record.run_id) as abandoned, errors.writing(self.uri):
                if abandoned and error:
                    self.client.set_tag(record.run_id, keys.Tag.ERROR, error)
                if abandoned:
                    self.client.set_terminated(record.run_id, "FAILED" if error else "KILLED")

    @contextlib.contextmanager
    def _abandoned(self, run_id: str) -> Iterator[bool]:
        """Whether nobody records to the run; nobody else does while the block runs."""
        lock = self.lock(run_id)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def _open(self, chosen: settings.Tracking, artifacts: str | None) -> None:
        self.client = MlflowClient(chosen.uri)
        found = self.client.get_experiment_by_name(chosen.experiment) or self._begin(chosen, artifacts)
        if found.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={chosen.experiment}: it is deleted in this store; restore it in the "
                "MLflow UI or choose another name"
            )
        self.experiment_id = found.experiment_id
        # a store of before has none; what its user has written stays
        if keys.Tag.NOTE not in found.tags:
            self.client.set_experiment_tag(self.experiment_id, keys.Tag.NOTE, descriptions.EXPERIMENT)

    def _begin(self, chosen: settings.Tracking, artifacts: str | None) -> Experiment:
        try:
            # without an absolute place MLflow fixes one relative to whoever created the store; the note at
            # once, since two processes that set it afterwards can be in each other's way on a server
            note = {keys.Tag.NOTE: descriptions.EXPERIMENT}
            self.client.create_experiment(chosen.experiment, artifacts, note)
        except MlflowException as error:
            # another process was faster, which only a server lets happen
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return self.client.get_experiment_by_name(chosen.experiment)

    def create(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str | None = None
    ) -> Run:
        """Open a run, RUNNING from now; under the run `parent` if given."""
        marks = {keys.Tag.SOURCE_TYPE: "LOCAL", keys.Tag.COMMIT: git_revision(), **tags}
        marks |= self.place
        if parent:
            marks[keys.Tag.PARENT] = parent
        with answering(self.uri), errors.writing(self.uri):
            created = self.client.create_run(self.experiment_id, run_name=name, tags=marks)
        run = self._run(created.info.run_id, created.info.artifact_uri)
        run.params(params)
        return run

    def run(self, run_id: str) -> Run:
        """The run of this id, to add to. Raises UserError if there is none."""
        return self.run_of(self.record(run_id))

    def run_of(self, record: Record) -> Run:
        """The run that was read back as `record`, to add to; asks the store nothing."""
        return self._run(record.run_id, record.artifacts)

    def _run(self, run_id: str, artifacts: str) -> Run:
        return Run(self.client, run_id, artifacts, self.lock(run_id))

    def record(self, run_id: str) -> Record:
        """The run of this id, read back. Raises UserError if there is none."""
        try:
            with answering(self.uri):
                found = self.client.get_run(run_id)
        except MlflowException:
            raise UserError(f"run {run_id}: there is no such run in {self.uri}") from None
        if found.info.lifecycle_stage == "deleted":
            raise UserError(f"run {run_id}: it is deleted in {self.uri}; restore it there: make ui")
        return Record.of(found)

    def find(self, wanted: str, faces: str | None = None) -> Record:
        """The run that a user means: an id, a name (the newest so called), `latest`, or `best`.

        `best` has the lowest validation loss of the finished runs on `faces`, a content hash, or, if not
        given, on those of the latest run: losses on different faces do not compare. Neither of them is a
        run that was restored from an archive, without its weights. Raises UserError.
        """
        finished = self.records("FINISHED", kind=keys.Kind.JOB)
        if wanted not in ("best", "latest"):
            return next((run for run in finished if run.name == wanted), None) or self.record(wanted)
        whole = [run for run in finished if run.whole]
        if wanted == "best" and whole:
            faces = faces or whole[0].faces_digest
            whole = [run for run in whole if run.faces_digest == faces]
            whole.sort(key=lambda run: run.metrics[keys.SELECTED_VAL_LOSS])
        if not whole:
            restored = " but those that were restored from an archive, without weights" * bool(finished)
            raise UserError(f"run={wanted}: there is no finished run yet{restored}: python train.py")
        return whole[0]

    def latest(self, identity: str) -> Record | None:
        """The run that holds the figures of this job or baseline; None if it was never begun."""
        return by_identity(self.records(identity=identity)).get(identity)

    def latest_of_all(self, kind: str = keys.Kind.JOB) -> dict[str, Record]:
        """The run that holds the figures of each job of this kind, by identity, with one query."""
        return by_identity(self.records(kind=kind))

    def children(self, run_id: str) -> dict[str, Record]:
        """The runs nested below a sweep's, by identity, with one query."""
        return by_identity(self.records(**{keys.Tag.PARENT: run_id}))

    def records(self, status: str | None = None, **tags: str) -> list[Record]:
        """All runs of this status that carry these tags, newest first."""
        if self.uri.startswith(SQLITE):
            path = Path(self.uri.removeprefix(SQLITE))
            return sqlite.records(path, self.experiment_id, status, tags)
        terms = [f"tags.`{key}` = '{value}'" for key, value in tags.items()]
        wanted = " and ".join(terms + ([f"attributes.status = '{status}'"] if status else []))
        found: list[Record] = []
        token = None
        while True:
            with answering(self.uri):
                page = self.client.search_runs(
                    [self.experiment_id], wanted, max_results=1000, page_token=token
                )
            found += [Record.of(run) for run in page]
            token = page.token
            if not token:
                return found


def existing_experiment(uri: str, name: str) -> str:
    """The id of an experiment that is there already; raises UserError, and creates nothing, if not."""
    path = sqlite.file_of(uri) if uri.startswith(SQLITE) else None
    if path and not path.is_file():
        raise UserError(f"{uri}: there is no store yet: python train.py makes one")
    try:
        if path:
            # MLflow would try for minutes what fails for good
            sqlite.check(path)
        found = MlflowClient(uri).search_experiments()
    except _FAILURES as error:
        raise errors.cannot_open(uri, error) from error
    ids = {each.name: each.experiment_id for each in found}
    if name not in ids:
        raise UserError(f"--experiment {name}: there is none in {uri}, only {', '.join(ids) or 'nothing'}")
    return ids[name]


def existing_store(uri: str, experiment: str) -> Store:
    """The store to read runs from; raises UserError, and creates nothing, if there is none."""
    existing_experiment(uri, experiment)
    return Store(settings.Tracking(uri, "mlartifacts", experiment, False))
