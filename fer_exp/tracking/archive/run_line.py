"""A run as one line of JSON: what it was told and its figures, to be kept beside the code.

It holds the last value of each metric, a sweep's plan and the answers to faces, but no value by epoch and no
weights.
"""

import dataclasses
import json
import math
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from fer_exp.errors import UserError
from fer_exp.tracking import keys
from fer_exp.tracking.archive import answers
from fer_exp.tracking.archive.answers import ArchivedFaces
from fer_exp.tracking.artifacts import Plan
from fer_exp.tracking.keys import TRIAL, TUNED, Kind, Param, Tag

# The tags that are kept, beside `choice.*`: what tables, evaluation and searches ask for. Others tell of the
# machine and its user, or are MLflow's own.
_TAGS = (
    *(Tag.KIND, Tag.STUDY, Tag.IDENTITY, Tag.FACES, Tag.PROTOCOL, Tag.SELECTED_ON, Tag.DATA, Tag.DEVICE),
    *(Tag.RECIPE, Tag.KERNELS, Tag.PROCESSOR, Tag.TORCH),
    *(Tag.TAUGHT_BY, Tag.ALARMS, Tag.TEST_OPENED, Tag.ERROR, Tag.COMMIT, Tag.NOTE),
)
_CHOICE = keys.choice("")

# What MLflow takes as a name, of so many letters at most.
_NAME, _LONGEST_NAME = re.compile(r"[\w .:/-]+"), 250

# What a line of each kind must tell for the tables to be printed: its tags, params and metrics.
_TOLD = {
    Kind.SWEEP: ((Tag.STUDY, Tag.PROTOCOL, Tag.DATA, Tag.FACES, Tag.SELECTED_ON), (), ()),
    Kind.JOB: (
        (Tag.STUDY, Tag.IDENTITY, Tag.FACES, Tag.PROTOCOL, Tag.SELECTED_ON),
        (Param.SEED, Param.FACES_FIT, Param.FACES_VALIDATION),
        (keys.MAJORITY_ACCURACY,),
    ),
    Kind.ENSEMBLE: ((Tag.IDENTITY, Tag.FACES), (), (keys.TEST_ACCURACY, keys.TRAIN_SECONDS)),
    Kind.BASELINE: ((Tag.IDENTITY, Tag.FACES), (), (keys.TEST_ACCURACY, keys.FIT_SECONDS)),
}
# The params that tables read as numbers.
_NUMBERS = (Param.LR, Param.WEIGHT_DECAY, Param.TAUGHT, Param.SCHEDULER_FACTOR)
_WHOLE_NUMBERS = (Param.SEED, Param.FACES_FIT, Param.FACES_VALIDATION)
# Further metrics of a job that has selected weights.
_SELECTED = (keys.SELECTED_VAL_LOSS, keys.SELECTED_VAL_ACCURACY, keys.SELECTED_EPOCH, keys.TRAIN_SECONDS)

_ENDED = ("FINISHED", "FAILED", "KILLED")

# An id as MLflow makes it; it goes into queries.
_ID = re.compile(r"[0-9a-f]{32}")

# The end of the last year that a date can have, in milliseconds.
_LATEST = 253_402_300_799_999

# What a terminal would obey, and what is no text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_NOT_FINITE = ("nan", "inf", "-inf")


