"""Go on from where a run stopped: exactly, or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_exp.config import schema, settings
from fer_exp.config.identity import recipe
from fer_exp.config.settings import Experiment
from fer_exp.errors import UserError
from fer_exp.models import checkpoint, factory
from fer_exp.training.trainer import Epoch, Trainer

# What a resumed run may have otherwise than the run it goes on from.
_MAY_CHANGE = ("training.epochs", "stopping.")


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
    # of a file that is safe to read and whole, what lies in it may yet be anything
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        said = str(error).splitlines()[0][:100] if str(error) else ""
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


def _refuse_another(config: Experiment, digest: str, content: dict[str, Any], source: str) -> None:
    now = {"faces": digest, **recipe(config)}
    before = {"faces": content["faces"], **content["recipe"]}
    differ = [key for key in now if not key.startswith(_MAY_CHANGE) and now[key] != before.get(key)]
    if any(key.startswith("model.") for key in differ):
        built = factory.describe(schema.build(settings.Model, content["model"], "model"))
        raise UserError(f"resume={source}: it is {built}, not {factory.describe(config.model)}")
    if differ:
        text = ", ".join(f"{key}={before.get(key)} (here {now[key]})" for key in differ)
        raise UserError(f"resume={source}: it was trained with {text}; only epochs and stopping may change")
