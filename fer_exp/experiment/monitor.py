"""How a sweep stands while its jobs run elsewhere: read from the store now and then, shown in a line.

A thread of the parent process. It asks seldom enough to take a fiftieth of a core at most, and whatever
happens to it, the sweep goes on.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_exp import logs, tracking
from fer_exp.experiment.plan import PlannedJob
from fer_exp.formatting import duration
from fer_exp.tracking import Record, keys
from fer_exp.tracking.record import settled

log = logging.getLogger(__name__)

# Seconds between two looks at the store, at least; between two drawings; between two lines of a log.
_LOOK, _DRAW, _LINE = 2.0, 0.5, 30.0

# Running jobs whose epochs are told.
_SHOWN = 4

# The thread rests this many times as long as its last look took.
_REST = 50


@dataclass(frozen=True)
class SweepProgress:
    """How many jobs are where, the best accuracy on validation so far and whose, and the seconds left.

    epochs: of each running job, the last that has ended, and how many there may be.
    """

    total: int
    done: int
    running: int
    failed: int
    best: tuple[float, str] | None
    left: float | None
    epochs: Sequence[tuple[int, int]] = ()

    def __str__(self) -> str:
        parts = [f"{self.done}/{self.total} done", f"{self.running} running{self._epochs()}"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.left is not None:
            parts.append(f"about {duration(self.left)} left")
        if self.best:
            parts.append(f"best val {100 * self.best[0]:.2f} % ({self.best[1]})")
        return " · ".join(parts)

    def _epochs(self) -> str:
        """As ` (epoch 12 and 20 of 30)`, of the first few."""
        if not self.epochs:
            return ""
        shown, limits = self.epochs[:_SHOWN], {limit for _, limit in self.epochs}
        if len(limits) == 1:
            return f" (epoch {', '.join(str(last) for last, _ in shown)} of {limits.pop()})"
        return f" (epoch {', '.join(f'{last}/{limit}' for last, limit in shown)})"


def progress_of(
    planned: Sequence[PlannedJob],
    before: Mapping[str, Record],
    now: Mapping[str, Record],
    elapsed: float,
    epochs: Mapping[str, int] | None = None,
) -> SweepProgress:
    """Where the jobs stand after `elapsed` seconds.

    before: the runs that the sweep reuses or leaves failed. now: its own; both by identity. epochs: the last
    that has ended in runs at work, by their id.
    """
    runs = [(job.name, now.get(job.identity) or before.get(job.identity)) for job in planned]
    statuses = [
        "FINISHED" if settled(run, job.trial is not None) else run.status if run else ""
        for job, (_, run) in zip(planned, runs, strict=True)
    ]
    done, running = statuses.count("FINISHED"), statuses.count("RUNNING")
    failed = statuses.count("FAILED") + statuses.count("KILLED")
    metric = keys.SELECTED_VAL_ACCURACY
    scores = [(run.metrics[metric], name) for name, run in runs if run and metric in run.metrics]
    best = max(scores, default=None)
    ended = sum(run.status != "RUNNING" for run in now.values())
    left = elapsed / ended * (len(planned) - done - failed) if ended else None
    ended_in, jobs = epochs or {}, {job.identity: job for job in planned}
    at_work = tuple(
        (ended_in[run.run_id], jobs[identity].settings.training.epochs)
        for identity, run in now.items()
        if run.run_id in ended_in
    )
    return SweepProgress(len(planned), done, running, failed, best, left, at_work)


class SweepMonitor:
    """Shows how a sweep stands: a line drawn again and again on a terminal, now and then one elsewhere."""

    def __init__(
        self, planned: Sequence[PlannedJob], before: Mapping[str, Record], store: tracking.Store, run: str
    ):
        self.planned, self.before = planned, before
        self.store, self.run = store, run
        self.started = time.monotonic()
        self.over = threading.Event()
        self.drawn = logs.is_terminal()
        self.progress = progress_of(planned, before, {}, 0)
        self.printed, self.printed_at = self.progress, 0.0
        self.thread = threading.Thread(target=self._watch, name="monitor", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End it and take its line away."""
        self.over.set()
        self.thread.join(timeout=10)
        if self.drawn:
            logs.wipe()

    def _elapsed(self) -> float:
        return time.monotonic() - self.started

    def _watch(self) -> None:
        try:
            next_look = _LOOK
            while not self.over.wait(_DRAW):
                began = self._elapsed()
                if began >= next_look:
                    # a server that is away may come back
                    with contextlib.suppress(tracking.UnreachableError):
                        self.progress = self._look(began)
                    next_look = self._elapsed() + max(_LOOK, _REST * (self._elapsed() - began))
                self._show()
        # a watch that fails is no reason to end what it watches
        except Exception as error:
            log.warning("the sweep goes on, but is no longer watched (%s)", error)

    def _look(self, elapsed: float) -> SweepProgress:
        now = self.store.children(self.run)
        at_work = [run.run_id for run in now.values() if run.status == "RUNNING"]
        metric = keys.epoch("val", "loss")
        epochs = {run_id: self.store.last_step(run_id, metric) for run_id in at_work[:_SHOWN]}
        return progress_of(self.planned, self.before, now, elapsed, epochs)

    def _show(self) -> None:
        if self.drawn:
            logs.draw(str(self.progress))
            return
        now, before = ((each.done, each.failed) for each in (self.progress, self.printed))
        if now != before and self._elapsed() - self.printed_at >= _LINE:
            print(self.progress, flush=True)
            self.printed, self.printed_at = self.progress, self._elapsed()
