"""What our launchers have in common: the sweeper hands them the jobs that it has composed."""

from collections.abc import Callable

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from fer_exp.errors import UserError


class PlannedLauncher(Launcher):
    """A launcher of ours.

    config_of: gives the config of the job of this number. lost: to be told the number of a job whose process
    died, and why. stop_at_failure: whether no job is started any more once one has failed. The sweeper sets
    them before it launches.
    """

    config_of: Callable[[int], DictConfig]
    lost: Callable[[int, str], None]
    stop_at_failure: bool = False

    def __init__(self, n_jobs: int):
        self.n_jobs = n_jobs

    def at_once(self, left: int) -> int:  # noqa: ARG002 - for those that have few left to share
        """How many jobs to keep running while so many have not ended."""
        return self.n_jobs

    def ends_sweep(self, returned: JobReturn) -> bool:
        """Whether no more jobs are to be started, as this one has failed."""
        return self.stop_at_failure and returned.return_value is False

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    @classmethod
    def check(cls, options: DictConfig) -> None:
        """Refuse, before anything is planned, an engine that is not there. Raises UserError."""

    @classmethod
    def check_detached(cls, options: DictConfig) -> None:  # noqa: ARG003 - for those that have kinds
        """Refuse to hand jobs over to an engine that ends with this program. Raises UserError."""
        raise UserError("detach=true hands jobs to Slurm alone: add hydra/launcher=submitit_slurm")

    @classmethod
    def prepare(cls, options: DictConfig) -> None:
        """Do what can be done while the sweep is planned; its jobs may yet turn out to be done."""
