"""Go on from where a run stopped: exactly, or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fer_exp.config import schema, settings
from fer_exp.config.identity import RECIPE, recipe
from fer_exp.config.settings import Experiment
from fer_exp.errors import UserError, first_line
from fer_exp.models import checkpoint, factory
from fer_exp.tracking import Record, keys
from fer_exp.training import early_stopping, optimizers, schedulers
from fer_exp.training.trainer import Epoch, Trainer

# What a resumed run may have otherwise than the run it goes on from.
_EPOCHS, _STOPPING = "training.epochs", "stopping."


def restore(trainer: Trainer, digest: str, path: Path, source: str) -> None:
    """Take a trainer on faces of this digest to where the run `source` left the checkpoint at `path`.

    Raises UserError for a broken checkpoint, and naming it for a setting that does not agree; the trainer is
    then of no more use.
    """
    content = checkpoint.load(path)
    try:
        _refuse_another(trainer.settings, digest, content, source)
        trainer.restore(content)
        _refuse_gaps(trainer.history)
        _refuse_an_earlier_end(trainer.settings, trainer.history, source)
    # of a file that is safe to read and whole, what lies in it may yet be anything
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        said = first_line(error)[:100] if str(error) else ""
        raise UserError(
            f"resume={source}: {path} holds no state of such a job ({type(error).__name__} {said})"
        ) from error


def _refuse_gaps(history: Sequence[Epoch]) -> None:
    """Raise ValueError if epochs are missing, or hold other than numbers."""
    if [epoch.number for epoch in history] != list(range(1, len(history) + 1)):
        raise ValueError("its epochs are not 1, 2, 3, ...")
    scores = [part for epoch in history for part in (epoch.train, epoch.validation)]
    figures = [value for part in scores for value in vars(part).values()]
    figures += [value for epoch in history for value in (epoch.seconds, epoch.learning_rate)]
    if not all(isinstance(value, int | float) for value in figures):
        raise ValueError("its figures are no numbers")


def _refuse_an_earlier_end(config: Experiment, history: Sequence[Epoch], source: str) -> None:
    """Refuse epochs that a run of these settings would not have reached: it would be another run."""
    if len(history) > config.training.epochs:
        raise UserError(f"resume={source}: it has {len(history)} epochs behind it; {_EPOCHS} must be more")
    rule = early_stopping.build(config.stopping)
    plateau = _counting(config) if rule.heed_scheduler else None
    for epoch in history[:-1]:
        rule.update(epoch.validation.loss)
        if plateau:
            plateau.step(epoch.validation.loss)
        if rule.ends(plateau):
            raise UserError(
                f"resume={source}: stopping={config.stopping.name} would have ended it after epoch "
                f"{epoch.number} of {len(history)}; leave resume out to train such a run"
            )


def _counting(config: Experiment) -> ReduceLROnPlateau | None:
    """A new scheduler of these settings, of nothing, to count its bad epochs by."""
    nothing = optimizers.build(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    found = schedulers.build(config.scheduler, nothing, config.training.epochs)
    return found if isinstance(found, ReduceLROnPlateau) else None


def refuse_older_code(source: Record) -> None:
    """Raise UserError for a run whose figures the code of now would not give: it stays of its own kind."""
    before = source.tags.get(keys.Tag.RECIPE)
    if before != str(RECIPE):
        raise UserError(
            f"resume={source.run_id}: code of other figures trained it (recipe {before}, now {RECIPE}); "
            "leave resume out to train such a run"
        )


def _refuse_another(config: Experiment, digest: str, content: dict[str, Any], source: str) -> None:
    now = {"faces": digest, **recipe(config)}
    before = {"faces": content["faces"], **content["recipe"]}
    # the rates of a cosine are spread over its epochs
    free = (_STOPPING,) if config.scheduler.name == "cosine" else (_STOPPING, _EPOCHS)
    # what is as usual stands in no recipe
    keys = [key for key in {**before, **now} if not key.startswith(free)]
    differ = [key for key in keys if now.get(key) != before.get(key)]
    if any(key.startswith("model.") for key in differ):
        built = factory.describe(schema.build(settings.Model, content["model"], "model"))
        raise UserError(f"resume={source}: it is {built}, not {factory.describe(config.model)}")
    if differ:
        text = ", ".join(f"{key}={before.get(key)} (here {now.get(key)})" for key in differ)
        may = "only stopping, under a cosine," if _EPOCHS not in free else "only epochs and stopping"
        raise UserError(f"resume={source}: it was trained with {text}; {may} may change")
