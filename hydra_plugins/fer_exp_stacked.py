"""The launcher `stacked`: the jobs of a sweep in this process, those of a kind as one stacked network.

Hydra takes launchers from a package of this name alone, and imports them at each start. So this is light,
and like the scripts it only connects Hydra with the package: it lets Hydra compose each job and call the
script, which answers with the job's settings and a generator that stops before every pass over the faces,
and `stacked.train` takes all of them to their ends. As they take
turns, each has its own config and log of Hydra's around it while it is at work.
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from hydra_plugins.fer_exp_sweeper import compose


class StackedLauncher(Launcher):
    """Trains up to `n_jobs` jobs of a kind at a time."""

    def __init__(self, n_jobs: int):
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands every launcher."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Train the jobs, each given by its overrides; what Hydra needs of each."""
        # here, since it imports PyTorch
        from fer_exp.training import stacked

        setup_globals()
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        begun = [self._begin(number, each) for number, each in enumerate(job_overrides, initial_job_idx)]
        jobs = []
        for told in begun:
            settings, job = told.return_value
            jobs.append((settings, _InTurn(told.hydra_cfg, job)))
        stacked.train(jobs, self.n_jobs)
        return begun

    def _begin(self, number: int, overrides: Sequence[str]) -> JobReturn:
        config = compose(self.hydra_context.config_loader, self.config, overrides)
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        keys = {"job_dir_key": "hydra.sweep.dir", "job_subdir_key": "hydra.sweep.subdir"}
        return run_job(
            hydra_context=self.hydra_context, task_function=self.task_function, config=config, **keys
        )


class _InTurn(Generator):
    """A job with its own config and log of Hydra's around each of its steps."""

    def __init__(self, config: DictConfig, job: Generator):
        self.config, self.job = config, job

    def send(self, value: Any) -> Any:
        """Take the next step."""
        return self._at_work(self.job.send, value)

    def throw(self, *error: Any) -> Any:
        """Let the job end by an error."""
        return self._at_work(self.job.throw, *error)

    def _at_work(self, step: Callable[..., Any], *arguments: Any) -> Any:
        before = HydraConfig.instance().cfg
        HydraConfig.instance().set_config(self.config)
        configure_log(self.config.hydra.job_logging, self.config.hydra.verbose)
        try:
            return step(*arguments)
        finally:
            HydraConfig.instance().cfg = before
