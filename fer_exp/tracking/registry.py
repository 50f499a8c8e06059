"""A run's trained network, found by the run; and the best of them, by a name in MLflow's registry.

The one module of tracking that knows PyTorch: import it where a network is needed, not for figures.
"""

import functools
import logging

from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.exceptions import MlflowException

from fer_exp.config.faces import Data, Fer2013Data
from fer_exp.errors import UserError
from fer_exp.models.classifier import Classifier
from fer_exp.tracking import artifacts, errors, keys
from fer_exp.tracking.connection import FAILURES
from fer_exp.tracking.record import Record, best_run
from fer_exp.tracking.store import Store

log = logging.getLogger(__name__)

# The registered model; its versions are runs, and its aliases name the best run of each data set.
REGISTERED = "fer-exp"


def load_classifier(record: Record, store: Store, device: str = "cpu") -> Classifier:
    """The network of a run, with the weights that its protocol selects, on a device.

    Raises UserError if the run has no selected weights.
    """
    require_weights(record)
    name = artifacts.WEIGHTS[record.params[keys.Param.PROTOCOL_WEIGHTS]]
    found = Classifier.load(store.run_of(record).fetch(name))
    found.network.to(device)
    return found


def require_weights(record: Record) -> None:
    """Raise UserError for a run that has no selected weights."""
    if record.tags.get(keys.Tag.KIND) != keys.Kind.JOB:
        raise UserError(f"run {record.run_id} trained no network itself: name one of its jobs")
    if record.status != "FINISHED":
        raise UserError(f"run {record.run_id} is {record.status}: only a finished run has selected weights")


def name_best(store: Store, faces: str, data: Data) -> None:
    """Have the alias `best-<data>` name the run that `run=best` means on these faces, if that keeps a model.

    To be called once where runs have ended. It looks again after it has named one: of two processes that end
    at once, the last to look has seen the runs of both. A registry that does not answer or refuses is warned
    of, since the runs are kept without it.

    faces: the hash of their content and labels. data: their settings; FER+'s labels have their own alias.
    """
    alias = f"best-{data.labels if isinstance(data, Fer2013Data) else data.name}"
    named = None
    try:
        while (best := _best(store, faces)) and best != named:
            named = best
            errors.patiently(store.uri, functools.partial(_point, store, alias, best))
    except (UserError, *FAILURES) as error:
        log.warning("the registered model %s keeps its alias %s: %s", REGISTERED, alias, error)


def _best(store: Store, faces: str) -> str | None:
    """The id of the best run on these faces, of those that have their weights."""
    finished = store.records("FINISHED", kind=keys.Kind.JOB, faces=faces)
    found = best_run(run for run in finished if run.whole)
    return found.run_id if found else None


def _point(store: Store, alias: str, run_id: str) -> None:
    """Have an alias name the model of a run, as a version of the registered model, if the run keeps one."""
    client = store.client
    kept = client.search_logged_models([store.experiment_id], f"source_run_id = '{run_id}'")
    ready = [each for each in kept if each.status == LoggedModelStatus.READY]
    if ready:
        client.set_registered_model_alias(REGISTERED, alias, _version(store, run_id, ready[0]))


def _version(store: Store, run_id: str, model: LoggedModel) -> str:
    """The version of the registered model that is a run's, made if there is none."""
    client = store.client
    known = client.search_model_versions(f"name = '{REGISTERED}' and run_id = '{run_id}'")
    if known:
        return str(known[0].version)
    try:
        client.create_registered_model(REGISTERED, description="The networks of runs, by data set the best.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # its place, since MLflow would look a model's id up in whatever store the environment names
    made = client.create_model_version(
        REGISTERED, model.artifact_location, run_id, model_id=model.model_id, await_creation_for=0
    )
    return str(made.version)
