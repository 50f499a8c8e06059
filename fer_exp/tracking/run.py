"""One run in the store, to write to."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import numpy as np
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from fer_exp.errors import UserError
from fer_exp.files import written_whole
from fer_exp.fingerprint import Fingerprint
from fer_exp.tracking import places

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# MLflow refuses longer values; the whole config is an artifact anyway.
_LONGEST_PARAM = 6000


class Run:
    """An open run: takes metrics, tags and files; its lock, held while it records, shows that it lives."""

    def __init__(self, client: MlflowClient, run_id: str, artifacts: str, lock: FileLock):
        self.client = client
        self.id = run_id
        self.artifacts = artifacts
        self.lock = lock

    @contextmanager
    def recording(self) -> Iterator[None]:
        """End the run with a true status whatever happens inside, and say why it failed."""
        with self.lock:
            try:
                yield
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                self.tag(error=places.left_out(said, local_path(self.artifacts))[:_LONGEST_PARAM])
                self.client.set_terminated(self.id, "FAILED")
                raise
            except BaseException:
                self.client.set_terminated(self.id, "KILLED")
                raise
            else:
                self.client.set_terminated(self.id, "FINISHED")
        Path(self.lock.lock_file).unlink(missing_ok=True)

    def reopen(self, parent: str | None, **tags: str) -> None:
        """Go on with a run that ended early, under the run `parent` if given, with some tags anew."""
        self.client.update_run(self.id, status="RUNNING")
        self.tag(error="", **tags, **({"mlflow.parentRunId": parent} if parent else {}))

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

    def figure(self, name: str, figure: "Figure") -> None:
        """Keep a figure as the PNG artifact `name`."""
        with self.file(name) as path, written_whole(path) as file:
            figure.savefig(file, format="png")

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
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module="fer_exp.classifier",
                data_path=str(checkpoint),
                code_paths=[str(Path(__file__).parent.parent)],
                signature=infer_signature(example, answer),
                input_example=example,
                # given, since MLflow would load the model in a process of its own to find them
                pip_requirements=pins,
            )
        places.leave_out_of_model(self.client, logged)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A local path to write the artifact `name` at; it is kept when the block ends without error."""
        folder = local_path(self.artifacts)
        if folder is not None:
            # written in place: the writer is atomic, a copy by MLflow would not be
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path
        else:
            path = Path(".cache") / "uploads" / self.id / name
            path.parent.mkdir(parents=True, exist_ok=True)
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
