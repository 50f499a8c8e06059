"""The launchers `submitit_slurm` and `submitit_local`: jobs through submitit.

Hydra imports this at each start, so the engine is imported where it is needed.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from omegaconf import DictConfig

from fer_exp import machine
from fer_exp.errors import UserError
from hydra_plugins.fer_exp._job_by_job import LOOK, JobByJob, environment

# Seconds that a cancelled job may take to end.
_END = 10


class SubmititLauncher(JobByJob):
    """Jobs of Slurm (`cluster`: slurm), or each a process of this machine (local)."""

    extra = "submitit"

    def __init__(self, n_jobs: int, cluster: str, folder: str, **parameters: Any):
        super().__init__(n_jobs)
        import submitit

        for item in environment().items():
            machine.give(*item)
        self.cluster = cluster
        self.executor = submitit.AutoExecutor(folder, cluster=cluster)
        self.executor.update_parameters(**parameters)

    @classmethod
    def check(cls, options: DictConfig) -> None:
        """Refuse Slurm where there is none, too."""
        super().check(options)
        if options.cluster == "slurm" and not shutil.which("sbatch"):
            raise UserError("hydra/launcher=submitit_slurm: there is no sbatch here: start it where Slurm is")

    @classmethod
    def check_detached(cls, options: DictConfig) -> None:
        """Slurm keeps jobs whose sweep has ended; processes of this machine end with it."""
        if options.cluster != "slurm":
            super().check_detached(options)

    def hand_over(self, numbers: Sequence[int]) -> dict[int, str]:
        """Hand these jobs of the sweep to Slurm, as an array of which `n_jobs` run at once; its name of each.

        Raises UserError if Slurm refuses them.
        """
        self.executor.update_parameters(slurm_array_parallelism=self.n_jobs)
        with self._refused_in_one_line(), self.executor.batch():
            jobs = {number: self.executor.submit(*self._call(number)) for number in numbers}
        return {number: str(job.job_id) for number, job in jobs.items()}

    @staticmethod
    def still_there(handed: Iterable[str]) -> set[str]:
        """Which of these jobs Slurm has still, queued or running. Raises UserError if it does not say."""
        command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={machine.user()}"]
        try:
            listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f"detach=true: squeue does not say which jobs Slurm has ({error})") from error
        return set(handed) & set(listed.split())

    @staticmethod
    @contextmanager
    def _refused_in_one_line() -> Iterator[None]:
        from submitit.core.utils import FailedJobError

        try:
            yield
        except FailedJobError as error:
            reason = " ".join(str(error).split())
            raise UserError(f"hydra/launcher: the cluster refuses the job ({reason})") from error

    def start(self, run: Any, *arguments: Any) -> Any:
        """As a job of the cluster."""
        with self._refused_in_one_line():
            return self.executor.submit(run, *arguments)

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
            time.sleep(LOOK)
