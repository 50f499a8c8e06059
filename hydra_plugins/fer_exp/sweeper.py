"""The sweeper: composes and plans all jobs of a sweep before one starts, launches them, and sums them up.

All of it happens here, and not in a callback of Hydra's, which would turn any error into a warning and go on.
"""

import math
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict

from fer_exp import files, provenance
from fer_exp.errors import UserError
from hydra_plugins.fer_exp._composition import as_settings, as_tree, composer, expand, refuse_own_folders
from hydra_plugins.fer_exp._launcher import PlannedLauncher


class PlannedSweeper(Sweeper):
    """Every combination of the swept values, as Hydra's own; `max_batch_size` of them are launched at once.

    params: what is swept, by key, unless the command says otherwise.
    """

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, str] | None = None):
        self.max_batch_size, self.params = max_batch_size, params or {}
        # what each job is told beside its own overrides
        self.common: dict[str, Any] = {}
        self.composed: list[bytes] = []

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands every sweeper."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> None:
        """Plan, launch and close the sweep; exits 1 if a job is not done. Raises UserError.

        With `precision` it is a sweep of ten runs an arm, then one of fifteen, and so on, each of which
        reuses what those before it have trained; so the same command goes on with it after an interruption.
        """
        wanted = self.config.precision
        if wanted is None:
            self._sweep(arguments)
            return
        from fer_exp.analysis import planning

        _refuse_seeds(arguments)
        if self.config.rerun == "all":
            raise UserError("precision goes on with the runs that there are: leave out rerun=all")
        runs = planning.LEAST
        while widths := self._sweep([*arguments, f"seed=range(0,{runs})"]):
            if not planning.another_repeat(widths, runs, wanted):
                _say_precision(widths, runs, wanted)
                return
            runs += planning.FOLDS

    def _sweep(self, arguments: list[str]) -> list[float]:
        """One sweep; with `precision` half of each difference's 95 % interval, in points."""
        refuse_own_folders(self.config.hydra)
        options = self.config.hydra.launcher
        if not options:
            raise UserError("hydra.launcher=null: choose one, as hydra/launcher=joblib")
        engine = get_class(options._target_)
        # Hydra's own have nothing to check, and run a job at a time
        ours = issubclass(engine, PlannedLauncher)
        if ours:
            engine.check(options)
        if self.config.resume:
            raise UserError("resume goes on with one run: leave out -m; a sweep goes on by the same command")
        if self.config.detach:
            _refuse_to_wait_for(self.config)
            (engine if ours else PlannedLauncher).check_detached(options)
        with files.failing_in_one_line():
            factors, jobs = expand(self.hydra_context.config_loader, self.params, arguments)
            command = provenance.typed("train.py")
            self._say_first(len(jobs))
            settings = self._compose(jobs, command)
            if ours and not settings[0].dry_run:
                engine.prepare(options)

            from fer_exp.experiment.sweep import Sweep

            sweep = Sweep.plan(list(zip(jobs, settings, strict=True)), factors, command)
            if settings[0].dry_run:
                sweep.show_plan()
                return []
            self.common["sweep.factors"] = factors
            if settings[0].detach and self._leave(sweep, engine):
                return []
            self.common["sweep.parent"] = sweep.open()
        if not sweep.nothing_to_do:
            launcher = self._launcher()
            if isinstance(launcher, PlannedLauncher):
                launcher.config_of, launcher.lost = self._config_of, sweep.lost
                launcher.stop_at_failure = settings[0].on_failure == "stop"
                sweep.start_monitor(launcher.at_once)
            else:
                sweep.start_monitor(lambda _: 1)
            self._launch(launcher, jobs)
        if not sweep.close():
            raise SystemExit(1)

        from fer_exp.report import sweep_summary

        sweep_summary.keep(sweep.store, sweep.run.id)
        if settings[0].precision is None:
            return []

        from fer_exp.analysis import contrasts

        return contrasts.half_widths(sweep.store, sweep.run.id)

    def _leave(self, sweep: Any, engine: type[Any]) -> bool:
        """Hand a cluster the jobs to train that it has not got yet; whether it has any of the sweep now."""
        from fer_exp.experiment import handed_over

        waiting = engine.still_there(sweep.left.values()) if sweep.left else set()
        numbers = handed_over.missing(sweep.jobs, sweep.left, waiting)
        if numbers:
            self.common["sweep.parent"] = sweep.open()
            launcher: Any = self._launcher()
            launcher.config_of = self._config_of
            handed = launcher.hand_over(numbers)
            sweep.leave(handed)
            waiting |= {*handed.values()}
            print(f"handed over to Slurm: {', '.join(handed.values())}")
        if waiting:
            handed_over.show(sweep.title, sweep.jobs, len(waiting))
        return bool(waiting)

    def _say_first(self, jobs: int) -> None:
        """Say at once what is asked and what is read, as to import and to read take a while."""
        if self.config.about.question and not self.config.dry_run:
            print(self.config.about.question)
        print(f"planning {jobs} {'job' if jobs == 1 else 'jobs'}, reading the faces", flush=True)

    def _compose(self, jobs: Sequence[Sequence[str]], command: str) -> list[Any]:
        """The checked settings of each job. command: what the user typed."""
        composing = composer(self.hydra_context.config_loader, self.config)
        configs = [composing.compose(job) for job in jobs]
        self.composed = [pickle.dumps(config) for config in configs]
        for config in configs:
            # as Hydra hands a job its config
            with open_dict(config):
                del config["hydra"]
        if self.config.search.get("tuned") and not self.config.search.best:
            from fer_exp.experiment import trial_selection

            best = trial_selection.choose([as_tree(config) for config in configs], command)
            self.common["search.best"] = best
            for config in configs:
                config.search.best = best
        return [as_settings(config) for config in configs]

    def _config_of(self, number: int) -> DictConfig:
        """The whole config of a job, as it was composed when the sweep was planned."""
        own = pickle.loads(self.composed[number])
        OmegaConf.copy_cache(self.config, own)
        with open_dict(own):
            own.hydra.job.id, own.hydra.job.num = f"{own.hydra.job.name}_{number}", number
        for key, value in self.common.items():
            OmegaConf.update(own, key, value, merge=False)
        return own

    def _launcher(self) -> Launcher:
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        return Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=self.task_function, config=self.config
        )

    def _launch(self, launcher: Launcher, jobs: Sequence[Sequence[str]]) -> None:
        # for Hydra's own launchers, which compose each job anew; forced, as no file has an arm as a key
        common = [f"++{key}={_as_override(value)}" for key, value in self.common.items()]
        size = self.max_batch_size or len(jobs)
        for start in range(0, len(jobs), size):
            batch = [[*job, *common] for job in jobs[start : start + size]]
            ended = launcher.launch(batch, initial_job_idx=start)
            for returned in ended:
                # raises what a job has raised
                _ = returned.return_value
            if isinstance(launcher, PlannedLauncher) and any(map(launcher.ends_sweep, ended)):
                return


def _refuse_to_wait_for(config: DictConfig) -> None:
    """Refuse what needs the results of some jobs before others are started."""
    if config.precision is not None or config.on_failure == "stop":
        raise UserError("detach=true hands all jobs over at once: leave out precision and on_failure=stop")


def _refuse_seeds(arguments: Sequence[str]) -> None:
    if any(each.lstrip("+").startswith("seed=") for each in arguments):
        raise UserError("precision takes the seeds that it needs: leave out seed=...")


def _say_precision(widths: Sequence[float], runs: int, wanted: float) -> None:
    known = [width for width in widths if not math.isnan(width)]
    whole = len(known) == len(widths) and max(known) <= wanted
    text = f"precision={wanted:g}: {'reached' if whole else 'not reached'} with {runs} runs an arm"
    if known:
        text += f"; widest interval ±{max(known):.2f} points"
    if lacking := len(widths) - len(known):
        text += f"; without an interval: {lacking} of {len(widths)} differences"
    print(text)


def _as_override(value: Any) -> str:
    """A text, a list of texts or a dict of numbers in Hydra's grammar."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{each}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_override, value)) + "]"
    return f"'{value}'"
