"""Jobs taken to their ends: one alone, one of a sweep, or many side by side in this process.

Side by side, jobs of a kind train as one stacked network: `Stack` makes the next pass of each trainer, and
`Trainer.epochs()` goes on with it as with one of its own. A job that ends makes room for the next.
"""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from filelock import Timeout

from fer_exp import console, signals
from fer_exp.config import derived
from fer_exp.errors import UserError
from fer_exp.experiment.job import Job, Outcome
from fer_exp.training.stacked import Kind, Stack, kind
from fer_exp.training.trainer import DivergedError, Trainer


def run(job: Job) -> Outcome:
    """Train a job to its end; what goes wrong ends its run, and is raised."""
    with job:
        trainer = job.begin()
        for epoch in trainer.epochs() if trainer else ():
            job.record(epoch)
        return job.finish()


def run_in_sweep(job: Job) -> bool:
    """Train a job to its end; what goes wrong ends its run and is told. Whether it went well."""
    with _sparing_others(job):
        run(job)
    return not job.failed


@contextmanager
def _sparing_others(job: Job) -> Iterator[None]:
    """Log the failure of a job of a sweep, and mark the job, instead of raising it."""
    try:
        yield
    except Exception as error:
        if stop := signals.interruption(error):
            raise stop from error
        # what a trial's rates come to, and no mistake of anybody's
        outcome = derived.is_trial(job.config) and isinstance(error, DivergedError)
        job.failed = not outcome
        if isinstance(error, UserError):
            level, what = (logging.INFO, "diverged") if outcome else (logging.ERROR, "failed")
            job.log.log(level, "%s: %s: %s", job.name, what, console.one_line(error))
        else:
            job.log.exception("%s: failed", job.name)


def run_stacked(jobs: Sequence[Job], width: int, stop: bool = False) -> None:
    """Train the jobs of a sweep to their ends, at most `width` of a kind at a time.

    stop: whether none is begun any more once one has failed.
    """
    groups: dict[Kind | None, list[Job]] = {}
    for job in jobs:
        groups.setdefault(kind(job.config), []).append(job)
    alone: list[Job] = []
    for key, alike in groups.items():
        # one alone on a GPU is a stack as well, for the sake of the graph
        if key is None or (key.device == "cpu" and min(width, len(alike)) == 1):
            alone += alike
        else:
            alone += _side_by_side(alike, width, stop)
        if stop and any(job.failed for job in jobs):
            return
    for job in alone:
        if not run_in_sweep(job) and stop:
            return


class _Begun:
    """A job at work beside others. ending: the contexts that end it."""

    def __init__(self, job: Job, trainer: Trainer, ending: ExitStack):
        self.job, self.trainer, self.ending = job, trainer, ending
        self.epochs = trainer.epochs()

    def goes_on(self) -> bool:
        """Record the epoch whose pass has been made; whether another is to come."""
        with self.ending as ending:
            self.job.record(next(self.epochs))
            if self.trainer.finished:
                self.job.finish()
                return False
            self.ending = ending.pop_all()
            return True
        return False

    def end(self, error: BaseException) -> None:
        """End the job, if it has not ended, by what went wrong elsewhere."""
        self.ending.__exit__(type(error), error, error.__traceback__)


def _side_by_side(alike: Sequence[Job], width: int, stop: bool) -> list[Job]:
    """Take jobs of a kind to their ends, but for those returned, which another process trains.

    stop: whether none is begun any more once one has failed.
    """
    waiting = deque(alike)
    elsewhere: list[Job] = []
    live: list[_Begun] = []
    stack: Stack | None = None
    try:
        while waiting or live:
            while waiting and len(live) < width:
                if stop and any(job.failed for job in alike):
                    waiting.clear()
                    break
                _begin(waiting.popleft(), live, elsewhere)
            if not live:
                continue
            try:
                if stack is None or set(stack.trainers) != {each.trainer for each in live}:
                    stack = Stack(each.trainer for each in live)
                stack.learn()
            except Exception as error:
                # no telling whose it is
                for each in live:
                    each.end(error)
                live = []
            else:
                live = [each for each in live if each.goes_on()]
    except BaseException as error:
        for each in live:
            each.end(error)
        raise
    return elsewhere


def _begin(job: Job, live: list[_Begun], elsewhere: list[Job]) -> None:
    """Begin a job and put it where it belongs, or take it to its end if no pass is to come."""
    with ExitStack() as ending:
        ending.enter_context(_sparing_others(job))
        ending.enter_context(job)
        try:
            trainer = job.begin(wait=False)
        except Timeout:
            elsewhere.append(job)
            return
        if trainer is None or trainer.finished:
            job.finish()
        else:
            live.append(_Begun(job, trainer, ending.pop_all()))
