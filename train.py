"""Train: compose a config, run the job, or each job of a sweep.

    python train.py                                        the deck's main model, once
    python train.py optimizer=sgd batch_size=48            any choice
    python train.py -m optimizer=sgd,adam,nadam            a sweep

Only the scripts know Hydra. Heavy packages are imported where they are needed, so that --help and
shell completion answer at once.
"""

import logging
import os
import shlex
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fer_exp import console, provenance
from fer_exp.config import overrides
from fer_exp.errors import UserError
from hydra_plugins.fer_exp_sweeper import compose

CONF = Path(__file__).parent / "conf"

# What Hydra finds wrong with what was typed.
MISTAKES = (HydraException, OmegaConfBaseException, YAMLError)

log = logging.getLogger("fer_exp.train")

OmegaConf.register_new_resolver("cores", lambda: os.cpu_count() or 1, replace=True)


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(config: DictConfig) -> Any:
    """Run one job; one of a sweep reports its failure and lets the others go on.

    To the stacked launcher it returns the job, which is trained beside the others.
    """
    if HydraConfig.get().mode != RunMode.MULTIRUN:
        # here already, since Hydra would put a line of its own before the error
        with console.mistakes_in_one_line(*MISTAKES):
            run_alone(as_settings(config), list(HydraConfig.get().overrides.task))
        return None
    chosen = as_settings(config)
    job = job_of_sweep(chosen, list(HydraConfig.get().overrides.task))
    if HydraConfig.get().runtime.choices["hydra/launcher"] == "stacked":
        return chosen, job
    return train(chosen, job)


def train(chosen: Any, job: Any) -> None:
    """Train a job of these settings to its end."""
    from fer_exp.training import stacked

    console.end_on_sigterm()
    stacked.train([(chosen, job)], width=1)


def job_of_sweep(chosen: Any, overrides: Sequence[str]) -> Any:
    """One job of a sweep, in a worker as it may be; its failure is said, kept and not raised."""
    name = _name(overrides, chosen.sweep.factors)
    try:
        yield from steps(chosen, name, overrides)
    except UserError as error:
        from fer_exp.config import settings
        from fer_exp.training.trainer import DivergedError

        # what a trial's rates come to, and no mistake of anybody's
        outcome = settings.is_trial(chosen) and isinstance(error, DivergedError)
        level, said = (logging.INFO, "diverged") if outcome else (logging.ERROR, "failed")
        log.log(level, "%s: %s: %s", name, said, console.one_line(error))
    except Exception:
        log.exception("%s: failed", name)


def run_alone(chosen: Any, overrides: Sequence[str]) -> None:
    """Run the one job that the command line describes, or say what it would do."""
    given = [override.partition("=")[0].lstrip("+") for override in overrides]
    name = _name(overrides, [key for key in given if not key.startswith(("data.", "tracking.", "resume"))])
    if chosen.resume:
        name += " · resumed"
    if chosen.dry_run:
        print(f"{name}: would train")
    else:
        train(chosen, steps(chosen, name, overrides))


def steps(chosen: Any, name: str, overrides: Sequence[str]) -> Any:
    """Train one job, in the steps of `stacked.Job`, and say where its figures are."""
    from fer_exp.experiment import job, plan
    from fer_exp.experiment.progress import ProgressBar

    quiet = bool(chosen.sweep.parent)
    with ProgressBar(name, chosen.training.epochs, quiet) as reporter:
        outcome = yield from job.steps(chosen, name, _tags(overrides), reporter)
    if outcome.action in (plan.TRAIN, plan.CONTINUE):
        log.info("%s: %s", name, reporter.conclusion(outcome.run_id))
    if not quiet:
        print(f"test it: {provenance.evaluating(f'run={outcome.run_id}', shlex.join(overrides))}")
        print("look at it: make ui")


def as_settings(config: DictConfig) -> Any:
    """The composed config as checked settings."""
    from fer_exp.config import settings

    return settings.parse(as_tree(config))


def as_tree(config: DictConfig) -> Any:
    """The composed config, of which Hydra has taken its own, as plain dicts."""
    return OmegaConf.to_container(config, resolve=True)


def _name(overrides: Sequence[str], factors: Sequence[str]) -> str:
    from fer_exp.experiment import plan

    return plan.name(plan.swept_values(overrides, factors))


