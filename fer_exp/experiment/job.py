"""One job: settings in, a finished run in the store out.

Reads the faces, trains, keeps the last and the best weights, and logs an epoch at a time. Test is
never opened here; `evaluate.py` does that, once, with the weights that the protocol names.
"""

import dataclasses
import functools
import logging
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np
import torch
import yaml
from filelock import Timeout

from fer_exp import files, metrics, tracking
from fer_exp.config import settings
from fer_exp.config.identity import hash_of, recipe
from fer_exp.config.settings import Experiment
from fer_exp.data import datasets, synthetic
from fer_exp.data.datasets import Dataset
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import plan, teacher
from fer_exp.experiment.async_writer import AsyncWriter
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import checkpoint, factory
from fer_exp.models.classifier import Classifier
from fer_exp.models.network import logits
from fer_exp.tracking import artifacts, keys
from fer_exp.training import optimizers, schedulers, stacked
from fer_exp.training.device import check_device, device_name
from fer_exp.training.trainer import Epoch, Trainer

log = logging.getLogger(__name__)

# Part of a job's identity. Raise it when the code changes so that the same settings give other
# figures: older runs are then neither reused nor averaged with newer ones.
RECIPE = 2

Watch = Callable[[Epoch], None]
Steps = Generator[Trainer | object, None, "Outcome"]

# What a resumed run may have otherwise than the run it goes on from.
_MAY_CHANGE = ("training.epochs", "stopping.")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a job, in one of the words of `jobs`, and the run that holds its figures."""

    action: str
    run_id: str


def check(chosen: Experiment) -> None:
    """Refuse, before any data is read, what only PyTorch can judge: classes, options, the device."""
    for stage in settings.stages(chosen):
        check(stage)
        if stage.model != chosen.model:
            raise UserError("trained_before: the network stays the same; only its training may change")
    factory.check(chosen.model)
    if chosen.training.taught and not chosen.training.teacher:
        raise UserError(
            f"training.taught={chosen.training.taught}: name who teaches, training.teacher=<its id or name>"
        )
    if chosen.training.views and not chosen.training.taught:
        raise UserError(
            f"training.views={chosen.training.views}: they are for a teacher; set training.taught too"
        )
    optimizers.check(chosen.optimizer)
    schedulers.check(chosen.scheduler, chosen.training.epochs)
    check_device("training.device", chosen.training.device)


@functools.cache
def _examples() -> np.ndarray:
    """Drawn faces, one of each class, for a model to be tried with: no picture of a set leaves with it."""
    return np.stack([synthetic.draw_face(name, np.random.default_rng(0)) for name in EMOTIONS])


def identity(chosen: Experiment, dataset: Dataset) -> str:
    """Hash of everything that determines the job's figures: recipe and faces, not paths or device."""
    content = {"recipe": RECIPE, "faces": dataset.digest, **recipe(chosen)}
    return hash_of(content)


def run(chosen: Experiment, name: str, tags: Mapping[str, str], watch: Watch) -> Outcome:
    """Train one job to its end: `steps`, taken alone."""
    found: list[Outcome] = []

    def job() -> Steps:
        found.append((yield from steps(chosen, name, tags, watch)))

    stacked.train([(chosen, job())], width=1)
    return found[0]


def steps(chosen: Experiment, name: str, tags: Mapping[str, str], watch: Watch) -> Steps:
    """Train one job, or find that its sweep needs it no more; see `stacked.Job` for what is yielded.

    name: what the run varies. tags: further facts to keep with it. watch: told of each epoch as
    it ends; it is safe in the store before the next one has ended, whatever happens but SIGKILL.
    """
    # Two threads on two cores collapse as soon as another process wants a core; jobs run side by side.
    torch.set_num_threads(1)
    check(chosen)
    dataset = (
        datasets.faces_of_sweep(chosen.sweep.parent, chosen.data)
        if chosen.sweep.parent
        else datasets.load_faces(chosen.data)
    )
    store = tracking.Store(chosen.tracking)
    chosen, taught_by = teacher.named(chosen, dataset, store)
    key = identity(chosen, dataset)
    if not chosen.sweep.parent:
        # what was asked for by hand is trained, whatever lies in the store
        return Outcome(
            plan.TRAIN, (yield from _Job(chosen, name, tags, dataset, store, taught_by).train(watch))
        )
    lock = store.lock(key)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield stacked.BUSY
        lock.acquire()
    try:
        earlier = store.latest(key)
        action = plan.action(earlier, chosen.rerun, settings.is_trial(chosen))
        if action in (plan.REUSE, plan.LEAVE):
            return Outcome(action, earlier.run_id)
        job = _Job(chosen, name, tags, dataset, store, taught_by)
        return Outcome(action, (yield from job.train(watch, earlier if action == plan.CONTINUE else None)))
    finally:
        lock.release()


