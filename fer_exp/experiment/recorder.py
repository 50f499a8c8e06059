"""What a job writes to its run: the faces it uses, each epoch while the next one trains, what came of it."""

import dataclasses
import functools
import shutil

import numpy as np

from fer_exp import metrics, tracking
from fer_exp.config import run_config
from fer_exp.config.identity import recipe
from fer_exp.config.settings import Experiment
from fer_exp.data import splits, synthetic
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces
from fer_exp.data.splits import Split
from fer_exp.experiment.async_writer import AsyncWriter
from fer_exp.experiment.facts import epoch_metrics
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import checkpoint
from fer_exp.models.classifier import Classifier
from fer_exp.models.network import Network, logits
from fer_exp.tracking import artifacts, keys
from fer_exp.training.trainer import Epoch, Trainer


@functools.cache
def _examples() -> np.ndarray:
    """Drawn faces, one of each class, for a model to be tried with: no picture of a set leaves with it."""
    return np.stack([synthetic.draw_face(name, np.random.default_rng(0)) for name in EMOTIONS])


class Recorder:
    """Writes a trainer's way into an open run. faces: those to train on, of which `split` is made."""

    def __init__(
        self, run: tracking.Run, trainer: Trainer, faces: Faces, split: Split, dataset: Dataset, name: str
    ):
        self.run, self.trainer, self.faces, self.split = run, trainer, faces, split
        self.config, self.dataset, self.name = trainer.settings, dataset, name
        self.writer = AsyncWriter()
        self.concluded = False

    def describe(self, given: Experiment) -> None:
        """Let a fresh run say what it is about to use. given: its settings, a teacher by the name typed."""
        dataset, validation = self.dataset, self.faces.labels[self.split.validation]
        self.run.dataset(dataset.name, dataset.digest, dataset.fingerprint.flat(), "training")
        self.run.log(
            {
                keys.PRIOR_ENTROPY: metrics.prior_entropy(self.faces.labels),
                keys.MAJORITY_ACCURACY: metrics.majority_accuracy(validation),
            }
        )
        self.run.text(artifacts.CONFIG, run_config.as_yaml(given))
        if dataset.skipped:
            self.run.text(artifacts.SKIPPED, "\n".join(dataset.skipped) + "\n")

    def keep_best_of(self, source: tracking.Run) -> None:
        """Keep the best weights of the run that this one goes on from: no later epoch need be better."""
        if artifacts.WEIGHTS[self.config.protocol.weights] == artifacts.BEST:
            with self.run.file(artifacts.BEST) as path:
                shutil.copyfile(source.fetch(artifacts.BEST), path)

    def catch_up(self) -> None:
        """Log the epochs that the trainer has behind it and the run lacks."""
        if self.trainer.history:
            known = self.run.logged_steps(keys.epoch("val", "loss"))
            self.concluded = bool(self.run.logged_steps(keys.SELECTED_EPOCH))
            for epoch in self.trainer.history:
                if epoch.number not in known:
                    self.run.log(epoch_metrics(epoch), epoch.number)

    def record(self, epoch: Epoch) -> None:
        """Have an epoch written, its weights as they are now and then its metrics, once the last one is."""
        logged = epoch_metrics(epoch)
        content = {
            "model": dataclasses.asdict(self.config.model),
            "recipe": recipe(self.config),
            "faces": self.dataset.digest,
            "epoch": epoch.number,
            # without times: the same seed gives the same file
            "scores": {key: value for key, value in logged.items() if "seconds" not in key},
            "network": self.trainer.weights(),
        }
        # first the best, then the last, so that a kill between them loses nothing
        held = {artifacts.BEST: content} if epoch.improved else {}
        held[artifacts.LAST] = content | self.trainer.state()

        def write() -> None:
            for name, kept in held.items():
                with self.run.file(name) as path:
                    checkpoint.save(path, kept)
            self.run.log(logged, epoch.number)

        self.writer.hand(write)

    def conclude(self) -> None:
        """Score the weights that the protocol selects on fit and validation, and keep them as a model."""
        self.writer.settle()
        selected = self.run.fetch(artifacts.WEIGHTS[self.config.protocol.weights])
        content = checkpoint.load(selected)
        network, history = self.trainer.network, self.trainer.history
        network.load_state_dict(content["network"])
        found = {keys.SELECTED_EPOCH: float(content["epoch"]), keys.EPOCHS_RUN: float(len(history))}
        found[keys.FIRST_TRAIN_LOSS] = history[0].train.loss
        found[keys.TRAIN_SECONDS] = sum(epoch.seconds for epoch in history)
        fit = metrics.scores(
            logits(network, self.faces.pixels, self.split.fit), self.faces.labels[self.split.fit]
        )
        # validation has been scored with these very weights; train only while they changed
        for section, scores in (("train", fit), ("val", history[content["epoch"] - 1].validation)):
            found |= {keys.selected(section, key): value for key, value in scores.by_name().items()}
        # one that was killed after it had logged them has them
        if not self.concluded:
            self.run.log(found)
        self._keep_answers(network)
        self._draw(content["epoch"], found[keys.SELECTED_VAL_ACCURACY])
        if self.config.tracking.log_model:
            self.run.model(selected, _examples(), Classifier(network).predict(_examples()))

    def _keep_answers(self, network: Network) -> None:
        """Keep what the selected weights predict of validation, by which arms are compared face by face."""
        chosen = self.split.validation
        predicted = logits(network, self.faces.pixels, chosen).argmax(axis=1)
        groups = splits.groups_of(self.dataset, self.config.split)[chosen]
        labels = self.faces.labels[chosen]
        artifacts.write_answers(self.run, artifacts.VALIDATION_ANSWERS, chosen, groups, labels, predicted)

    def _draw(self, selected: int, accuracy: float) -> None:
        # here, since it imports matplotlib, which takes half a second, and a reused job draws nothing
        from fer_exp.plots import diagnostics

        title = f"{self.name} · {self.config.protocol.name}: {100 * accuracy:.1f} % of validation"
        train, validation, rates = zip(
            *((epoch.train, epoch.validation, epoch.learning_rate) for epoch in self.trainer.history),
            strict=True,
        )
        self.run.figure(
            artifacts.CURVES_FIGURE, diagnostics.curves(train, validation, rates, selected, title)
        )
