"""Runs of one store copied whole into another, each once.

A copy has an id of its own and the tag `moved_from`, the id that it was copied from; the tag `moved`
comes last, so a copy without it was cut short and is made anew. mlflow-export-import is the known tool
for this: its release ends every copy as FINISHED, now, and starts over where it was cut short.
"""

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from fer_exp.errors import UserError
from fer_exp.tracking.keys import SELECTED_EPOCH, Kind, Tag
from fer_exp.tracking.record import FIGURES, WHOLE, Record
from fer_exp.tracking.run import local_path
from fer_exp.tracking.store import Store

# Tags that name another run of the same store.
_REFERENCES = (Tag.PARENT, Tag.RESUMED_FROM)

# What MLflow takes in one call.
_METRICS, _PARAMS = 1000, 100


@dataclasses.dataclass
class Copied:
    """What one copy holds: rows of metrics, params, files with their bytes, and models.

    lacking: 1 if the run's own files are not where its store says, as on a disk that is not mounted.
    """

    metrics: int = 0
    params: int = 0
    files: int = 0
    bytes: int = 0
    models: int = 0
    lacking: int = 0


@dataclasses.dataclass
class Transfer:
    """What is to be copied from one store to another; runs in the order that they are copied in.

    known: ids of the copies that are there, by the ids that they were copied from. left: runs that are
    not copied, since they are RUNNING or name one that is.
    """

    source: Store
    target: Store
    runs: list[Run]
    known: dict[str, str]
    left: list[Run]

    @classmethod
    def plan(cls, source: Store, target: Store) -> "Transfer":
        """Find what of the source is not in the target yet."""
        runs = {run.info.run_id: run for run in _all(source)}
        copies = {
            run.data.tags[Tag.MOVED_FROM]: run for run in _all(target) if Tag.MOVED_FROM in run.data.tags
        }
        known = {
            old: copy.info.run_id for old, copy in copies.items() if copy.data.tags.get(Tag.MOVED) == WHOLE
        }
        graph = {old: _references(run, runs) for old, run in runs.items()}
        wanted, left = [], []
        for old in TopologicalSorter(graph).static_order():
            run = runs[old]
            if run.info.status == "RUNNING" or any(runs[other] in left for other in graph[old]):
                left.append(run)
            elif old not in known:
                wanted.append(run)
        return cls(source, target, wanted, known, left)

    def copies(self) -> Iterator[Copied]:
        """Copy run after run; raises UserError for one that cannot be, and keeps those before it."""
        for run in self.runs:
            with copying(run.info.run_id):
                clear(self.target, run.info.run_id)
                copied = self._copy(run)
            yield copied

    def _copy(self, run: Run) -> Copied:
        client, info, old = self.target.client, run.info, run.info.run_id
        tags = {key: value for key, value in run.data.tags.items() if key != Tag.MOVED} | {
            Tag.MOVED_FROM: old
        }
        tags |= {key: self.known.get(tags[key], tags[key]) for key in _REFERENCES if key in tags}
        new = client.create_run(self.target.experiment_id, info.start_time, tags, info.run_name).info.run_id
        params = [Param(*item) for item in run.data.params.items()]
        metrics = _history(self.source.client, run)
        log(client, new, params, metrics)
        if run.inputs.dataset_inputs:
            client.log_inputs(new, run.inputs.dataset_inputs)
        with tempfile.TemporaryDirectory() as scratch:
            files = self._copy_files(run, new, Path(scratch))
            for output in run.outputs.model_outputs if run.outputs else ():
                model = self.source.client.get_logged_model(output.model_id)
                files += self._copy_model(model, new, output.step, Path(scratch) / model.model_id)
        client.set_terminated(new, info.status, info.end_time)
        lacking = not files and _has_files(run)
        # without them it is made anew the next time
        client.set_tag(new, Tag.MOVED, FIGURES if lacking else WHOLE)
        self.known[old] = new
        models = len(run.outputs.model_outputs) if run.outputs else 0
        return Copied(len(metrics), len(params), len(files), sum(files), models, int(lacking))

    def _copy_files(self, run: Run, new: str, scratch: Path) -> list[int]:
        """Copy the artifacts of a run, and return their sizes in bytes."""
        folder = local_path(run.info.artifact_uri)
        if folder is None:
            if not self.source.client.list_artifacts(run.info.run_id):
                return []
            folder = Path(self.source.client.download_artifacts(run.info.run_id, "", str(scratch)))
        if not folder.is_dir():
            return []
        self.target.client.log_artifacts(new, str(folder))
        return _sizes(folder)

    def _copy_model(self, model: LoggedModel, new: str, step: int, scratch: Path) -> list[int]:
        """Copy a model of a run, which names its new place, and return its files' sizes in bytes."""
        from mlflow.artifacts import download_artifacts

        folder = local_path(model.artifact_location)
        if folder is None:
            uri = f"models:/{model.model_id}"
            folder = Path(download_artifacts(uri, tracking_uri=self.source.uri, dst_path=str(scratch / "it")))
        client = self.target.client
        copy = client.create_logged_model(
            self.target.experiment_id, model.name, new, model.tags, model.params, model.model_type
        )
        shutil.copytree(folder, scratch / "copy")
        described = Model.load(str(scratch / "copy"))
        described.run_id, described.artifact_path = new, copy.artifact_location
        described.model_id = described.model_uuid = copy.model_id
        described.save(str(scratch / "copy" / "MLmodel"))
        client.log_model_artifacts(copy.model_id, str(scratch / "copy"))
        client.finalize_logged_model(copy.model_id, "READY")
        client.log_outputs(new, [LoggedModelOutput(copy.model_id, step)])
        metrics = [
            Metric(each.key, each.value, each.timestamp, each.step, model_id=copy.model_id)
            for each in model.metrics or ()
        ]
        client.log_batch(new, metrics)
        return _sizes(scratch / "copy")


