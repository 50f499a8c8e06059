"""What our launchers have in common: the sweeper hands them the jobs that it has composed."""

from collections.abc import Callable

from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class PlannedLauncher(Launcher):
    """A launcher of ours.

    config_of: gives the config of the job of this number. lost: to be told the number of a job whose process
    died, and why. The sweeper sets both before it launches.
    """

    config_of: Callable[[int], DictConfig]
    lost: Callable[[int, str], None]

    def __init__(self, n_jobs: int):
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    @classmethod
    def check(cls, options: DictConfig) -> None:
        """Refuse, before anything is planned, an engine that is not there. Raises UserError."""

    @classmethod
    def prepare(cls, options: DictConfig) -> None:
        """Do what can be done while the sweep is planned; its jobs may yet turn out to be done."""
