"""The launchers `submitit_slurm` and `submitit_local`: jobs through submitit.

Hydra imports this at each start, so the engine is imported where it is needed.
"""

import os
import shutil
import time
from collections.abc import Iterable
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

    def start(self, run: Any, *arguments: Any) -> Any:
        """As a job of the cluster."""
        from submitit.core.utils import FailedJobError

        try:
            return self.executor.submit(run, *arguments)
        except FailedJobError as error:
            reason = " ".join(str(error).split())
            raise UserError(f"hydra/launcher: the cluster refuses the job ({reason})") from error

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
