"""What only PyTorch can judge of a job's settings, refused before any data is read."""

from fer_exp.config import derived
from fer_exp.config.search_space import RandomSearch
from fer_exp.config.settings import Experiment, Training
from fer_exp.errors import UserError
from fer_exp.models import factory
from fer_exp.training import optimizers, schedulers
from fer_exp.training.device import check_device


def check(config: Experiment) -> None:
    """Refuse classes, options and devices that there are not. Raises UserError."""
    for stage in derived.stages(config):
        check(stage)
        if stage.model != config.model:
            raise UserError("trained_before: the network stays the same; only its training may change")
    _check_trial(config)
    factory.check(config.model)
    _check_distillation(config.training)
    optimizers.check(config.optimizer)
    schedulers.check(config.scheduler, config.training.epochs)
    check_device("training.device", config.training.device)


def _check_trial(config: Experiment) -> None:
    search = config.search
    if isinstance(search, RandomSearch) and not search.tuned and config.seed != search.seed:
        raise UserError(
            f"seed={config.seed}: every trial of a search has its one seed, search.seed={search.seed}: leave "
            "out seed=... and precision"
        )


def _check_distillation(training: Training) -> None:
    if training.taught and not training.teacher:
        raise UserError(
            f"training.taught={training.taught}: name who teaches, training.teacher=<its id or name>"
        )
    if training.views and not training.taught:
        raise UserError(f"training.views={training.views}: they are for a teacher; set training.taught too")
