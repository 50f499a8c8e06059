"""A run's trained network, found by the run.

The one module of tracking that knows PyTorch: import it where a network is needed, not for figures.
"""

from fer_exp.errors import UserError
from fer_exp.models.classifier import Classifier
from fer_exp.tracking import artifacts, keys
from fer_exp.tracking.record import Record
from fer_exp.tracking.store import Store


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
