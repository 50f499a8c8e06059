"""Launchers for the jobs of a sweep, on engines that exist: loky, submitit and Ray.

Hydra's own plugins for these wait for all jobs at once, so the first process that is killed ends the
sweep. Here every job is a future of its engine: a job whose process died is told to the callbacks, and
the others go on. Engines are imported where they are needed: Hydra imports this at each start.
"""

import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from fer_exp.errors import UserError
from hydra_plugins.fer_exp_sweeper import compose

ROOT = Path(__file__).parent.parent

# Seconds between two looks at the jobs, and that a cancelled one may take to end.
_LOOK, _END = 0.05, 10

# Jobs run side by side, so each has one thread.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# Where a process that has imported PyTorch can be forked: elsewhere each imports for itself.
_FORKS = sys.platform == "linux"

# Read when Ray is imported: no report to its makers, every job's line shown, and time to start when busy.
_RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_raylet_start_wait_time_s": "300",
}


class OwnConfigs(SearchPathPlugin):
    """Lets our configs stand alone: Hydra would merge each with that of a plugin of the same name."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:  # noqa: ARG002 - only called in time
        """Drop the configs of installed plugins that ours replace."""
        theirs = ConfigStore.instance().repo.get("hydra", {}).get("launcher", {})
        for path in (ROOT / "conf" / "hydra" / "launcher").glob("*.yaml"):
            theirs.pop(path.name, None)


class JobByJob(Launcher):
    """Keeps `n_jobs` jobs running until all have ended, however they end."""

    # the package that an engine needs and the project itself does not
    extra = ""

    def __init__(self, n_jobs: int):
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    @classmethod
    def check(cls, options: DictConfig) -> None:  # noqa: ARG003 - for those that have more to check
        """Refuse, before anything is planned, an engine that is not there."""
        if cls.extra and find_spec(cls.extra) is None:
            raise UserError(f"hydra/launcher: {cls.extra} is not installed: pip install -e '.[{cls.extra}]'")

    @classmethod
    def prepare(cls, options: DictConfig) -> None:
        """Do what can be done while the sweep is planned; its jobs may yet turn out to be done."""

    @abstractmethod
    def start(self, run: Any, *arguments: Any) -> Any:
        """Start `run(*arguments)`; a future of it, which has `done()`, `result()` and `exception()`."""

    @abstractmethod
    def why_lost(self, future: Any) -> str | None:
        """Why an ended future has no result; None if it has one."""

    @abstractmethod
    def stop(self, running: Iterable[Any]) -> None:
        """Release the engine and end whatever still runs."""

    def at_once(self, left: int) -> int:  # noqa: ARG002 - for those that have few left to share
        """How many jobs to keep running while so many have not ended."""
        return self.n_jobs

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, each given by its overrides; what Hydra needs of each."""
        waiting = deque(enumerate(job_overrides, initial_job_idx))
        running: dict[int, Any] = {}
        ended: dict[int, JobReturn] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.at_once(len(waiting) + len(running)):
                    number, overrides = waiting.popleft()
                    running[number] = self.start(*self._call(number, overrides))
                time.sleep(_LOOK)
                for number in [number for number, future in running.items() if future.done()]:
                    overrides = job_overrides[number - initial_job_idx]
                    ended[number] = self._outcome(number, overrides, running.pop(number))
        finally:
            self.stop(running.values())
        return [ended[number] for number in sorted(ended)]

    def _call(self, number: int, overrides: Sequence[str]) -> tuple[Any, ...]:
        return run_elsewhere, Singleton.get_state(), *self._job(number, overrides)

    def _job(self, number: int, overrides: Sequence[str]) -> tuple[DictConfig, HydraContext, TaskFunction]:
        # here, where the sweep has composed what its jobs choose
        own = compose(self.hydra_context.config_loader, self.config, overrides)
        with open_dict(own):
            own.hydra.job.id = f"{own.hydra.job.name}_{number}"
            own.hydra.job.num = number
        return own, self.hydra_context, self.task_function

    def _outcome(self, number: int, overrides: Sequence[str], future: Any) -> JobReturn:
        why = self.why_lost(future)
        if why is None:
            return future.result()
        # as a failed one Hydra would raise it, and end the sweep without its summary
        told = JobReturn(overrides, status=JobStatus.COMPLETED)
        self.hydra_context.callbacks.on_job_end(config=self.config, job_return=told, lost=(number, why))
        return told


def run_elsewhere(state: dict[Any, Any], *job: Any) -> JobReturn:
    """Run a job in another process, whose first takes over the state of the sweep's singletons."""
    if not GlobalHydra.instance().is_initialized():
        Singleton.set_state(state)
    return run_here(*job)


def run_here(config: DictConfig, context: HydraContext, task: TaskFunction) -> JobReturn:
    """Run the job of this config in this process."""
    setup_globals()
    told = run_job(task, config, "hydra.sweep.dir", "hydra.sweep.subdir", context)
    # without the job's configs, which nobody reads: those of 500 jobs took 80 MB in the sweep's process
    return JobReturn(told.overrides, status=told.status, _return_value=told._return_value)