class _Job:
    """One job at work: its trainer, and the run that it writes to."""

    def __init__(
        self,
        chosen: Experiment,
        name: str,
        tags: Mapping[str, str],
        dataset: Dataset,
        store: tracking.Store,
        taught_by: tracking.Record | None,
    ):
        self.chosen, self.name, self.tags = chosen, name, tags
        self.dataset, self.store, self.taught_by = dataset, store, taught_by
        self.faces = dataset.train()
        self.split = train_val_split(self.faces, chosen.split, chosen.seed)
        self.teacher = None
        if taught_by:
            self.teacher = teacher.answers(taught_by, store, chosen.training.device)
        self.trainer = Trainer(chosen, self.faces, self.split, self.teacher)

    def train(self, watch: Watch, earlier: tracking.Record | None = None) -> Generator[Trainer, None, str]:
        """Train to the end, from where the run `earlier` stopped if given; the id of the run.

        Yields the trainer before each pass and after the last.
        """
        taken_up = self._take_up(earlier) if earlier else None
        record = taken_up or self._begin()
        with record.recording(), files.failing_in_one_line(), AsyncWriter() as clerk:
            if not taken_up:
                self._describe(record)
            if not self.trainer.history:
                self._train_before()
            known, concluded = (), False
            if self.trainer.history:
                known = record.logged_steps(keys.epoch("val", "loss"))
                concluded = bool(record.logged_steps(keys.SELECTED_EPOCH))
            for epoch in self.trainer.history:
                if epoch.number not in known:
                    record.log(epoch_metrics(epoch), epoch.number)
            yield self.trainer
            for epoch in self.trainer.epochs():
                clerk.hand(self._writing(record, epoch))
                watch(epoch)
                yield self.trainer
            clerk.settle()
            self._conclude(record, concluded)
        return record.id

    def _begin(self) -> tracking.Run:
        """Open a run, from the last epoch of another if that was asked for."""
        chosen, dataset = self.chosen, self.dataset
        tags = dict(self.tags)
        tags |= {
            keys.Tag.KIND: keys.Kind.JOB,
            keys.Tag.STUDY: chosen.study,
            keys.Tag.IDENTITY: identity(chosen, dataset),
            keys.Tag.FACES: dataset.digest,
            keys.Tag.PROTOCOL: chosen.protocol.name,
            keys.Tag.SELECTED_ON: selection_rule(chosen.protocol),
            keys.Tag.DEVICE: device_name(chosen.training.device),
        }
        if self.taught_by:
            tags[keys.Tag.TAUGHT_BY] = f"{self.taught_by.name} (run {self.taught_by.run_id})"
        if chosen.resume:
            source = self.store.run(chosen.resume)
            self._restore(checkpoint.load(source.fetch(artifacts.LAST)), source.id)
            tags[keys.Tag.RESUMED_FROM] = chosen.resume
        return self.store.create(self.name, self._params(), tags, chosen.sweep.parent)

    def _describe(self, record: tracking.Run) -> None:
        """Let a fresh run say what it is about to use."""
        dataset = self.dataset
        record.dataset(dataset.name, dataset.digest, dataset.fingerprint.flat(), "training")
        record.log(
            {
                keys.PRIOR_ENTROPY: metrics.prior_entropy(self.faces.labels),
                keys.MAJORITY_ACCURACY: metrics.majority_accuracy(self.faces.labels[self.split.validation]),
            }
        )
        record.text(artifacts.CONFIG, yaml.safe_dump(recipe(self.chosen), sort_keys=False))
        if dataset.skipped:
            record.text(artifacts.SKIPPED, "\n".join(dataset.skipped) + "\n")

    def _train_before(self) -> None:
        """Take the network through the trainings that come before its own, each with a fresh optimizer."""
        for stage in settings.stages(self.chosen):
            trainer = Trainer(stage, self.faces, self.split, self.teacher)
            trainer.network.load_state_dict(self.trainer.network.state_dict())
            epochs = sum(1 for _ in trainer.epochs())
            self.trainer.network.load_state_dict(trainer.network.state_dict())
            rule = f"batch size {stage.training.batch_size}, {stage.optimizer.name}"
            log.info("%s: trained before with %s for %d epochs", self.name, rule, epochs)

    def _params(self) -> dict[str, object]:
        sizes = {"fit": len(self.split.fit), "validation": len(self.split.validation)}
        facts = {**self.dataset.fingerprint.flat(), **sizes, "skipped": len(self.dataset.skipped)}
        return recipe(self.chosen) | {keys.faces(key): value for key, value in facts.items()}

    def _take_up(self, earlier: tracking.Record) -> tracking.Run | None:
        """Go on with a run of this very job that ended early; None if it left nothing whole."""
        record = self.store.run(earlier.run_id)
        try:
            self._restore(checkpoint.load(record.fetch(artifacts.LAST)), record.id)
        except tracking.UnreachableError:
            raise
        except UserError as error:
            log.warning("%s: trained from the start (%s)", self.name, error)
            return None
        record.reopen(self.chosen.sweep.parent, log=self.tags.get(keys.Tag.LOG, ""), **self.store.place)
        return record

    def _restore(self, content: dict[str, Any], source: str) -> None:
        """Take the trainer to where the run `source` stopped, or refuse by name what does not agree."""
        now = {"faces": self.dataset.digest, **recipe(self.chosen)}
        before = {"faces": content["faces"], **content["recipe"]}
        differ = [key for key in now if not key.startswith(_MAY_CHANGE) and now[key] != before.get(key)]
        if any(key.startswith("model.") for key in differ):
            built = factory.describe(settings.build(settings.Model, content["model"], "model"))
            raise UserError(f"resume={source}: it is {built}, not {factory.describe(self.chosen.model)}")
        if differ:
            said = ", ".join(f"{key}={before.get(key)} (here {now[key]})" for key in differ)
            raise UserError(
                f"resume={source}: it was trained with {said}; only epochs and stopping may change"
            )
        self.trainer.restore(content)

    def _writing(self, record: tracking.Run, epoch: Epoch) -> Callable[[], None]:
        """What writes the epoch down: its weights as they are now, then its metrics."""
        content = {
            "model": dataclasses.asdict(self.chosen.model),
            "recipe": recipe(self.chosen),
            "faces": self.dataset.digest,
            "epoch": epoch.number,
            # without times: the same seed gives the same file
            "scores": {key: value for key, value in epoch_metrics(epoch).items() if "seconds" not in key},
            "network": self.trainer.weights(),
        }
        # first the best, then the last, so that a kill between them loses nothing
        held = {artifacts.BEST: content} if epoch.improved else {}
        held[artifacts.LAST] = content | self.trainer.state()

        def write() -> None:
            for name, kept in held.items():
                with record.file(name) as path:
                    checkpoint.save(path, kept)
            record.log(epoch_metrics(epoch), epoch.number)

        return write

    def _conclude(self, record: tracking.Run, logged: bool) -> None:
        """Score the weights that the protocol selects on fit and validation, and keep them as a model.

        logged: whether the run has these scores, as one that was killed after it had logged them.
        """
        selected = record.fetch(artifacts.WEIGHTS[self.chosen.protocol.weights])
        content = checkpoint.load(selected)
        network = self.trainer.network
        network.load_state_dict(content["network"])
        history = self.trainer.history
        found = {keys.SELECTED_EPOCH: float(content["epoch"]), keys.EPOCHS_RUN: float(len(history))}
        found[keys.TRAIN_SECONDS] = sum(epoch.seconds for epoch in history)
        fit = metrics.scores(
            logits(network, self.faces.pixels, self.split.fit), self.faces.labels[self.split.fit]
        )
        # validation has been scored with these very weights; train only while they changed
        for section, scores in (("train", fit), ("val", history[content["epoch"] - 1].validation)):
            found |= {keys.selected(section, key): value for key, value in vars(scores).items()}
        if not logged:
            record.log(found)
        self._draw(record, content["epoch"], found[keys.SELECTED_VAL_ACCURACY])
        if self.chosen.tracking.log_model:
            record.model(selected, _examples(), Classifier(network).predict(_examples()))

    def _draw(self, record: tracking.Run, selected: int, accuracy: float) -> None:
        # here, since it imports matplotlib, which takes half a second, and a reused job draws nothing
        from fer_exp.plots import diagnostics

        title = f"{self.name} · {self.chosen.protocol.name}: {100 * accuracy:.1f} % of validation"
        train, validation, rates = zip(
            *((epoch.train, epoch.validation, epoch.learning_rate) for epoch in self.trainer.history),
            strict=True,
        )
        record.figure(artifacts.CURVES_FIGURE, diagnostics.curves(train, validation, rates, selected, title))


def selection_rule(protocol: settings.Protocol) -> str:
    """How the reported weights are chosen, in words; it stands beside every score."""
    return "lowest validation loss" if protocol.weights == "best" else "last epoch"


def epoch_metrics(epoch: Epoch) -> dict[str, float]:
    """An epoch as metrics, in the sections that MLflow's charts show."""
    found = {keys.LEARNING_RATE: epoch.learning_rate, keys.EPOCH_SECONDS: epoch.seconds}
    for section, scores in (("train", epoch.train), ("val", epoch.validation)):
        found |= {keys.epoch(section, key): getattr(scores, key) for key in ("loss", "accuracy", "macro_f1")}
    return found
