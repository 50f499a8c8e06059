"""Tracking: the only module that knows MLflow.

A run is opened with all that identifies it, takes one batch call an epoch, and ends with the truth:
FINISHED, FAILED (an exception) or KILLED (Ctrl-C, SIGTERM), whatever happens. The store is created
once, under a lock, before any job starts: several processes migrating a new SQLite file at once
break it.
"""

import json
import logging
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
from filelock import FileLock, Timeout

# Read when MLflow is imported, so it must stand before that import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from fer_exp import settings
from fer_exp.errors import UserError
from fer_exp.fingerprint import Fingerprint

SQLITE = "sqlite:///"
# MLflow refuses longer values; the whole config is an artifact anyway.
_LONGEST_PARAM = 6000


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
            first_line = str(error).splitlines()[0]
            raise UserError(f"tracking.uri={chosen.uri}: cannot open the store ({first_line})") from error

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

    def close_abandoned(self) -> None:
        """End as KILLED the runs of this machine that say RUNNING although their process is gone."""
        for record in self.records("RUNNING", host=platform.node()):
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
            # without an absolute place MLflow fixes one relative to whoever created the store
            self.experiment_id = self.client.create_experiment(chosen.experiment, artifacts)
        elif found.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={chosen.experiment}: it is deleted in this store; restore it in the "
                "MLflow UI or choose another name"
            )
        else:
            self.experiment_id = found.experiment_id

    def create(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], parent: str | None = None
    ) -> "Run":
        """Open a run, RUNNING from now; under the run `parent` if given."""
        marks = {"mlflow.source.type": "LOCAL", "mlflow.source.git.commit": git_revision(), **tags}
        marks["host"] = platform.node()
        if parent:
            marks["mlflow.parentRunId"] = parent
        created = self.client.create_run(self.experiment_id, run_name=name, tags=marks)
        run = Run(self, created.info.run_id, created.info.artifact_uri)
        run.params(params)
        return run

    def run(self, run_id: str) -> "Run":
        """The run of this id, to add to. Raises UserError if there is none."""
        record = self.record(run_id)
        return Run(self, run_id, record.artifacts)

    def record(self, run_id: str) -> Record:
        """The run of this id, read back. Raises UserError if there is none."""
        try:
            return _record(self.client.get_run(run_id))
        except MlflowException:
            raise UserError(f"run {run_id}: there is no such run in {self.uri}") from None

    def latest(self, identity: str) -> Record | None:
        """The run that holds the figures of this job: the newest finished one, else the newest."""
        found = self.records(identity=identity, kind="job")
        return next((run for run in found if run.status == "FINISHED"), found[0] if found else None)

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


class Run:
    """An open run: takes metrics, tags and files."""

    def __init__(self, store: Store, run_id: str, artifacts: str):
        self.store = store
        self.client = store.client
        self.id = run_id
        self.artifacts = artifacts

    @contextmanager
    def recording(self) -> Iterator[None]:
        """End the run with a true status whatever happens inside, and say why it failed."""
        lock = self.store.lock(self.id)
        with lock:
            try:
                yield
            except Exception as error:
                self.tag(error=f"{type(error).__name__}: {error}"[:_LONGEST_PARAM])
                self.client.set_terminated(self.id, "FAILED")
                raise
            except BaseException:
                self.client.set_terminated(self.id, "KILLED")
                raise
            else:
                self.client.set_terminated(self.id, "FINISHED")
        Path(lock.lock_file).unlink(missing_ok=True)

    def reopen(self, parent: str | None, **tags: str) -> None:
        """Go on with a run that ended early, under the run `parent` if given, with some tags anew."""
        self.client.update_run(self.id, status="RUNNING")
        self.tag(error="", **tags, **({"mlflow.parentRunId": parent} if parent else {}))

    def logged_steps(self, metric: str) -> set[int]:
        """The steps at which a metric is in the store already."""
        return {point.step for point in self.client.get_metric_history(self.id, metric)}

    def log(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics of one step in one call."""
        now = int(time.time() * 1000)
        self.client.log_batch(self.id, [Metric(key, value, now, step) for key, value in metrics.items()])

    def params(self, params: Mapping[str, Any]) -> None:
        """Log params; a run's params cannot change afterwards."""
        entities = [Param(key, str(value)[:_LONGEST_PARAM]) for key, value in params.items()]
        self.client.log_batch(self.id, params=entities)

    def tag(self, **tags: str) -> None:
        """Set tags; an old value is replaced."""
        self.client.log_batch(self.id, tags=[RunTag(key, value) for key, value in tags.items()])

    def text(self, name: str, text: str) -> None:
        """Keep a text as the artifact `name`."""
        self.client.log_text(self.id, text, name)

    def dataset(self, name: str, fingerprint: Fingerprint, context: str) -> None:
        """Name the faces that the run used; `context` says for what, e.g. training."""
        source = CodeDatasetSource({"mlflow.source.type": "LOCAL", "mlflow.source.name": name})
        # MLflow takes a digest of 36 characters at most
        described = MetaDataset(source, name=name, digest=fingerprint.content[:36]).to_dict()
        entity = Dataset(
            *(described[key] for key in ("name", "digest", "source_type", "source")),
            profile=json.dumps(fingerprint.flat()),
        )
        self.client.log_inputs(self.id, [DatasetInput(entity, [InputTag("mlflow.data.context", context)])])

    def model(self, checkpoint: Path, example: np.ndarray, answer: np.ndarray) -> None:
        """Keep a checkpoint as a model that `mlflow models predict` can serve.

        It is stored as data plus this package's code, never as a pickle. example: pictures uint8
        [N, 48, 48]; answer: what the model says to them, text [N].
        """
        import mlflow

        pins = [f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "numpy")]
        mlflow.set_tracking_uri(self.client.tracking_uri)
        with mlflow.start_run(run_id=self.id):
            mlflow.pyfunc.log_model(
                name="model",
                loader_module="fer_exp.prediction",
                data_path=str(checkpoint),
                code_paths=[str(Path(__file__).parent)],
                signature=infer_signature(example, answer),
                input_example=example,
                # given, since MLflow would load the model in a process of its own to find them
                pip_requirements=pins,
            )

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A local path to write the artifact `name` at; it is kept when the block ends without error."""
        folder = local_path(self.artifacts)
        if folder is not None:
            # written in place: the writer is atomic, a copy by MLflow would not be
            yield folder / name
        else:
            path = Path(".cache") / "uploads" / self.id / name
            yield path
            self.client.log_artifact(self.id, str(path), str(Path(name).parent))

    def fetch(self, name: str) -> Path:
        """The artifact `name` as a local file. Raises UserError if the run has none."""
        folder = local_path(self.artifacts)
        if folder is not None:
            path = folder / name
        else:
            try:
                path = Path(self.client.download_artifacts(self.id, name))
            except (MlflowException, OSError):
                path = Path()
        if not path.is_file():
            raise UserError(
                f"run {self.id}: has no {name}; it ended before its first epoch or lost its files"
            )
        return path


def local_path(artifacts: str) -> Path | None:
    """The folder of an artifact URI, or None if it is not on this machine."""
    parts = urlparse(artifacts)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(artifacts) if parts.scheme == "" else None


def git_revision() -> str:
    """The commit of the code that runs, with `-dirty` where files differ from it; empty outside git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


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
