"""One job: settings in, a finished run in the store out.

A job is begun, told of each epoch, and finished; `drivers` takes it through that, alone or beside others.
Test is never opened here; `evaluate.py` does that, once, with the weights that the protocol names.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import torch
from filelock import Timeout

from fer_exp import files, tracking
from fer_exp.config import derived
from fer_exp.config.identity import job_identity
from fer_exp.config.settings import Experiment
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.data.splits import split_of
from fer_exp.errors import UserError
from fer_exp.experiment import facts, job_check, plan, progress, resume, teacher
from fer_exp.experiment.recorder import Recorder
from fer_exp.tracking import artifacts, keys, registry
from fer_exp.training.trainer import Epoch, Trainer


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a job, in one of the words of `plan`, and the run that holds its figures.

    finished: whether that run has weights to evaluate.
    """

    action: str
    run_id: str
    finished: bool = True


class Job:
    """One job, used as a context that ends its run by what goes wrong in it.

    name: what the job varies. tags: further facts to keep with its run. log: takes what the job says of
    itself. show: told of each epoch as it ends; it is safe in the store before the next one has ended,
    whatever happens but SIGKILL. failed: whether something went wrong that its sweep went on from.
    kept: whether there is an epoch to go on from.
    """

    def __init__(
        self,
        config: Experiment,
        name: str,
        tags: Mapping[str, str] | None = None,
        log: logging.Logger | None = None,
        show: Callable[[Epoch], None] = lambda _: None,
    ):
        self.config, self.name, self.tags, self.show = config, name, dict(tags or {}), show
        self.log = log or logging.getLogger(__name__)
        self.open = ExitStack()
        self.outcome: Outcome | None = None
        self.failed = False
        self.recorder: Recorder | None = None
        self.kept = False
        self.store: tracking.Store | None = None
        self.before = 0

    def __enter__(self) -> "Job":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # one of many leaves no network behind
        self.recorder = None
        self.open.__exit__(kind, error, trace)

    def begin(self, wait: bool = True) -> Trainer | None:
        """Open the job's run; the trainer to take through its epochs, or None if its sweep needs it no more.

        wait: until another process that trains the same job is done with it; else raises filelock.Timeout.
        """
        # Two threads on two cores collapse as soon as another process wants a core; jobs run side by side.
        torch.set_num_threads(1)
        job_check.check(self.config)
        sweep = self.config.sweep.parent
        dataset = self._faces()
        store = self.store = tracking.Store(self.config.tracking)
        if not sweep:
            # a sweep has done it for its jobs
            self.log.info("%s", dataset.describe())
            store.close_abandoned()
        config, taught_by = teacher.named(self.config, dataset, store)
        # to go on from a named run makes another of it
        action, earlier = plan.TRAIN, None
        if not config.resume:
            key = job_identity(config, dataset.digest)
            self._lock(store, key, wait)
            action, earlier = self._intended(store, key)
            if earlier and action in (plan.REUSE, plan.LEAVE):
                self.outcome = Outcome(action, earlier.run_id, earlier.status == "FINISHED")
                if not sweep:
                    self.log.info("%s: %s", self.name, progress.known(earlier, action))
                return None
        gone_on = earlier if action == plan.CONTINUE else None
        self.recorder = self._open_run(config, dataset, store, taught_by, gone_on)
        self.outcome = Outcome(action, self.recorder.run.id)
        self.kept = bool(self.recorder.trainer.history)
        return self.recorder.trainer

    def plan(self) -> str:
        """What would be done, by a word of `plan`: one that has finished is not trained again."""
        job_check.check(self.config)
        dataset = self._faces()
        store = tracking.Store(self.config.tracking)
        config, _ = teacher.named(self.config, dataset, store)
        key = job_identity(config, dataset.digest)
        return plan.TRAIN if config.resume else self._intended(store, key)[0]

    def _intended(self, store: tracking.Store, key: str) -> tuple[str, tracking.Record | None]:
        """What to do for the job of this identity, and the run that its figures lie in, if there is one."""
        earlier = store.known_here(identity=key).get(key)
        action = plan.action(earlier, self.config.rerun, derived.is_trial(self.config))
        # a sweep needs figures alone, and whoever trains one job a network
        if action == plan.REUSE and earlier and not (self.config.sweep.parent or earlier.whole):
            action = plan.TRAIN
        return action, earlier

    def _lock(self, store: tracking.Store, key: str, wait: bool) -> None:
        """Keep other processes from training the same job; one that has no sweep to wait in says so."""
        alone = not self.config.sweep.parent
        try:
            self.open.enter_context(store.lock(key).acquire(timeout=-1 if wait and not alone else 0))
        except Timeout:
            if not alone:
                raise
            raise UserError(f"{self.name}: another process trains this very job now; wait for it") from None

    def _faces(self) -> Dataset:
        """The faces of the job: read once for all of a sweep, and those of the run that it goes on from."""
        data, sweep = self.config.data, self.config.sweep.parent
        if sweep:
            return datasets.faces_of_sweep(sweep, data)
        if self.config.resume:
            store = tracking.Store(self.config.tracking)
            store.close_abandoned()
            source = store.record(self.config.resume)
            known = datasets.cached_faces(source.faces_digest, Path(data.cache_dir))
            if known:
                return known
        return datasets.load_faces(data)

    def _open_run(
        self,
        config: Experiment,
        dataset: Dataset,
        store: tracking.Store,
        taught_by: tracking.Record | None,
        earlier: tracking.Record | None,
    ) -> Recorder:
        """A trainer in an open run: from where the run `earlier` of this job stopped, if given."""
        faces = dataset.train()
        split = split_of(dataset, config.split, config.seed)
        answers = teacher.answers(taught_by, store, config.training.device) if taught_by else None
        trainer = Trainer(config, faces, split, answers)
        gone_on = self._go_on(trainer, store, earlier, dataset.digest) if earlier else None
        if gone_on:
            run = gone_on
        else:
            if earlier:
                # what it left may have been taken up in part
                trainer = Trainer(config, faces, split, answers)
            tags = self.tags | facts.tags(config, dataset)
            if taught_by:
                tags[keys.Tag.TAUGHT_BY] = f"{taught_by.name} (run {taught_by.run_id})"
            if config.resume:
                resume.refuse_older_code(store.record(config.resume))
                source = store.run(config.resume)
                resume.restore(trainer, dataset.digest, source.fetch(artifacts.LAST), source.id)
                tags[keys.Tag.RESUMED_FROM] = config.resume
            run = store.create(self.name, facts.params(config, dataset, split), tags, config.sweep.parent)
        recorder = Recorder(run, trainer, faces, split, dataset, self.name)
        for context in (run.recording(), files.failing_in_one_line(), recorder.writer):
            self.open.enter_context(context)
        if not gone_on:
            recorder.describe(self.config)
            if config.resume:
                recorder.keep_best_of(store.run(config.resume))
        if not trainer.history:
            for stage in derived.stages(config):
                self._train_before(trainer, Trainer(stage, faces, split, answers))
        recorder.catch_up()
        self.before = len(trainer.history)
        return recorder

    def _go_on(
        self, trainer: Trainer, store: tracking.Store, earlier: tracking.Record, digest: str
    ) -> tracking.Run | None:
        """Go on with a run of this very job that ended early; None if it left nothing whole."""
        run = store.run(earlier.run_id)
        try:
            resume.restore(trainer, digest, run.fetch(artifacts.LAST), run.id)
        except tracking.UnreachableError:
            raise
        except UserError as error:
            self.log.warning("%s: trained from the start (%s)", self.name, error)
            return None
        if not self.config.sweep.parent:
            done = len(trainer.history)
            self.log.info("%s: goes on after epoch %d (run %s)", self.name, done, run.id)
        kernels = facts.kernels(self.config, earlier.tags.get(keys.Tag.KERNELS))
        log = self.tags.get(keys.Tag.LOG, "")
        run.reopen(self.config.sweep.parent, log=log, kernels=kernels, **store.place)
        return run

    def _train_before(self, trainer: Trainer, stage: Trainer) -> None:
        """Take a trainer's network through a training that comes before, with an optimizer of that."""
        stage.network.load_state_dict(trainer.network.state_dict())
        epochs = sum(1 for _ in stage.epochs())
        trainer.network.load_state_dict(stage.network.state_dict())
        rule = f"batch size {stage.settings.training.batch_size}, {stage.settings.optimizer.name}"
        self.log.info("%s: trained before with %s for %d epochs", self.name, rule, epochs)

    def record(self, epoch: Epoch) -> None:
        """Take down an epoch that the trainer has made."""
        assert self.recorder, "begin the job first"
        self.recorder.record(epoch)
        self.kept = True
        self.log.debug("%s", progress.log_line(epoch, self.config.training.epochs))
        self.show(epoch)

    def finish(self) -> Outcome:
        """End the run, if the job was trained, with the scores of the weights that count."""
        assert self.outcome, "begin the job first"
        if self.recorder:
            self.recorder.conclude()
            self.open.close()
            # a sweep names it once, for all of its jobs
            if self.store and self.config.tracking.log_model and not self.config.sweep.parent:
                registry.name_best(self.store, self.recorder.dataset.digest, self.config.data)
            history = self.recorder.trainer.history
            text = progress.conclusion(history, self.before, self.outcome.run_id)
            self.log.info("%s: %s", self.name, text)
        return self.outcome
