"""Train: compose a config, run the job, or each job of a sweep.

    python train.py                                        the deck's main model, once
    python train.py optimizer=sgd batch_size=48            any choice
    python train.py -m optimizer=sgd,adam,nadam            a sweep

Only the scripts and `hydra_plugins` know Hydra; a sweep is planned by `hydra_plugins/fer_exp/sweeper.py`.
Heavy packages are imported where they are needed, so that --help and shell completion answer at once.
"""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

# where PYTHONSAFEPATH is set, Python does not look beside the script
sys.path.insert(0, str(Path(__file__).parent))

from fer_exp import console, machine, provenance, signals
from fer_exp.config import overrides
from fer_exp.errors import UserError
from hydra_plugins.fer_exp._composition import MISTAKES, refuse_own_folders
from hydra_plugins.fer_exp._job import OF_SWEEPS, job_of, typed_keys

CONF = Path(__file__).parent / "conf"

OmegaConf.register_new_resolver("cores", machine.cores, replace=True)
OmegaConf.register_new_resolver("typed", provenance.as_typed, replace=True)


@hydra.main(config_path="conf", config_name="train", version_base="1.3")
def main(config: DictConfig) -> bool:
    """Run one job, or one of a sweep, whose failure lets others go on; whether it went well."""
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return train_in_sweep(config)
    # here already, since Hydra would put a line of its own before the error
    with console.mistakes_in_one_line(*MISTAKES):
        refuse_own_folders(HydraConfig.get())
        train(config)
    return True


def train_in_sweep(config: DictConfig) -> bool:
    """Train one of many jobs, in a process of its own as it may be; whether it went well."""
    job = job_of(config)

    from fer_exp.experiment import drivers

    signals.end_by_signals()
    return drivers.run_in_sweep(job)


def train(config: DictConfig) -> None:
    """Train the one job that the command line describes, or say what it would do."""
    if config.detach:
        raise UserError("detach=true is for sweeps: add -m")
    for key in OF_SWEEPS.intersection(typed_keys(HydraConfig.get().overrides.task)):
        raise UserError(f"{key}={config[key]} is for sweeps: add -m")
    job = job_of(config)
    if config.dry_run:
        print(f"{job.name}: would {job.plan()}")
        return

    print("reading the faces", flush=True)
    from fer_exp.experiment import drivers
    from fer_exp.experiment.progress import EpochBar

    typed = provenance.typed("train.py")
    try:
        with EpochBar(job.name, job.config.training.epochs) as job.show:
            outcome = drivers.run(job)
    except KeyboardInterrupt:
        if not job.kept:
            raise
        assert job.outcome, "a job with epochs has a run"
        raise KeyboardInterrupt(provenance.going_on(job.outcome.run_id, typed)) from None
    if outcome.finished:
        print(f"test it: {provenance.evaluating(f'run={outcome.run_id[: provenance.SHORT]}', typed)}")
    print(provenance.as_typed("look at it: make ui"))


if __name__ == "__main__":
    # OSError: an output folder that Hydra cannot make
    overrides.run(main, CONF, (*MISTAKES, OSError))
