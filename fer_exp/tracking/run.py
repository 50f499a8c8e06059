"""One run in the store, to write to: in a file of this machine, or on a server that may be away."""

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock
from mlflow import MlflowClient

from fer_exp import files, redaction, signals
from fer_exp.tracking import entries, errors, keys
from fer_exp.tracking.connection import FAILURES, reach
from fer_exp.tracking.outbox import Outbox
from fer_exp.tracking.run_files import local_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# MLflow refuses longer values; the whole config is an artifact anyway.
LONGEST_PARAM = 6000


class Run(ABC):
    """An open run: takes metrics, tags and files; its lock, held while it records, shows that it lives."""

    def __init__(self, client: MlflowClient, run_id: str, artifacts: str, lock: FileLock):
        self.client = client
        self.id = run_id
        self.artifacts = artifacts
        self.lock = lock
        self.written: set[str] = set()

    @property
    @abstractmethod
    def uploads(self) -> Path:
        """Where artifacts lie that are not kept in a folder of this machine."""

    @abstractmethod
    def _send(self, entry: entries.LogEntry) -> None:
        """Write an entry to the run."""

    @abstractmethod
    def model(self, checkpoint: Path, example: np.ndarray, answer: np.ndarray) -> None:
        """Keep a checkpoint as a model; example: pictures uint8 [N, 48, 48]; answer: its text to them [N]."""

    @contextmanager
    def recording(self) -> Iterator[None]:
        """End the run with a true status whatever happens inside, and say why it failed."""
        with self.holding():
            try:
                yield
            except BaseException as error:
                if stop := signals.interruption(error):
                    # whatever an interrupted store says to it must not take the interruption's place
                    with suppress(Exception):
                        self.end("KILLED")
                    raise stop from (error if error is not stop else None)
                said = f"{type(error).__name__}: {error}"
                # a store that takes nothing cannot be told: the next start finds the run abandoned
                with suppress(errors.UnwritableError):
                    said = redaction.without_folders(said, local_path(self.artifacts))
                    self.tag(error=redaction.without_login(said)[:LONGEST_PARAM])
                    self.end("FAILED")
                raise
            else:
                self.end("FINISHED")

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the run's lock; a new run has it already, and one that is gone on with."""
        with self.lock:
            try:
                yield
            finally:
                # while it is held: whoever waits for it then makes it anew
                Path(self.lock.lock_file).unlink(missing_ok=True)
                self.lock.release(force=True)

    def end(self, status: str) -> None:
        """Set the status that the run ends with; what a server has not taken by now is left to `sync`."""
        self._send(entries.made("status", status=status))
        self.leave()

    def leave(self) -> None:
        """Keep here no longer what was sent elsewhere."""
        if self.written:
            shutil.rmtree(self.uploads, ignore_errors=True)

    def reopen(self, parent: str | None, **tags: str) -> None:
        """Go on with a run that ended early, under the run `parent` if given, with some tags anew."""
        # before it says that it is at work, or it would be taken for abandoned
        self.lock.acquire()
        self._send(entries.made("status", status="RUNNING"))
        self.tag(error="", **tags, **({keys.Tag.PARENT: parent} if parent else {}))

    def logged_steps(self, metric: str) -> set[int]:
        """The steps at which a metric is in the store already."""
        return set(self.history([metric])[metric])

    def history(self, metrics: Iterable[str]) -> dict[str, dict[int, float]]:
        """Every logged value of some metrics, by metric and step; one query each."""
        return {
            metric: {point.step: point.value for point in self.client.get_metric_history(self.id, metric)}
            for metric in metrics
        }

    def log(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics of one step, such as an epoch's, in one call."""
        # a sign of life to machines that share the folder and not its locks
        with suppress(OSError):
            os.utime(self.lock.lock_file)
        self._send(entries.made("metrics", step=step, values=dict(metrics)))

    def params(self, params: Mapping[str, Any]) -> None:
        """Log params; a run's params cannot change afterwards."""
        values = {key: str(value)[:LONGEST_PARAM] for key, value in params.items()}
        self._send(entries.made("params", values=values))

    def tag(self, **tags: str) -> None:
        """Set tags; an old value is replaced."""
        self._send(entries.made("tags", values=tags))

    def text(self, name: str, text: str) -> None:
        """Keep a text as the artifact `name`."""
        with self.file(name) as path, files.written_whole(path) as file:
            file.write(text.encode())

    def figure(self, name: str, figure: "Figure") -> None:
        """Keep a figure as the PNG artifact `name`."""
        with self.file(name) as path, files.written_whole(path) as file:
            # a picture of faces takes half the time at the lowest compression, and about as many bytes
            figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})

    def dataset(self, name: str, digest: str, profile: Mapping[str, Any], context: str) -> None:
        """Name the faces that the run used.

        digest: hash of their content. profile: what else is known of them. context: for what, e.g. training.
        """
        source = json.dumps({"tags": {keys.Tag.SOURCE_TYPE: "LOCAL", keys.Tag.SOURCE_NAME: name}})
        # MLflow takes a digest of 36 characters at most
        described = {"name": name, "digest": digest[:36], "source_type": "code", "source": source}
        described["profile"] = json.dumps(dict(profile))
        self._send(entries.made("dataset", dataset=described, context=context))

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A local path to write the artifact `name` at; it is kept when the block ends without error."""
        # written in place: the writer is atomic, a copy by MLflow would not be
        folder = local_path(self.artifacts)
        path = (folder or self.uploads) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        if folder is None:
            self.written.add(name)
            self._send(entries.made("file", name=name))

    def fetch(self, name: str) -> Path:
        """The artifact `name` as a local file; raises NoFileError if the run has none."""
        folder = local_path(self.artifacts)
        if folder is not None:
            path = folder / name
        elif name in self.written and (self.uploads / name).is_file():
            # not asked back from a server that may be gone by now
            path = self.uploads / name
        else:
            path = self._download(name)
        if not path.is_file():
            raise errors.NoFileError(
                f"run {self.id}: has no {name}; it ended before its first epoch, lost its files, or was "
                "restored from an archive, which keeps no weights"
            )
        return path

    def _download(self, name: str) -> Path:
        """An artifact that lies elsewhere; no file if there is none."""
        try:
            place = files.of_this_process() / self.id
            place.mkdir(exist_ok=True)
            # without a place it would go into a folder that nobody takes away
            return Path(self.client.download_artifacts(self.id, name, str(place)))
        except FAILURES:
            return Path()


class LocalRun(Run):
    """A run in a store of this machine: what is written is in the file when the call returns."""

    @property
    def uploads(self) -> Path:
        """For as long as this process lives: what is sent is there when the call returns."""
        return files.of_this_process() / "uploads" / self.id

    def model(self, checkpoint: Path, example: np.ndarray, answer: np.ndarray) -> None:
        """Keep a checkpoint as a model, as `Run` says."""
        self._write(lambda: entries.log_model(self.client, self.id, checkpoint, example, answer))

    def _send(self, entry: entries.LogEntry) -> None:
        files = self.uploads if entry["kind"] == "file" else Path()
        self._write(lambda: entries.deliver(self.client, self.id, entry, files))

    def _write(self, write: Callable[[], None]) -> None:
        errors.patiently(self.client.tracking_uri, write)


class ServerRun(Run):
    """A run on a server: what is written goes through its outbox, which keeps it while the server is away."""

    def __init__(self, client: MlflowClient, run_id: str, artifacts: str, lock: FileLock):
        super().__init__(client, run_id, artifacts, lock)
        self.outbox = Outbox(client, run_id)

    @property
    def uploads(self) -> Path:
        """With what waits to be sent."""
        return self.outbox.files

    def leave(self) -> None:
        """Send what waits; what the server does not take is left to `sync`."""
        self.outbox.leave()

    def history(self, metrics: Iterable[str]) -> dict[str, dict[int, float]]:
        """Every logged value of some metrics, once the server has all of them."""
        self.outbox.flush()
        return super().history(metrics)

    def model(self, checkpoint: Path, example: np.ndarray, answer: np.ndarray) -> None:
        """Keep a checkpoint as a model, as `Run` says."""
        (self.uploads / entries.MODEL).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkpoint, self.uploads / entries.MODEL)
        for name, array in ((entries.PICTURES, example), (entries.ANSWER, answer)):
            np.save(self.uploads / name, array, allow_pickle=False)
        self._send(entries.made("model"))

    def _send(self, entry: entries.LogEntry) -> None:
        self.outbox.send(entry)

    def _download(self, name: str) -> Path:
        self.outbox.flush()
        found = super()._download(name)
        if found == Path():
            # it may be the server that is missing
            reach(self.client.tracking_uri)
        return found
