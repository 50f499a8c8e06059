"""The schema of the store: the names of all metrics, params and tags. Nobody else types one.

Reads as `keys.SELECTED_VAL_ACCURACY`, `keys.test(part, "n")`, `keys.Tag.STUDY`, `keys.Param.SEED`. Runs that
are kept have these names, so none of them changes. The names of files are in `artifacts`. MLflow shows the
sections by the alphabet: accuracy and loss stand first.
"""

from collections.abc import Iterable

# --- Metrics, in the sections that MLflow's charts show ---


def epoch(part: str, quantity: str) -> str:
    """By epoch: loss, accuracy or macro_f1 of a part of train, `train` or `val`."""
    return f"{quantity}/{part}"


# By epoch, too.
LEARNING_RATE = "optimizer/learning_rate"
EPOCH_SECONDS = "time/epoch_seconds"


def selected(part: str, quantity: str) -> str:
    """Loss, accuracy or macro_f1 of `train` or `val`, with the weights that the protocol selects."""
    return f"selected/{part}_{quantity}"


def is_selected(metric: str) -> bool:
    """Whether a metric is of the selected weights."""
    return metric.startswith("selected/")


SELECTED_TRAIN_ACCURACY = selected("train", "accuracy")
# What arms are compared by.
SELECTED_VAL_ACCURACY = selected("val", "accuracy")
SELECTED_VAL_LOSS = selected("val", "loss")
SELECTED_VAL_MACRO_F1 = selected("val", "macro_f1")
# The epoch of these weights; how many epochs there were, the loss in the first, and the seconds of all.
SELECTED_EPOCH = "selected/epoch"
EPOCHS_RUN = "selected/epochs_run"
FIRST_TRAIN_LOSS = "selected/first_train_loss"
TRAIN_SECONDS = "selected/train_seconds"

# What knowing nothing reaches: the entropy of train's classes, and always the largest class on validation.
PRIOR_ENTROPY = "prior/train_prior_entropy"
MAJORITY_ACCURACY = "prior/val_majority_accuracy"


def test(part: str, quantity: str) -> str:
    """Of a part of test, only after evaluation: accuracy, accuracy_low, n, recall_<emotion>, ..."""
    return f"test/{part}/{quantity}"


def majority(part: str) -> str:
    """What always answering the largest class of a part of test reaches."""
    return test(part, "majority_accuracy")


# Which each evaluated run has.
TEST_ACCURACY = test("union", "accuracy")


def mismatch(combination: str) -> str:
    """Accuracy on test read in a wrong way, `<scale>/<layout>/<order of labels>`."""
    return f"mismatch/{combination}"


# The combination that is right.
SOUND = "unit/upright/same_order"


def mismatches(metrics: Iterable[str]) -> list[str]:
    """The combinations among the names of a run's metrics, without the one that is right."""
    prefix = mismatch("")
    return [
        name.removeprefix(prefix) for name in metrics if name.startswith(prefix) and name != mismatch(SOUND)
    ]


def taggers(quantity: str) -> str:
    """How a network stands to the taggers of FER+."""
    return f"taggers/{quantity}"


def fit(quantity: str) -> str:
    """How a baseline was fitted: cores, peak_gib, ..."""
    return f"solver/{quantity}"


FIT_SECONDS = fit("seconds")


def sweep(state: str) -> str:
    """How many jobs of a sweep ended in this state: done, reused, failed, ..."""
    return f"sweep/{state}"


# Names that metrics once had: runs of that time are read all the same.
_FORMER = {
    **{
        f"{part}/{quantity}": epoch(part, quantity)
        for part in ("train", "val")
        for quantity in ("loss", "accuracy", "macro_f1")
    },
    "yardstick/train_prior_entropy": PRIOR_ENTROPY,
    "yardstick/val_majority_accuracy": MAJORITY_ACCURACY,
}


def present(metric: str) -> str:
    """The name that a metric has today."""
    if metric.startswith("fit/"):
        return fit(metric.removeprefix("fit/"))
    return _FORMER.get(metric, metric)


# --- Tags and params ---


