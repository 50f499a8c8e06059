"""The jobs of a sweep: what each is called, and what is left to do for it.

A job is known by its identity, a hash of what determines its figures. A sweep that is started
again looks each identity up in the store and does only what is missing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_exp.config import derived, search_space
from fer_exp.config.search_space import RandomSearch
from fer_exp.errors import UserError
from fer_exp.tracking.keys import TRIAL, TUNED
from fer_exp.tracking.record import settled

if TYPE_CHECKING:
    from fer_exp.config.settings import Experiment
    from fer_exp.tracking import Record


# The key that numbers the trials of a search.
_NUMBER = "search.trial"

# What a sweep does for a job.
TRAIN, CONTINUE, REUSE, LEAVE = "train", "continue", "reuse", "leave failed"


@dataclass(frozen=True)
class PlannedJob:
    """One job of a sweep, and what the sweep does for it.

    values: what it has of each swept key. faces: their content hash.
    """

    values: Mapping[str, str]
    settings: "Experiment"
    faces: str
    identity: str
    action: str = TRAIN

    @property
    def name(self) -> str:
        """What people call the job: `adam · seed 3`."""
        return name(self.values)

    @property
    def arm(self) -> str:
        """The same without the seed and the number of a trial: what the study compares."""
        return name({key: value for key, value in self.values.items() if key not in ("seed", _NUMBER)})

    @property
    def trial(self) -> str | None:
        """Its number, if the job is a trial of a search."""
        return self.values.get(_NUMBER)

    @property
    def to_train(self) -> bool:
        """Whether there is something left to train."""
        return self.action in (TRAIN, CONTINUE)

    def entry(self) -> dict[str, str]:
        """The job as the plan keeps it. setting: what the deck called the arm, if it is in the study."""
        study = self.settings.study
        own = (value for key, value in self.values.items() if _last(key) == study)
        facts = {"setting": next(own, study), "seed": str(self.settings.seed), "identity": self.identity}
        facts["faces"] = self.faces
        if self.trial is not None:
            facts[TRIAL] = self.trial
        elif isinstance(self.settings.search, RandomSearch):
            facts[TUNED] = str(search_space.chosen(self.settings.search))
        return {"name": self.name, "arm": self.arm, **facts}


def action(earlier: "Record | None", rerun: str, trial: bool = False) -> str:
    """What to do for a job whose figures lie in `earlier`, by the setting `rerun`.

    trial: whether it is one of a search.
    """
    if earlier is None or rerun == "all":
        return TRAIN
    if settled(earlier, trial):
        return REUSE
    if earlier.status == "FAILED" and rerun == "none":
        return LEAVE
    return CONTINUE


def check_reference(reference: str | None, planned: Sequence[PlannedJob]) -> None:
    """Raise UserError unless the arm that others are to be compared with is one of the sweep's."""
    arms = list(dict.fromkeys(job.arm for job in planned))
    if reference is not None and reference not in arms:
        raise UserError(
            f"reference={reference}: no arm of this sweep is called so; its arms are {', '.join(arms)}. "
            f"Add it, or compare with one of them: \"reference='{arms[0]}'\""
        )


def swept_values(overrides: Iterable[str], factors: Sequence[str]) -> dict[str, str]:
    """What a job's overrides (`key=value`) say of the swept keys, without quotes."""
    pairs = (override.partition("=")[::2] for override in overrides)
    return {key.lstrip("+"): value.strip("'\"") for key, value in pairs if key.lstrip("+") in factors}


def name(values: Mapping[str, str]) -> str:
    """What people call a job of these values: `adam · seed 3`; `main` if it varies nothing."""
    return " · ".join(_say(key, value) for key, value in values.items()) or "main"


def _say(key: str, value: str) -> str:
    # an option such as `adam` or `512-256` speaks for itself; a number needs its key
    bare = _is_number(value) or value in ("true", "false") or value.startswith("[")
    return f"{_last(key)} {value}" if bare else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _last(key: str) -> str:
    return re.split(r"[./]", key)[-1]


def title(study: str, jobs: Sequence[PlannedJob]) -> str:
    """What people call a sweep: `optimizer · 6 arms x 5 seeds · honest`, or by its trials."""
    seeds = {job.settings.seed for job in jobs}
    numbers = {job.trial for job in jobs} - {None}
    each = _count(len(numbers), "trial") if numbers else _count(len(seeds), "seed")
    arms = {job.arm for job in jobs}
    keys = [key for key in jobs[0].values if key not in ("seed", _NUMBER)]
    subject = study if study != "adhoc" else " x ".join(map(_last, keys)) or "seeds"
    protocols = ", ".join(sorted({derived.protocol(job.settings) for job in jobs}))
    return f"{subject} · {_count(len(arms), 'arm')} x {each} · {protocols}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