def _origin() -> dict[str, Any]:
    """How a new process of joblib's comes to be, and that it has one thread."""
    # what is forked has the environment that `prepare` set
    return {"context": multiprocessing.get_context("forkserver")} if _FORKS else {"env": _ONE_THREAD}


class JoblibLauncher(JobByJob):
    """Jobs in processes of this machine, by the executor that joblib itself uses.

    Each process is a pool of its own: when it dies, that one job is lost, and the others never notice. All
    are forked from one that has imported what jobs need, and does nothing else, so that it has no threads.
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

            os.environ.update(_environment())
            multiprocessing.set_forkserver_preload(["fer_exp.experiment.worker_preload"])
            forkserver.ensure_running()

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs; one at a time needs no process but this."""
        if self.n_jobs > 1:
            return super().launch(job_overrides, initial_job_idx)
        jobs = (self._job(number, each) for number, each in enumerate(job_overrides, initial_job_idx))
        return [run_here(*job) for job in jobs]

    def at_once(self, left: int) -> int:
        """All that are left, where a last turn would leave a core without work.

        Three jobs on two cores end after three halves of a job's time if they share the cores, one by one
        after two. With fewer jobs at a time than cores the user wants something else of the machine.
        """
        from joblib import cpu_count

        shared = self.n_jobs >= cpu_count() and left < 2 * self.n_jobs
        return left if shared else self.n_jobs

    def start(self, run: Any, *arguments: Any) -> Any:
        """In a process that has run a job before, if one is free."""
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.process_executor import BrokenProcessPool

        for future in [future for future in self.busy if future.done()]:
            self.idle.append(self.busy.pop(future))
        pool = self.idle.pop() if self.idle else ProcessPoolExecutor(1, **_origin())
        try:
            future = pool.submit(run, *arguments)
        except BrokenProcessPool:
            # its process died, with its last job or since
            return self.start(run, *arguments)
        self.busy[future] = pool
        return future

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


def _environment() -> dict[str, str]:
    # a job's process must find the scripts, from whatever folder they were started
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path), **_ONE_THREAD}


class SubmititLauncher(JobByJob):
    """Jobs through submitit: as Slurm's (`cluster`: slurm) or each as a process of this machine (local)."""

    extra = "submitit"

    def __init__(self, n_jobs: int, cluster: str, folder: str, **parameters: Any):
        super().__init__(n_jobs)
        import submitit

        os.environ.update(_environment())
        self.cluster = cluster
        self.executor = submitit.AutoExecutor(folder, cluster=cluster)
        self.executor.update_parameters(**parameters)

    @classmethod
    def check(cls, options: DictConfig) -> None:
        """Refuse Slurm where there is none, too."""
        super().check(options)
        if options.cluster == "slurm" and not shutil.which("sbatch"):
            raise UserError("hydra/launcher=submitit_slurm: there is no sbatch here: start it where Slurm is")

    def start(self, run: Any, *arguments: Any) -> Any:
        """As a job of the cluster."""
        from submitit.core.utils import FailedJobError

        try:
            return self.executor.submit(run, *arguments)
        except FailedJobError as error:
            said = " ".join(str(error).split())
            raise UserError(f"hydra/launcher: the cluster refuses the job ({said})") from error

    def why_lost(self, future: Any) -> str | None:
        """With the state in which the cluster saw it last."""
        log = os.path.relpath(future.paths.stderr)
        if self.cluster == "local" and not future.paths.result_pickle.exists():
            # on a cluster the file may be late, for which submitit waits
            return f"its process died ({log})"
        if future.exception() is None:
            return None
        return f"its process died or never came to train, state {future.state} ({log})"

    def stop(self, running: Iterable[Any]) -> None:
        """Cancel what still runs, and give it time to say so in the store."""
        jobs = list(running)
        for job in jobs:
            job.cancel(check=False)
        deadline = time.monotonic() + _END
        while time.monotonic() < deadline and not all(job.done() for job in jobs):
            time.sleep(_LOOK)


class RayLauncher(JobByJob):
    """Jobs as Ray's tasks: on a cluster of `n_jobs` workers on this machine (`address`: local) or another."""

    extra = "ray"

    def __init__(self, n_jobs: int, address: str, **options: Any):
        super().__init__(n_jobs)
        for key, value in _RAY.items():
            os.environ.setdefault(key, value)
        import ray

        handler = signal.getsignal(signal.SIGTERM)
        own = {"num_cpus": n_jobs, "include_dashboard": False} if address == "local" else {}
        ray.init(address, logging_level="ERROR", runtime_env={"env_vars": _environment()}, **own)
        # Ray's would end the sweep with another exit code
        signal.signal(signal.SIGTERM, handler)
        self.options = options

    def start(self, run: Any, *arguments: Any) -> Any:
        """As a task that is not tried again: the same sweep goes on with it, from its last epoch."""
        import ray

        return ray.remote(max_retries=0, **self.options)(run).remote(*arguments).future()

    def why_lost(self, future: Any) -> str | None:
        """With what Ray calls it."""
        error = future.exception()
        return error and f"its process died or never came to train (Ray: {type(error).__name__})"

    def stop(self, running: Iterable[Any]) -> None:  # noqa: ARG002 - Ray knows them
        """Leave the cluster; one of our own ends with its workers."""
        import ray

        ray.shutdown()