class Kind:
    """What a run stands for, by its tag `kind`."""

    JOB, SWEEP, ENSEMBLE, BASELINE = "job", "sweep", "ensemble", "baseline"


# The status of a sweep that has left its jobs to a cluster.
LEFT = "SCHEDULED"


class Tag:
    """What a run is found by, and what is told beside it."""

    KIND = "kind"
    STUDY = "study"
    # the hash of all that determines a run's figures, and that of the faces
    IDENTITY = "identity"
    FACES = "faces"
    # the number that rises when a change of code gives other figures
    RECIPE = "recipe"
    DATA = "data"
    PROTOCOL = "protocol"
    SELECTED_ON = "selected_on"
    DEVICE = "device"
    # whose loops trained it, which round differently: `compiled`, `plain`, or both, if it was gone on with
    KERNELS = "kernels"
    PROCESSOR = "processor"
    TORCH = "torch"
    TAUGHT_BY = "taught_by"
    RESUMED_FROM = "resumed_from"
    # why it failed, and the file that tells more
    ERROR = "error"
    LOG = "log"
    # what makes its scores on test untrustworthy
    ALARMS = "alarms"
    TEST_OPENED = "test_opened"
    # of a sweep that has ended
    BEST_ARM = "best_arm"
    # where it is at work: the machine by name and start, and the folder of its locks by number
    HOST = "host"
    BOOT = "boot"
    LOCKS = "locks"
    # of an experiment: the path from the store's folder to the files of its runs
    FILES = "files"
    # of a copy: the run that it is of, and what it holds of that
    MOVED_FROM = "moved_from"
    MOVED = "moved"
    # MLflow's own
    PARENT = "mlflow.parentRunId"
    NOTE = "mlflow.note.content"
    COMMIT = "mlflow.source.git.commit"
    SOURCE_TYPE = "mlflow.source.type"
    SOURCE_NAME = "mlflow.source.name"
    USER = "mlflow.user"
    CONTEXT = "mlflow.data.context"


def choice(group: str) -> str:
    """The tag that tells Hydra's option of a group."""
    return f"choice.{group}"


class Param:
    """The params that somebody reads back.

    A job has all of its settings as params, by the dotted keys of the config: those are the config's to name.
    """

    SEED = "seed"
    DATA_NAME = "data.name"
    SPLIT_METHOD = "split.method"
    PROTOCOL_NAME = "protocol.name"
    PROTOCOL_WEIGHTS = "protocol.weights"
    MODEL_NAME = "model.name"
    MODEL_MIRRORED = "model.mirrored"
    MODEL_NORMALISATION = "model.normalisation"
    LR = "optimizer.lr"
    WEIGHT_DECAY = "optimizer.weight_decay"
    SCHEDULER_NAME = "scheduler.name"
    SCHEDULER_FACTOR = "scheduler.factor"
    STOPPING_NAME = "stopping.name"
    EPOCHS = "training.epochs"
    TAUGHT = "training.taught"
    TEACHER = "training.teacher"
    # beside the settings: facts about the faces
    FACES_FIT = "faces.fit"
    FACES_VALIDATION = "faces.validation"
    FACES_KIND = "faces.kind"
    # of a sweep
    STUDY = "study"
    FACTORS = "factors"
    JOBS = "jobs"
    COMMAND = "command"
    QUESTION = "question"
    REFERENCE = "reference"
    MARGIN = "margin"
    # of an ensemble
    ENSEMBLE_ARM = "ensemble.arm"
    ENSEMBLE_MEMBERS = "ensemble.members"


# The settings in which the runs of one recipe may differ; each learns from the teacher of its own seed.
OF_A_SEED = (Param.SEED, "split.seed", "split.run", Param.TEACHER)


def data(key: str) -> str:
    """The param that tells a setting of the data."""
    return f"data.{key}"


def faces(fact: str) -> str:
    """The param that tells a fact about the faces: of `Fingerprint.flat`, of `Copies` or of the split."""
    return f"faces.{fact}"


# In the plan: a job that is a trial of a search, and one at its arm's best trial.
TRIAL, TUNED = "trial", "tuned"
