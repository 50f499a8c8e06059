"""The launcher `joblib`: jobs in processes of this machine, by loky, the executor that joblib uses.

Hydra imports this at each start, so what takes time to import is imported where it is needed.
"""

import multiprocessing
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from fer_exp import machine, signals
from fer_exp.errors import UserError
from hydra_plugins.fer_exp._job_by_job import ONE_THREAD, JobByJob, environment, run_here

# Where a process that has imported PyTorch can be forked: elsewhere each imports for itself.
_FORKS = sys.platform == "linux"

# As often a process is started for a job before the sweep ends.
_TRIES = 3


def _origin() -> dict[str, Any]:
    """How a new process comes to be, and that it has one thread."""
    # what is forked has the environment that `prepare` set
    return {"context": multiprocessing.get_context("forkserver")} if _FORKS else {"env": ONE_THREAD}


class JoblibLauncher(JobByJob):
    """Each process is a pool of its own: when it dies, that one job is lost, and the others never notice.

    All are forked from one that has imported what jobs need, and does nothing else, so that it has no
    threads.
    """

    def __init__(self, n_jobs: int):
        super().__init__(n_jobs)
        self.idle: list[Any] = []
        self.busy: dict[Any, Any] = {}

    @classmethod
    def prepare(cls, options: DictConfig) -> None:
        """Start the process to fork from."""
        if options.n_jobs > 1 and _FORKS:
            from multiprocessing import forkserver

            for item in environment().items():
                machine.give(*item)
            multiprocessing.set_forkserver_preload(["fer_exp.experiment.worker_preload"])
            forkserver.ensure_running()

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs; one at a time needs no process but this."""
        if self.n_jobs > 1:
            return super().launch(job_overrides, initial_job_idx)
        ended: list[JobReturn] = []
        for number in range(initial_job_idx, initial_job_idx + len(job_overrides)):
            ended.append(run_here(self.config_of(number), self.hydra_context, self.task_function))
            if self.ends_sweep(ended[-1]):
                break
        return ended

    def at_once(self, left: int) -> int:
        """All that are left, where a last turn would leave a core without work.

        Three jobs on two cores end after three halves of a job's time if they share the cores, one by one
        after two. With fewer jobs at a time than cores the user wants something else of the machine.
        """
        shared = self.n_jobs >= machine.cores() and left < 2 * self.n_jobs
        return left if shared else self.n_jobs

    def start(self, run: Any, *arguments: Any) -> Any:
        """In a process that has run a job before, if one is free."""
        from loky import BrokenProcessPool

        for future in [future for future in self.busy if future.done()]:
            self.idle.append(self.busy.pop(future))
        for _ in range(len(self.idle) + _TRIES):
            pool = self.idle.pop() if self.idle else self._new_pool()
            try:
                future = pool.submit(run, *arguments)
            # its process died, with its last job or since; or that to fork from, of which the next is another
            except (BrokenProcessPool, EOFError, ConnectionError):
                pool.shutdown(kill_workers=True)
            else:
                self.busy[future] = pool
                return future
        why = "processes end as they begin (killed, or out of memory?)"
        raise UserError(f"n_jobs={self.n_jobs}: {why}; n_jobs=1 needs none")

    def _new_pool(self) -> Any:
        """A process more."""
        from loky import ProcessPoolExecutor

        try:
            # from its first moment on: one without a job would else wait for it forever
            return ProcessPoolExecutor(1, initializer=signals.end_with_parent, **_origin())
        except OSError as error:
            # what it refuses are semaphores, which lie in the memory that processes share
            raise UserError(
                f"n_jobs={self.n_jobs}: processes find no shared memory ({error.strerror}); make room in "
                "/dev/shm, or take n_jobs=1, which needs none"
            ) from error

    def why_lost(self, future: Any) -> str | None:
        """With the signal or the exit code that loky names."""
        error = future.exception()
        if error is None:
            return None
        known = re.search(r"\{(\w+)\((-?\d+)\)\}", str(error))
        if not known:
            return f"{type(error).__name__}: {error}"
        name, number = known[1], int(known[2])
        how = f"signal {-number}, {name}" if number < 0 else f"exit code {number}"
        return f"its process died ({how})"

    def stop(self, running: Iterable[Any]) -> None:  # noqa: ARG002 - their pools are known here
        """End the processes, at once if they are at work."""
        for pool in [*self.idle, *self.busy.values()]:
            pool.shutdown(kill_workers=True)
