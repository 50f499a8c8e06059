"""What is written to a run, as plain entries, and how MLflow takes each.

An entry is a dict that JSON can hold. Metrics and ends carry the time at which they came about, and a
file or a model is named, not held. So an entry that is sent twice leaves the run as if sent once: MLflow
keeps a metric of the same value, step and time once, and the rest replaces what is there.
"""

import functools
import json
import re
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

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


# What an entry may be, and what one of each kind holds.
_KINDS = {
    "metrics": {"step", "time", "values"},
    "params": {"values"},
    "tags": {"values"},
    "status": {"status", "time"},
    "dataset": {"dataset", "context"},
    # the name of an artifact, below the folder that `deliver` is given
    "file": {"name"},
    # the files `MODEL`, `PICTURES` and `ANSWER` there
    "model": set(),
}


def made(kind: str, **said: Any) -> LogEntry:
    """What is to be written, as of now; `_KINDS` shows what each kind holds."""
    return {"kind": kind, "time": int(time.time() * 1000), **said}


def parse(line: str) -> LogEntry:
    """An entry from its line of JSON; raises ValueError for a line that is none."""
    entry = json.loads(line)
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS or not _KINDS[kind] <= entry.keys():
        raise ValueError
    return cast(LogEntry, entry)


def deliver(client: MlflowClient, run_id: str, entry: LogEntry, files: Path) -> None:
    """Hand an entry of the run to MLflow; raises what MLflow raises. files: where its files lie."""
    pairs = entry.get("values", {}).items()
    # whatever MLFLOW_ENABLE_ASYNC_LOGGING says: an entry is delivered when the server has spoken
    write = functools.partial(client.log_batch, run_id, synchronous=True)
    match entry["kind"]:
        case "metrics":
            write([Metric(key, value, entry["time"], entry["step"]) for key, value in pairs])
        case "params":
            write(params=[Param(*pair) for pair in pairs])
        case "tags":
            write(tags=[RunTag(*pair) for pair in pairs])
        case "status" if entry["status"] == "RUNNING":
            client.update_run(run_id, status="RUNNING")
        case "status":
            client.set_terminated(run_id, entry["status"], entry["time"])
        case "dataset":
            _dataset(client, run_id, entry)
        case "file":
            name = Path(entry["name"])
            folder = "" if name.parent == Path() else name.parent.as_posix()
            client.log_artifact(run_id, str(files / name), folder)
        case "model":
            pictures, answer = (np.load(files / name, allow_pickle=False) for name in (PICTURES, ANSWER))
            log_model(client, run_id, files / MODEL, pictures, answer)


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


def _dataset(client: MlflowClient, run_id: str, entry: LogEntry) -> None:
    context = [InputTag(keys.Tag.CONTEXT, entry["context"])]
    inputs = [DatasetInput(Dataset(**entry["dataset"]), context)]
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException as error:
        # MLflow looks for the faces and then adds them: another run may have done so in between
        if error.error_code != "BAD_REQUEST":
            raise
        client.log_inputs(run_id, inputs)
