"""What is written to a run, as plain entries, and how MLflow takes each.

An entry is a dict that JSON can hold. Metrics and ends carry the time at which they came about, and a
file or a model is named, not held. So an entry that is sent twice leaves the run as if sent once: MLflow
keeps a metric of the same value, step and time once, and the rest replaces what is there.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    Run,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from fer_exp import files
from fer_exp.tracking import code_paths, keys
from fer_exp.tracking.git import git_revision

LogEntry = dict[str, Any]

# What a model is said to come from, in the place of the program's path.
PROGRAM = "fer_exp"

# What MLflow takes in no name of a model.
_NO_NAME = re.compile(r"[/:.%\"']")

# The weights of a model to be kept, pictures to try it with, and what it says to them.
MODEL, PICTURES, ANSWER = "model/weights.pt", "model/pictures.npy", "model/answer.npy"


def metrics(values: Mapping[str, float], step: int) -> LogEntry:
    """Metrics of one step, as of now."""
    return {"kind": "metrics", "step": step, "time": _now(), "values": dict(values)}


def params(values: Mapping[str, str]) -> LogEntry:
    """Params, which cannot change afterwards."""
    return {"kind": "params", "values": dict(values)}


def tags(values: Mapping[str, str]) -> LogEntry:
    """Tags, which replace those of the same name."""
    return {"kind": "tags", "values": dict(values)}


def status(word: str) -> LogEntry:
    """How the run stands from now on, in MLflow's words."""
    return {"kind": "status", "status": word, "time": _now()}


def dataset(described: Mapping[str, str], context: str) -> LogEntry:
    """The faces that the run used, and for what."""
    return {"kind": "dataset", "dataset": dict(described), "context": context}


def file(name: str) -> LogEntry:
    """The file of this name below the folder that `deliver` is given, kept as an artifact."""
    return {"kind": "file", "name": name}


def model() -> LogEntry:
    """The files `MODEL`, `PICTURES` and `ANSWER` below that folder, kept as a model."""
    return {"kind": "model"}


def parse(line: str) -> LogEntry:
    """An entry from its line of JSON; raises ValueError for a line that is none."""
    entry = json.loads(line)
    if not isinstance(entry, dict) or entry.get("kind") not in _DELIVERIES:
        raise ValueError
    return entry


def deliver(client: MlflowClient, run_id: str, entry: LogEntry, files: Path) -> None:
    """Hand an entry of the run to MLflow; raises what MLflow raises."""
    _DELIVERIES[entry["kind"]](client, run_id, entry, files)


def log_model(
    client: MlflowClient, run_id: str, weights: Path, pictures: np.ndarray, answer: np.ndarray
) -> None:
    """Keep a checkpoint as the run's model, once, that `mlflow models predict` can serve.

    It is stored as data plus our code that it needs, never as a pickle. pictures: uint8 [N, 48, 48] to try
    it with; answer: what it says to them, text [N].
    """
    import mlflow
    from mlflow.models import Model

    run = client.get_run(run_id)
    experiment = run.info.experiment_id
    before = client.search_logged_models([experiment], f"source_run_id = '{run_id}'")
    if any(each.status == LoggedModelStatus.READY for each in before):
        return
    for half_done in before:
        client.delete_logged_model(half_done.model_id)
    origin = {keys.Tag.SOURCE_NAME: PROGRAM, keys.Tag.SOURCE_TYPE: "LOCAL", keys.Tag.COMMIT: git_revision()}
    name = _NO_NAME.sub("-", run.info.run_name)
    made = client.create_logged_model(experiment, name, run_id, origin, run.data.params)
    # not at its place, which is a path of this machine
    described = Model(name, run_id, model_uuid=made.model_id, model_id=made.model_id)
    with files.scratch() as scratch:
        folder = scratch / "model"
        mlflow.pyfunc.save_model(
            folder,
            loader_module="fer_exp.models.classifier",
            data_path=str(weights),
            code_paths=[str(code_paths.copy("models.classifier", scratch))],
            mlflow_model=described,
            signature=infer_signature(pictures, answer),
            # one, as MLflow writes each twice, as 40 kB of text
            input_example=pictures[:1],
            # given, since MLflow would load the model in a process of its own to find them
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "numpy")],
        )
        client.log_model_artifacts(made.model_id, str(folder))
    client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
    client.log_batch(run_id, _of_model(client, run, made.model_id), synchronous=True)
    client.finalize_logged_model(made.model_id, "READY")


def _of_model(client: MlflowClient, run: Run, model_id: str) -> list[Metric]:
    """The figures of the selected weights as a model's on its images, which MLflow's pages show beside it."""
    names = filter(keys.is_selected, run.data.metrics)
    points = [point for name in names for point in client.get_metric_history(run.info.run_id, name)]
    used = [each.dataset for each in run.inputs.dataset_inputs] if run.inputs else []
    of = (used[0].name, used[0].digest) if used else (None, None)
    return [Metric(each.key, each.value, each.timestamp, each.step, model_id, *of) for each in points]


def _now() -> int:
    return int(time.time() * 1000)


def _metrics(client: MlflowClient, run_id: str, entry: LogEntry, _: Path) -> None:
    values = entry["values"].items()
    points = [Metric(key, value, entry["time"], entry["step"]) for key, value in values]
    # whatever MLFLOW_ENABLE_ASYNC_LOGGING says: an entry is delivered when the server has spoken
    client.log_batch(run_id, points, synchronous=True)


def _params(client: MlflowClient, run_id: str, entry: LogEntry, _: Path) -> None:
    client.log_batch(run_id, params=[Param(*pair) for pair in entry["values"].items()], synchronous=True)


def _tags(client: MlflowClient, run_id: str, entry: LogEntry, _: Path) -> None:
    client.log_batch(run_id, tags=[RunTag(*pair) for pair in entry["values"].items()], synchronous=True)


def _status(client: MlflowClient, run_id: str, entry: LogEntry, _: Path) -> None:
    if entry["status"] == "RUNNING":
        client.update_run(run_id, status="RUNNING")
    else:
        client.set_terminated(run_id, entry["status"], entry["time"])


def _dataset(client: MlflowClient, run_id: str, entry: LogEntry, _: Path) -> None:
    context = [InputTag(keys.Tag.CONTEXT, entry["context"])]
    inputs = [DatasetInput(Dataset(**entry["dataset"]), context)]
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException as error:
        # MLflow looks for the faces and then adds them: another run may have done so in between
        if error.error_code != "BAD_REQUEST":
            raise
        client.log_inputs(run_id, inputs)


def _file(client: MlflowClient, run_id: str, entry: LogEntry, files: Path) -> None:
    name = Path(entry["name"])
    folder = "" if name.parent == Path() else name.parent.as_posix()
    client.log_artifact(run_id, str(files / name), folder)


def _model(client: MlflowClient, run_id: str, _: LogEntry, files: Path) -> None:
    pictures, answer = (np.load(files / name, allow_pickle=False) for name in (PICTURES, ANSWER))
    log_model(client, run_id, files / MODEL, pictures, answer)


# How each kind is delivered.
_DELIVERIES: dict[str, Callable[[MlflowClient, str, LogEntry, Path], None]] = {
    "metrics": _metrics,
    "params": _params,
    "tags": _tags,
    "status": _status,
    "dataset": _dataset,
    "file": _file,
    "model": _model,
}