@dataclass(frozen=True)
class ArchivedRun:
    """A run that has ended.

    started, ended: in milliseconds. plan: a sweep's. answers: arrays of `artifacts.ANSWER` by the words of
    `answers.FILES`.
    """

    id: str
    name: str
    status: str
    started: int
    ended: int
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    plan: Plan | None = None
    answers: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict, compare=False)

    @classmethod
    def parse(cls, tree: dict[str, Any], faces: Mapping[str, ArchivedFaces]) -> "ArchivedRun":
        """A line as `text` writes it, already read as JSON.

        faces: those that lines before it tell, by their digest. Raises UserError that says what is wrong.
        """
        names = {spec.name for spec in dataclasses.fields(cls)}
        needed = names - {"plan", "answers"}
        if not needed <= tree.keys() <= names:
            raise UserError(
                f"must hold {', '.join(sorted(needed))}, may hold answers, plan, and nothing else"
            )
        if isinstance(tree["metrics"], dict):
            tree = {**tree, "metrics": {keys.present(key): value for key, value in tree["metrics"].items()}}
        wrong = next((said for said, fine in _checks(tree) if not fine), None)
        if wrong:
            raise UserError(wrong)
        metrics = {key: float(value) for key, value in tree["metrics"].items()}
        answered = answers.understood(tree.get("answers", {}), faces)
        return cls(**{**tree, "metrics": metrics, "answers": answered})

    def text(self) -> str:
        """The line, with its end."""
        tree = {key: value for key, value in vars(self).items() if value is not None}
        tree["answers"] = answers.told(self.answers)
        if not self.answers:
            del tree["answers"]
        # JSON has no word for what is not finite
        tree["metrics"] = {
            key: value if math.isfinite(value) else str(value) for key, value in self.metrics.items()
        }
        return json.dumps(tree, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"


def read_line(text: str) -> dict[str, Any]:
    """A line of a file as JSON; raises UserError for one that is none."""
    try:
        tree = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UserError("is no whole line of JSON") from None
    if not isinstance(tree, dict):
        raise UserError("is no run and no faces")
    return tree


def is_kept(tag: str) -> bool:
    """Whether a line tells this tag of a run."""
    return tag in _TAGS or tag.startswith(_CHOICE)


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _checks(tree: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """What a line must be, in words, and whether it is; each holds only if those before it do."""
    yield "id is none of a run", isinstance(tree["id"], str) and _ID.fullmatch(tree["id"]) is not None
    yield f"status is none of {', '.join(_ENDED)}", tree["status"] in _ENDED
    for key in ("started", "ended"):
        yield f"{key} is no time in milliseconds", type(tree[key]) is int and 0 <= tree[key] <= _LATEST
    yield "name is no plain text", _is_plain(tree["name"])
    for key in ("tags", "params"):
        yield f"{key} are no texts by name", _is_mapping(tree[key], _is_plain)
    yield "metrics are no numbers by name", _is_mapping(tree["metrics"], _is_number)
    for key in ("tags", "params", "metrics"):
        wrong = next((name for name in tree[key] if not _is_name(name)), "")
        yield f"{key} hold {wrong[:40]!r}, which MLflow takes for no name", all(map(_is_name, tree[key]))
    foreign = next((name for name in tree["tags"] if not is_kept(name)), "")
    yield f"tags hold {foreign}, which is none of those that are kept", not foreign
    kind = tree["tags"].get(Tag.KIND)
    yield f"tags.kind is none of {', '.join(_TOLD)}", kind in _TOLD
    for part, wanted in zip(("tags", "params", "metrics"), _TOLD[kind], strict=True):
        lacking = [name for name in wanted if name not in tree[part]]
        yield f"{part} lack {', '.join(lacking)}", not lacking
    for names, fits, said in (
        (_NUMBERS, _is_written_number, "number"),
        (_WHOLE_NUMBERS, _is_whole_number, "whole number"),
    ):
        odd = next((name for name in names if not fits(tree["params"].get(name, "0"))), "")
        yield f"params.{odd} is no {said}", not odd
    if kind == Kind.JOB and tree["status"] == "FINISHED":
        lacking = [name for name in _SELECTED if name not in tree["metrics"]]
        yield f"metrics lack {', '.join(lacking)}", not lacking
    if kind == Kind.SWEEP:
        yield "plan is none", _is_plan(tree.get("plan"))
    else:
        yield "only a sweep has a plan", "plan" not in tree


def _is_written_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_whole_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,19}", text) is not None


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and _CONTROL.search(value) is None


def _is_mapping(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(_is_plain(key) and fits(each) for key, each in value.items())


def _is_name(value: str) -> bool:
    # MLflow takes no name that would lead elsewhere as a path, nor one that has a shorter form
    leads_on = value.startswith(("..", "/")) or posixpath.normpath(value) != value or value == "."
    return _NAME.fullmatch(value) is not None and len(value) <= _LONGEST_NAME and not leads_on


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value in _NOT_FINITE
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_plan(value: Any) -> bool:
    jobs = value.get("jobs") if isinstance(value, dict) else None
    return isinstance(jobs, list) and bool(jobs) and value.keys() == {"jobs"} and all(map(_is_job, jobs))


def _is_job(value: Any) -> bool:
    if (
        not _is_mapping(value, _is_plain)
        or not {"name", "arm", "setting", "seed", "identity"} <= value.keys()
    ):
        return False
    numbers = (value[key] for key in ("seed", TRIAL, TUNED) if key in value)
    return all(map(_is_whole_number, numbers))
