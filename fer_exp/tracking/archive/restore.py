"""Runs as lines, and lines as runs again, of a store's own.

A line holds nothing of the machine that its run comes from. A restored run has an id of its own and the tag
`moved_from`, but no weights.
"""

import io
import json
from collections.abc import Iterable, Mapping

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from fer_exp import files, redaction
from fer_exp.errors import UserError, first_line
from fer_exp.tracking.archive import answers
from fer_exp.tracking.archive.run_line import ArchivedRun, is_kept
from fer_exp.tracking.artifacts import PLAN, Plan, find_answers
from fer_exp.tracking.connection import answering
from fer_exp.tracking.keys import Tag
from fer_exp.tracking.record import FIGURES, WHOLE, Record
from fer_exp.tracking.run import Run
from fer_exp.tracking.store import Store

# What MLflow takes in one call, which is also no more than 1,000 of both together.
_METRICS, _PARAMS = 800, 100


def origins(store: Store) -> dict[str, str]:
    """The id that each copied or restored run of a store had at first, or where it was copied from."""
    copies = store.records()
    return {run.run_id: run.tags[Tag.MOVED_FROM] for run in copies if Tag.MOVED_FROM in run.tags}


def line_of(record: Record, store: Store, first: Mapping[str, str], plan: Plan | None = None) -> ArchivedRun:
    """The line of a run that has ended.

    first: `origins` of the store, so that a restored run is again the line that it was. plan: a sweep's.
    """
    # a record does not know when its run ended
    with answering(store.uri):
        run = store.client.get_run(record.run_id)
    info, told = run.info, run.data
    tags = {key: text for key, text in told.tags.items() if is_kept(key)}
    params = {key: text for key, text in told.params.items() if not key.startswith(redaction.PLACES)}
    return ArchivedRun(
        first.get(info.run_id, info.run_id),
        redaction.without_places(info.run_name),
        info.status,
        info.start_time,
        info.end_time,
        _placeless(tags),
        _placeless(params),
        dict(told.metrics),
        None if plan is None else {"jobs": [_placeless(job) for job in plan["jobs"]]},
        _answers(store.run_of(record)),
    )


def _answers(run: Run) -> dict[str, np.ndarray]:
    found = {word: find_answers(run, name) for word, name in answers.FILES.items()}
    return {word: kept for word, kept in found.items() if kept is not None}


def _placeless(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: redaction.without_places(text) for key, text in texts.items()}


def restore(line: ArchivedRun, target: Store, parent: str | None, before: Iterable[str]) -> str:
    """Put the run of a line into a store, and return its id there.

    parent: its sweep's id there. before: what stands for it in part, which goes.

    What is cut short counts for nothing, and is made anew the next time. Raises UserError.
    """
    client = target.client
    try:
        for run_id in before:
            client.delete_run(run_id)
        made = client.create_run(target.experiment_id, line.started, {Tag.MOVED_FROM: line.id}, line.name)
        new: str = made.info.run_id
        params = [Param(*item) for item in line.params.items()]
        metrics = [Metric(key, value, line.ended, 0) for key, value in line.metrics.items()]
        while len(metrics) > _METRICS or len(params) > _PARAMS:
            client.log_batch(new, metrics[:_METRICS], params[:_PARAMS])
            params, metrics = params[_PARAMS:], metrics[_METRICS:]
        if line.plan:
            _log_file(client, new, PLAN, json.dumps(line.plan, indent=1).encode())
        for word, kept in line.answers.items():
            array = io.BytesIO()
            np.save(array, kept)
            _log_file(client, new, answers.FILES[word], array.getvalue())
        client.set_terminated(new, line.status, line.ended)
        tags = line.tags | {Tag.MOVED: FIGURES} | ({Tag.PARENT: parent} if parent else {})
        # last, as MLflow takes them after the rest of a call: whoever looks for runs looks for these
        client.log_batch(new, metrics, params, [RunTag(*item) for item in tags.items()])
    except (MlflowException, OSError) as error:
        raise UserError(
            f"run {line.id}: cannot be restored ({first_line(error)}); those before it are, so the "
            "same command goes on from here"
        ) from error
    return new


def _log_file(client: MlflowClient, run_id: str, name: str, content: bytes) -> None:
    folder, _, file = name.rpartition("/")
    # not by MLflow's `log_text`, which leaves its temporary folder behind where it is killed
    path = files.of_this_process() / file
    path.write_bytes(content)
    client.log_artifact(run_id, str(path), folder or None)


def in_part(store: Store) -> dict[str, list[str]]:
    """The runs that stand for archived ones in part, cut short or with fewer figures, by the id of these."""
    found: dict[str, list[str]] = {}
    for record in store.records():
        if Tag.MOVED_FROM in record.tags and record.tags.get(Tag.MOVED) != WHOLE:
            found.setdefault(record.tags[Tag.MOVED_FROM], []).append(record.run_id)
    return found
