"""One job: settings in, a finished run in the store out.

Reads the faces, trains, keeps the last and the best weights, and logs an epoch at a time. Test is
never opened here; `evaluate.py` does that, once, with the weights that the protocol names.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
import yaml

from fer_exp import checkpoint, datasets, metrics, mlp, optimizers, settings, synthetic, tracking
from fer_exp.datasets import Dataset
from fer_exp.errors import UserError
from fer_exp.faces import EMOTIONS, Faces
from fer_exp.prediction import Classifier
from fer_exp.settings import Experiment
from fer_exp.splits import Carve, carve
from fer_exp.training import Epoch, Trainer

# Part of a job's identity. Raise it when the code changes so that the same settings give other
# figures: older runs are then neither reused nor averaged with newer ones.
RECIPE = 1

LAST, BEST = "checkpoints/last.pt", "checkpoints/best.pt"

# What a resumed run may have otherwise than the run it goes on from.
_MAY_CHANGE = ("training.epochs", "stopping.")


def check(chosen: Experiment) -> None:
    """Refuse, before any data is read, what only PyTorch can judge: classes, options, the device."""
    mlp.activation_factory(chosen.model.activation)
    optimizers.build(chosen.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    if chosen.training.device == "cuda" and not torch.cuda.is_available():
        raise UserError("training.device=cuda: PyTorch finds no GPU here; use training.device=cpu")


def load_faces(data: settings.Data) -> Dataset:
    """The faces that the settings name, from the cache if they lie there."""
    if isinstance(data, settings.Fer2013Data):
        return datasets.load_fer2013(Path(data.root), Path(data.cache_dir), data.on_error)
    return datasets.load_synthetic(data.n_train, data.n_test, data.seed, Path(data.cache_dir))


def identity(chosen: Experiment, dataset: Dataset) -> str:
    """Hash of everything that determines the job's figures: recipe and faces, not paths or device."""
    content = {"recipe": RECIPE, "faces": dataset.fingerprint.content, **settings.recipe(chosen)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def run(chosen: Experiment, name: str, choices: Mapping[str, str], watch: Watch) -> Outcome:
    """Train one job, or find that its sweep needs it no more.

    name: what the run varies. choices: Hydra's chosen options, kept as tags. watch: told of each
    epoch once it is safe in the store.
    """
    # Two threads on two cores collapse as soon as another process wants a core; jobs run side by side.
    torch.set_num_threads(1)
    check(chosen)
    dataset = load_faces(chosen.data)
    store = tracking.Store(chosen.tracking)
    tags = {f"choice.{group}": option for group, option in choices.items()}
    tags |= {"identity": identity(chosen, dataset), "faces": dataset.fingerprint.content}
    tags |= {"protocol": chosen.protocol.name, "selected_on": selection_rule(chosen.protocol)}
    tags |= {"kind": "job", "study": chosen.study}
    train = dataset.train()
    trainer = Trainer(chosen, train, carve(train, chosen.split, chosen.seed))
    if not chosen.sweep.parent:
        if chosen.resume:
            resume(trainer, store.run(chosen.resume), tags["faces"])
            tags["resumed_from"] = chosen.resume
        return Outcome("trained", finish(begin(store, name, tags, trainer, dataset), trainer, watch))
    with store.lock(tags["identity"]):
        earlier = store.latest(tags["identity"])
        action = jobs.action(earlier, chosen.rerun)
        if action in (jobs.REUSE, jobs.LEAVE):
            return Outcome(action, earlier.run_id)
        record = None
        if action == jobs.CONTINUE:
            record = take_up(store.run(earlier.run_id), trainer, tags["faces"], chosen.sweep.parent)
        record = record or begin(store, name, tags, trainer, dataset)
        return Outcome("trained", finish(record, trainer, watch))


def selection_rule(protocol: settings.Protocol) -> str:
    """How the reported weights are chosen, in words; it stands beside every score."""
    return "lowest validation loss" if protocol.weights == "best" else "last epoch"


def resume(trainer: Trainer, record: tracking.Run, faces: str) -> None:
    """Take the trainer to where the run `record` stopped, or refuse by name what does not agree."""
    content = checkpoint.load(record.fetch(LAST))
    now = {"faces": faces, **settings.recipe(trainer.settings)}
    before = {"faces": content["faces"], **content["recipe"]}
    differ = [key for key in now if not key.startswith(_MAY_CHANGE) and now[key] != before.get(key)]
    if any(key.startswith("model.") for key in differ):
        built = mlp.describe(settings.build(settings.Model, content["model"], "model"))
        raise UserError(f"resume={record.id}: it is {built}, not {mlp.describe(trainer.settings.model)}")
    if differ:
        said = ", ".join(f"{key}={before.get(key)} (here {now[key]})" for key in differ)
        raise UserError(
            f"resume={record.id}: it was trained with {said}; only epochs and stopping may change"
        )
    trainer.restore(content)


def introduce(
    record: tracking.Run, chosen: Experiment, dataset: Dataset, labels: np.ndarray, parts: Carve
) -> None:
    """Log what the run is about to use: faces, sizes of the parts, yardsticks, the whole config."""
    record.dataset(dataset.name, dataset.fingerprint, "training")
    sizes = {"fit": len(parts.fit), "validation": len(parts.validation), "skipped": len(dataset.skipped)}
    facts = {**dataset.fingerprint.flat(), **sizes}
    record.params({f"faces.{key}": value for key, value in facts.items()})
    record.log(
        {
            "yardstick/train_prior_entropy": metrics.prior_entropy(labels),
            "yardstick/val_majority_accuracy": metrics.majority_accuracy(labels[parts.validation]),
        }
    )
    record.text("config.yaml", yaml.safe_dump(settings.recipe(chosen), sort_keys=False))
    if dataset.skipped:
        record.text("skipped.txt", "\n".join(dataset.skipped) + "\n")


def epoch_metrics(epoch: Epoch) -> dict[str, float]:
    """An epoch as metrics, in the sections that MLflow's charts show."""
    found = {"optimizer/learning_rate": epoch.learning_rate, "time/epoch_seconds": epoch.seconds}
    for section, scores in (("train", epoch.train), ("val", epoch.validation)):
        found |= {f"{section}/{key}": getattr(scores, key) for key in ("loss", "accuracy", "macro_f1")}
    return found


def keep(record: tracking.Run, trainer: Trainer, epoch: Epoch, faces: str) -> None:
    """Save the weights: first the best, then the last, so that a kill between them loses nothing."""
    content = {
        "model": dataclasses.asdict(trainer.settings.model),
        "recipe": settings.recipe(trainer.settings),
        "faces": faces,
        "epoch": epoch.number,
        "scores": {"train": dataclasses.asdict(epoch.train), "val": dataclasses.asdict(epoch.validation)},
        "network": trainer.network.state_dict(),
    }
    if epoch.improved:
        with record.file(BEST) as path:
            checkpoint.save(path, content)
    with record.file(LAST) as path:
        checkpoint.save(path, content | trainer.state())


def conclude(record: tracking.Run, trainer: Trainer, train: Faces, parts: Carve) -> None:
    """Score the weights that the protocol selects on fit and validation, and keep them as a model."""
    chosen = trainer.settings
    selected = record.fetch(BEST if chosen.protocol.weights == "best" else LAST)
    content = checkpoint.load(selected)
    trainer.network.load_state_dict(content["network"])
    found = {"selected/epoch": float(content["epoch"]), "selected/epochs_run": float(len(trainer.history))}
    for section, positions in (("train", parts.fit), ("val", parts.validation)):
        outputs = mlp.logits(trainer.network, train.pixels[positions])
        scores = metrics.scores(outputs, train.labels[positions])
        found |= {f"selected/{section}_{key}": value for key, value in dataclasses.asdict(scores).items()}
    found["selected/train_seconds"] = sum(epoch.seconds for epoch in trainer.history)
    record.log(found)
    if chosen.tracking.log_model:
        # drawn faces: no picture of a data set may leave with the model
        example = np.stack([synthetic.draw_face(name, np.random.default_rng(0)) for name in EMOTIONS])
        record.model(selected, example, Classifier(trainer.network).predict(example))