@contextlib.contextmanager
def copying(old: str) -> Iterator[None]:
    """Raise UserError if the run `old` cannot be copied, after others that were."""
    try:
        yield
    except (MlflowException, OSError) as error:
        first_line = str(error).splitlines()[0]
        raise UserError(
            f"run {old}: cannot be copied ({first_line}); those before it are, so the same command goes on "
            "from here"
        ) from error


def clear(target: Store, old: str) -> None:
    """Take away what is no whole copy of the run `old`: one that was cut short, or holds figures alone."""
    for record in target.records(**{Tag.MOVED_FROM: old}):
        if record.tags.get(Tag.MOVED) == WHOLE:
            continue
        models = target.client.search_logged_models(
            [target.experiment_id], f"source_run_id = '{record.run_id}'"
        )
        for model in models:
            target.client.delete_logged_model(model.model_id)
        target.client.delete_run(record.run_id)


def log(client: MlflowClient, run_id: str, params: Sequence[Param], metrics: Sequence[Metric]) -> None:
    """Log any number of params and rows of metrics, in as many calls as that takes."""
    for at in range(0, len(params), _PARAMS):
        client.log_batch(run_id, params=params[at : at + _PARAMS])
    for at in range(0, len(metrics), _METRICS):
        client.log_batch(run_id, metrics[at : at + _METRICS])


def _all(store: Store) -> Iterator[Run]:
    token = None
    while True:
        page = store.client.search_runs([store.experiment_id], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _references(run: Run, runs: Mapping[str, Run]) -> list[str]:
    named = [run.data.tags.get(key) for key in _REFERENCES]
    return [old for old in named if old in runs]


def _has_files(run: Run) -> bool:
    """Whether files belong to a run: the plan of a sweep, the weights of a job that was not restored."""
    weights = SELECTED_EPOCH in run.data.metrics and Record.of(run).whole
    return weights or run.data.tags.get(Tag.KIND) == Kind.SWEEP


def _history(client: MlflowClient, run: Run) -> list[Metric]:
    """Every row of every metric of a run."""
    points = [point for key in run.data.metrics for point in client.get_metric_history(run.info.run_id, key)]
    return [Metric(point.key, point.value, point.timestamp, point.step) for point in points]


def _sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
