"""Jobs as futures of an engine that runs them elsewhere.

Hydra's own plugins for such engines wait for all jobs at once, so the first process that is killed ends the
sweep. Here a job whose process died is told to the sweep, and the others go on.
"""

import os
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from fer_exp import env_file, extras, machine, signals
from hydra_plugins.fer_exp._launcher import PlannedLauncher

ROOT = Path(__file__).parents[2]

# Seconds between two looks at the jobs.
LOOK = 0.05

# Jobs run side by side, so each has one thread.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class JobByJob(PlannedLauncher):
    """Keeps `n_jobs` jobs running until all have ended, however they end."""

    # the package that an engine needs and the project itself does not
    extra = ""

    @classmethod
    def check(cls, options: DictConfig) -> None:  # noqa: ARG003 - for those that have more to check
        """Refuse an engine that is not installed."""
        if cls.extra:
            extras.need(cls.extra, "hydra/launcher", cls.extra)

    @abstractmethod
    def start(self, run: Any, *arguments: Any) -> Any:
        """Start `run(*arguments)`; a future of it, which has `done()`, `result()` and `exception()`."""

    @abstractmethod
    def why_lost(self, future: Any) -> str | None:
        """Why an ended future has no result; None if it has one."""

    @abstractmethod
    def stop(self, running: Iterable[Any]) -> None:
        """Release the engine and end whatever still runs."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, numbered from `initial_job_idx`; what Hydra needs of each."""
        waiting = deque(range(initial_job_idx, initial_job_idx + len(job_overrides)))
        running: dict[int, Any] = {}
        ended: dict[int, JobReturn] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.at_once(len(waiting) + len(running)):
                    number = waiting.popleft()
                    running[number] = self.start(*self._call(number))
                time.sleep(LOOK)
                for number in [number for number, future in running.items() if future.done()]:
                    ended[number] = self._outcome(number, running.pop(number))
                    if self.ends_sweep(ended[number]):
                        waiting.clear()
        finally:
            self.stop(running.values())
        return [ended[number] for number in sorted(ended)]

    def _call(self, number: int) -> tuple[Any, ...]:
        job = self.config_of(number), self.hydra_context, self.task_function
        return run_elsewhere, Singleton.get_state(), *job

    def _outcome(self, number: int, future: Any) -> JobReturn:
        why = self.why_lost(future)
        if why is None:
            return future.result()
        self.lost(number, why)
        # as a failed one Hydra would raise it, and end the sweep without its summary
        return JobReturn(status=JobStatus.COMPLETED, _return_value=False)


def run_elsewhere(state: dict[Any, Any], *job: Any) -> JobReturn:
    """Run a job in another process, whose first takes over the state of the sweep's singletons."""
    signals.end_with_parent()
    if not GlobalHydra.instance().is_initialized():
        Singleton.set_state(state)
    return run_here(*job)


def run_here(config: DictConfig, context: HydraContext, task: TaskFunction) -> JobReturn:
    """Run the job of this config in this process; raises what its task raises."""
    setup_globals()
    returned = run_job(task, config, "hydra.sweep.dir", "hydra.sweep.subdir", context)
    # raises what the task has raised; else whether it went well
    value = returned.return_value
    # without the job's configs, which nobody reads: those of 500 jobs took 80 MB in the sweep's process
    return JobReturn(returned.overrides, status=returned.status, _return_value=value)


# What conf/ takes from the environment.
_READ_BY_CONF = ("MLFLOW_TRACKING_URI", env_file.FER2013_ROOT)


def environment() -> dict[str, str]:
    """What a job's process needs: to find the scripts, from whatever folder they were started, and data."""
    path = [str(ROOT), *filter(None, [machine.variable("PYTHONPATH")])]
    told = {name: machine.variable(name) for name in _READ_BY_CONF if machine.variable(name)}
    return {"PYTHONPATH": os.pathsep.join(path), **ONE_THREAD, **told}
