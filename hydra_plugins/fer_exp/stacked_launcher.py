"""The launcher `stacked`: the jobs of a sweep in this process, those of a kind as one stacked network.

Hydra imports this at each start, so PyTorch is imported where it is needed.
"""

import copy
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from omegaconf import DictConfig, open_dict

from fer_exp import logs
from hydra_plugins.fer_exp._job import job_of
from hydra_plugins.fer_exp._launcher import PlannedLauncher

if TYPE_CHECKING:
    from fer_exp.experiment.job import Job


class StackedLauncher(PlannedLauncher):
    """Trains up to `n_jobs` jobs of a kind at a time."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Train the jobs, numbered from `initial_job_idx`; what Hydra needs of each."""
        from fer_exp.experiment import drivers

        setup_globals()
        self._configure_shared_log()
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        jobs = [self._job(number) for number in numbers]
        drivers.run_stacked(jobs, self.n_jobs, self.stop_at_failure)
        ended = [JobReturn(overrides, status=JobStatus.COMPLETED) for overrides in job_overrides]
        for returned, job in zip(ended, jobs, strict=True):
            returned.return_value = not job.failed
        return ended

    def _configure_shared_log(self) -> None:
        """Log as Hydra lets a job log, but into no file: jobs that take turns have one each."""
        own = copy.deepcopy(self.config)
        logs = own.hydra.job_logging
        if "file" in (logs.get("handlers") or {}):
            with open_dict(logs):
                del logs.handlers["file"]
                logs.root.handlers = [name for name in logs.root.handlers if name != "file"]
        configure_log(logs, own.hydra.verbose)

    def _job(self, number: int) -> "Job":
        keys = "hydra.sweep.dir", "hydra.sweep.subdir"
        config, context = self.config_of(number), self.hydra_context
        # so that Hydra makes the job's folder, and keeps its config there
        returned = run_job(_begin, config, *keys, context, configure_logging=False)
        return returned.return_value


def _begin(config: DictConfig) -> "Job":
    """In the place of the script: the job, with the file that Hydra names for its log."""
    hydra = HydraConfig.get()
    log = logging.getLogger(f"fer_exp.job.{hydra.job.num}")
    file = (hydra.job_logging.get("handlers") or {}).get("file")
    if file:
        handler = logs.JobLog(file.filename)
        handler.setFormatter(logs.FileFormatter(hydra.job_logging.formatters[file.formatter].format))
        log.addHandler(handler)
    return job_of(config, log)
