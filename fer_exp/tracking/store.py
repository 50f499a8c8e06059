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
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.tracking import descriptions, errors, keys, outbox, sqlite
from fer_exp.tracking.connection import answering, is_server, reach
from fer_exp.tracking.git import git_revision
from fer_exp.tracking.queries import Queries
from fer_exp.tracking.record import Record
from fer_exp.tracking.run import LocalRun, Run, ServerRun

log = logging.getLogger(__name__)

SQLITE = sqlite.ADDRESS

# What opening a store may raise.
_FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)


class Store(Queries):
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

    def sync(self, failed: list[UserError] | None = None) -> dict[str, Counter[str]]:
        """Send what ended runs kept here while this server was away; what it took, by run and kind.

        failed: takes up why some could not be sent, which else is only warned of: the server refuses an
        entry, or a file is damaged.
        """
        taken = {}
        for kept in outbox.all_waiting(self.client):
            # a run at work sends for itself
            with self._abandoned(kept.run_id) as abandoned:
                if not abandoned:
                    continue
                try:
                    taken[kept.run_id] = kept.flush()
                    kept.leave()
                except UserError as error:
                    if failed is None:
                        log.warning("%s", error)
                    else:
                        failed.append(error)
        return taken

    def close_abandoned(self, error: str | None = None, **tags: str) -> None:
        """End the runs that say RUNNING although their process is gone.

        As KILLED, or as FAILED if their `error` is known. tags: what the runs carry; those of this machine
        if none is given.
        """
        for record in self.records("RUNNING", **(tags or self.place)):
            with self._abandoned(record.run_id) as abandoned:
                # it may have ended between the query and the lock
                if abandoned and self.record(record.run_id).status == "RUNNING":
                    errors.patiently(self.uri, partial(self._close, record.run_id, error))

    def _close(self, run_id: str, error: str | None) -> None:
        if error:
            self.client.set_tag(run_id, keys.Tag.ERROR, error, synchronous=True)
        self.client.set_terminated(run_id, "FAILED" if error else "KILLED")

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
        made = self.client.get_experiment_by_name(chosen.experiment)
        if made is None:
            raise UserError(f"tracking.experiment={chosen.experiment}: was removed just now; start again")
        return made

    def create(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str | None = None
    ) -> Run:
        """Open a run, RUNNING from now; under the run `parent` if given."""
        marks = {keys.Tag.SOURCE_TYPE: "LOCAL", keys.Tag.COMMIT: git_revision(), **tags}
        marks |= self.place
        if parent:
            marks[keys.Tag.PARENT] = parent
        with answering(self.uri):
            created = errors.patiently(
                self.uri, lambda: self.client.create_run(self.experiment_id, run_name=name, tags=marks)
            )
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
        kind = ServerRun if is_server(self.uri) else LocalRun
        return kind(self.client, run_id, artifacts, self.lock(run_id))


def open_store(uri: str, experiment: str) -> Store:
    """The store of an experiment, created if there is none; its files beside whatever opens it."""
    return Store(settings.Tracking(uri, "mlartifacts", experiment, False))


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
    return open_store(uri, experiment)
