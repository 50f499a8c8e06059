"""The launcher `ray`: jobs as Ray's tasks.

Hydra imports this at each start, so the engine is imported where it is needed.
"""

import signal
from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig

from fer_exp import machine
from hydra_plugins.fer_exp._job_by_job import JobByJob, environment

# Read when Ray is imported: no report to its makers, every job's line shown, and time to start when busy.
_RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_raylet_start_wait_time_s": "300",
}


class RayLauncher(JobByJob):
    """Jobs as tasks: on a cluster of `n_jobs` workers on this machine (`address`: local) or another."""

    extra = "ray"

    @classmethod
    def check(cls, options: DictConfig) -> None:
        """Refuse a Ray that cannot be imported; what it reads then is set before."""
        for key, value in _RAY.items():
            machine.give(key, machine.variable(key, value))
        super().check(options)

    def __init__(self, n_jobs: int, address: str, **options: Any):
        super().__init__(n_jobs)
        import ray

        handler = signal.getsignal(signal.SIGTERM)
        own = {"num_cpus": n_jobs, "include_dashboard": False} if address == "local" else {}
        ray.init(address, logging_level="ERROR", runtime_env={"env_vars": environment()}, **own)
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
