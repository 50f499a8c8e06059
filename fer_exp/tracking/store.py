"""The store of runs: opened, created once, searched.

It is created under a lock, before any job starts: several processes migrating a new SQLite file at
once break it.
"""

import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from fer_exp import machine, places
from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.tracking import descriptions, errors, keys, outbox, run_files, sqlite
from fer_exp.tracking.connection import answering, is_server, reach
from fer_exp.tracking.git import git_revision
from fer_exp.tracking.living import LivingRuns
from fer_exp.tracking.record import Record
from fer_exp.tracking.run import LocalRun, Run, ServerRun

log = logging.getLogger(__name__)

# What opening a store may raise.
_FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError)


class Store(LivingRuns):
    """The place where runs are kept: a SQLite file with an artifact folder beside it, or a server."""

    # the path to that folder, if it lies beside
    files: str | None = None

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
            if chosen.uri.startswith(places.SQLITE):
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
            found = self._open(chosen, run_files.chosen_address(path, chosen.artifacts))
            self._find_files(path, found, chosen.artifacts)
            sqlite.gather(path)

    def _find_files(self, path: Path, found: Experiment, chosen: str) -> None:
        """Learn where the files of the runs lie, and see that MLflow does."""
        before = found.artifact_location
        self.files = run_files.from_store(path, found)
        now = before if self.files is None else run_files.address(path, self.files)
        folder = run_files.local_path(now)
        if folder and folder != run_files.local_path(before):
            # of a store that was copied alone, older runs keep their files where they are
            sqlite.move_files(path, found.experiment_id, before, now, older_runs=folder.is_dir())
        if self.files is not None and keys.Tag.FILES not in found.tags:
            self.client.set_experiment_tag(found.experiment_id, keys.Tag.FILES, self.files)
        run_files.refuse_another(path, chosen, found.name, now)

    def sync(self, failed: list[UserError] | None = None) -> dict[str, Counter[str]]:
        """Send what ended runs kept here while this server was away; what it took, by run and kind.

        failed: takes up why some could not be sent, which else is only warned of: the server refuses an
        entry, or a file is damaged.
        """
        taken = {}
        for kept in outbox.all_waiting(self.client):
            # a run at work sends for itself
            with self.abandoned(kept.run_id) as abandoned:
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

    def _open(self, chosen: settings.Tracking, artifacts: str | None) -> Experiment:
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
        return found

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
        """Open a run, RUNNING from now and locked until it ends; under the run `parent` if given."""
        evaluated = tags.get(keys.Tag.KIND) in (keys.Kind.BASELINE, keys.Kind.ENSEMBLE)
        script = "evaluate.py" if evaluated else "train.py"
        marks = {keys.Tag.SOURCE_TYPE: "LOCAL", keys.Tag.SOURCE_NAME: script, keys.Tag.USER: machine.user()}
        marks |= {keys.Tag.COMMIT: git_revision(), **tags, **self.place}
        if parent:
            marks[keys.Tag.PARENT] = parent
        with self.making(), answering(self.uri):
            created = errors.patiently(
                self.uri, lambda: self.client.create_run(self.experiment_id, run_name=name, tags=marks)
            )
            run = self._run(created.info.run_id, created.info.artifact_uri)
            run.lock.acquire()
        run.params(params)
        return run

    def run(self, run_id: str) -> Run:
        """The run of this id. Raises UserError if there is none."""
        return self.run_of(self.record(run_id))

    def run_of(self, record: Record) -> Run:
        """The run that was read back as `record`; asks the store nothing."""
        return self._run(record.run_id, record.artifacts)

    @contextmanager
    def added_to(self, record: Record) -> Iterator[Run]:
        """A run to add to, by one process at a time; once all is sent nothing of it is kept here.

        One that is at work sends for itself, when it ends.
        """
        run = self.run_of(record)
        if record.status == "RUNNING":
            yield run
            return
        with run.holding():
            try:
                yield run
            except BaseException:
                # what went wrong counts, and not what a server says to it
                with suppress(UserError):
                    run.leave()
                raise
            run.leave()

    def folder_of(self, record: Record) -> Path | None:
        """Where the files of a run lie, if that is a folder of this machine."""
        return run_files.local_path(self.run_of(record).artifacts)

    def _run(self, run_id: str, artifacts: str) -> Run:
        if self.files is not None:
            path = Path(self.uri.removeprefix(places.SQLITE))
            artifacts = run_files.as_reached(path, f"{self.files}/{run_id}/artifacts", artifacts)
        kind = ServerRun if is_server(self.uri) else LocalRun
        return kind(self.client, run_id, artifacts, self.lock(run_id))


def open_store(uri: str, experiment: str) -> Store:
    """The store of an experiment, created if there is none; its files beside whatever opens it."""
    return Store(settings.Tracking(uri, run_files.USUAL, experiment, False))


def existing_experiment(uri: str, name: str) -> str:
    """The id of an experiment that is there already; raises UserError, and creates nothing, if not."""
    path = sqlite.file_of(uri) if uri.startswith(places.SQLITE) else None
    try:
        # unlike Path's own it is false, not an error, for a path that is too long or locked
        if path and not os.path.isfile(path):
            raise UserError(f"{uri}: there is no store yet: python train.py makes one")
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
    """The store to read runs from; raises UserError, and creates nothing, if there is none.

    A run whose process was killed is no longer said to be at work.
    """
    existing_experiment(uri, experiment)
    store = open_store(uri, experiment)
    store.close_abandoned()
    return store
