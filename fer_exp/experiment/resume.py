"""Go on from where a run stopped: exactly, or not at all."""

from pathlib import Path
from typing import Any

from fer_exp.config import schema, settings
from fer_exp.config.identity import recipe
from fer_exp.config.settings import Experiment
from fer_exp.errors import UserError
from fer_exp.models import checkpoint, factory
from fer_exp.training.trainer import Trainer

# What a resumed run may have otherwise than the run it goes on from.
_MAY_CHANGE = ("training.epochs", "stopping.")


def restore(trainer: Trainer, digest: str, path: Path, source: str) -> None:
    """Take a trainer on faces of this digest to where the run `source` left the checkpoint at `path`.

    Raises UserError for a broken checkpoint, and naming it for a setting that does not agree.
    """
    content = checkpoint.load(path)
    _refuse_another(trainer.settings, digest, content, source)
    trainer.restore(content)


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
