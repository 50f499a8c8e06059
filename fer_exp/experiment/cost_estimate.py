"""What jobs will cost: estimated from what jobs of their kind on the same faces have taken."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fer_exp.config import identity
from fer_exp.experiment.plan import PlannedJob
from fer_exp.formatting import duration
from fer_exp.tracking import Record, keys

# What jobs of a kind may differ in.
_OWN = ("seed", "optimizer.lr", "optimizer.weight_decay")


def estimate(planned: Sequence[PlannedJob], known: Iterable[Record], device: str) -> str:
    """The time that jobs will take on a device, in a line. known: runs of any kind."""
    seconds: dict[frozenset, list[float]] = {}
    for run in known:
        if run.status == "FINISHED" and keys.TRAIN_SECONDS in run.metrics and run.device == device:
            key = _kind(run.params, run.faces_digest)
            seconds.setdefault(key, []).append(run.metrics[keys.TRAIN_SECONDS])
    alike = [seconds.get(_kind(identity.recipe(job.settings), job.faces), []) for job in planned]
    means = [float(np.mean(each)) for each in alike if each]
    if not means:
        return f"time: unknown, as no job of these kinds has been trained on these faces, on {device}"
    rest = "; the others have no like" if len(means) < len(alike) else ""
    of = "one core" if device == "cpu" else device
    return (
        f"time: about {duration(sum(means))} of {of} for {len(means)} of {len(alike)} to do, as jobs took "
        f"here that differ in seed, learning rate and weight decay alone{rest}"
    )


def _kind(params: Mapping[str, object], faces: str) -> frozenset:
    recipe = {key: str(value) for key, value in params.items() if not key.startswith(("faces.", *_OWN))}
    return frozenset({**recipe, "faces": faces}.items())