def _tags(overrides: Sequence[str]) -> dict[str, str]:
    """Where the job's log lies, and Hydra's chosen options without those that an override has changed."""
    from fer_exp.tracking import keys

    groups = {key: str(option) for key, option in HydraConfig.get().runtime.choices.items()}
    for group, key in {"batch_size": "training.batch_size", "layers": "model.hidden"}.items():
        if any(override.startswith(f"{key}=") for override in overrides):
            del groups[group]
    tags = {keys.choice(group): option for group, option in groups.items() if not group.startswith("hydra/")}
    return tags | {keys.Tag.LOG: os.path.relpath(Path(HydraConfig.get().runtime.output_dir) / "train.log")}


class SweepCallback(Callback):
    """Plans a sweep before its jobs start, and closes it with a true status whatever happens."""

    def __init__(self) -> None:
        self.sweep: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open store behind when a launcher sends the callbacks to its workers."""
        return {"sweep": None}

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Check every job, list what each needs, and hand the sweep's run on to the jobs."""
        from fer_exp import files

        with _ending_on_any_error(), files.failing_in_one_line():
            self._start(config)

    def _start(self, config: DictConfig) -> None:
        launcher = config.hydra.launcher
        engine = get_class(launcher._target_)
        # Hydra's own have nothing to check, and run a job at a time
        getattr(engine, "check", lambda _: None)(launcher)
        at_a_time = launcher.n_jobs if "n_jobs" in launcher else 1
        factors, overrides = _expand(config)
        loader = GlobalHydra.instance().config_loader()
        command = provenance.typed("train.py")
        configs = [compose(loader, config, job) for job in overrides]
        for each in configs:
            # as Hydra hands a job its config
            with open_dict(each):
                del each["hydra"]
        if config.search.get("tuned") and not config.search.best:
            from fer_exp.experiment import trial_selection

            best = trial_selection.choose([as_tree(each) for each in configs], command)
            said = ",".join(f"{arm}:{trial}" for arm, trial in best.items())
            # forced, as the arms are keys that no file has
            config.hydra.overrides.task.append(f"++search.best={{{said}}}")
            for each in configs:
                each.search.best = best
        composed = [(job, as_settings(each)) for job, each in zip(overrides, configs, strict=True)]
        if not composed[0][1].dry_run:
            getattr(engine, "prepare", lambda _: None)(launcher)

        from fer_exp.experiment.sweep import Sweep

        self.sweep = Sweep.plan(composed, factors, command)
        if composed[0][1].dry_run:
            self.sweep.show_plan()
            raise SystemExit(0)
        config.hydra.overrides.task += self.sweep.open()
        if self.sweep.nothing_to_do:
            raise SystemExit(0 if self.sweep.close() else 1)
        self.sweep.start_watch(at_a_time)

    def on_job_end(self, lost: tuple[int, str] | None = None, **_: Any) -> None:
        """Take note of a job whose process died, as our launchers tell: its number, and why."""
        if lost:
            self.sweep.lost(*lost)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:  # noqa: ARG002 - Hydra's signature
        """Sum the sweep up; exit 1 if a job failed."""
        with _ending_on_any_error():
            if not self.sweep.close():
                raise SystemExit(1)


@contextmanager
def _ending_on_any_error() -> Iterator[None]:
    """End the program on any exception: Hydra would turn one of a callback's into a warning and go on."""
    try:
        with console.mistakes_in_one_line(*MISTAKES):
            yield
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None


def _expand(config: DictConfig) -> tuple[list[str], list[list[str]]]:
    """The swept keys, and the overrides of each job in the order in which Hydra will launch them."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    swept = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    arguments = swept + list(config.hydra.overrides.task)
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    parsed = parser.parse_overrides(arguments)
    factors = [override.get_key_element().lstrip("+") for override in parsed if override.is_sweep_override()]
    [batch] = BasicSweeper.split_arguments(parsed, None)
    return list(dict.fromkeys(factors)), batch


if __name__ == "__main__":
    # OSError: an output folder that Hydra cannot make
    left = "a sweep goes on by the same command, a run of its own by resume=ID: make ui"
    overrides.run(main, CONF, (*MISTAKES, OSError), left)
