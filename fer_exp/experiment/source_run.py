"""The run that another goes on from, named by the user, and its choices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.config.identity import flatten, is_circumstance, nested
from fer_exp.config.schema import build
from fer_exp.errors import UserError
from fer_exp.models import checkpoint
from fer_exp.tracking import Record, artifacts, keys
from fer_exp.tracking.queries import named


@dataclass(frozen=True)
class SourceRun:
    """The run, and the choices that its last checkpoint holds: flat, by dotted keys."""

    record: Record
    recipe: Mapping[str, Any]


def find(wanted: str, chosen: Mapping[str, Any]) -> SourceRun:
    """The run to go on from: an id, a name, `best`, or `latest`, which need not have finished.

    chosen: the settings of the store, as composed. Raises UserError if there is none with a checkpoint.
    """
    store = tracking.Store(build(settings.Tracking, chosen, "tracking"))
    store.close_abandoned()
    jobs = [run for run in store.records(kind=keys.Kind.JOB) if run.whole]
    known = jobs[0] if jobs and wanted == "latest" else named(wanted, jobs)
    try:
        record = known or store.find(wanted)
        content = checkpoint.load(store.run_of(record).fetch(artifacts.LAST))
    except UserError as error:
        raise UserError(f"resume={wanted}: {error}") from None
    found = content.get("recipe")
    if not isinstance(found, Mapping):
        raise UserError(f"resume={wanted}: the checkpoint of run {record.run_id} holds no choices")
    return SourceRun(record, found)


def choices(
    source: SourceRun, own: Mapping[str, Any], usual: Mapping[str, Any], typed: Collection[str]
) -> dict[str, Any]:
    """The composed config of a job that goes on from a run: its choices, but for what the user has typed.

    own: as composed with what was typed. usual: as composed without. typed: the dotted keys that were typed.
    """
    asked, given = flatten(own), flatten(usual)
    found = dict(source.recipe)
    by_hand = {
        key: value
        for key, value in asked.items()
        if value != given.get(key) or any(f"{key}.".startswith(f"{each}.") for each in typed)
    }
    for key, value in by_hand.items():
        group, _, last = key.rpartition(".")
        if last == "name" and value != found.get(key):
            # another option of a group has keys of its own
            found = {each: kept for each, kept in found.items() if not each.startswith(f"{group}.")}
    found |= {key: value for key, value in asked.items() if key in by_hand or is_circumstance(key)}
    named = {"study": source.record.study, "resume": source.record.run_id}
    # what is flat knows no empty group, and a recipe no trainings before where there were none
    tree: dict[str, Any] = {key: {} for key, value in own.items() if isinstance(value, Mapping)}
    tree |= nested({"trained_before": [], **found, **named})
    return tree
