"""The deck's closing table again: its choice of each section, ours beside its own figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_exp.analysis import published
from fer_exp.analysis.comparison import mean
from fer_exp.statistics import Interval
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Arm, Study

# What the study is called in which each arm has rates that a search has found for it.
TUNED = "{}_tuned"

# The closing table's rows: the study, the choice that the deck took from there, and where
# `deck_figures.csv` keeps its figures.
_ROWS = (
    ("main", "main", ("main", "main")),
    ("batch_size", "32", ("final", "batch_column")),
    ("activation", "relu", ("activation", "relu")),
    ("optimizer", "adagrad", ("optimizer", "adagrad")),
    ("layers", "512-256", ("layers", "512-256")),
    ("final", "final", ("final", "final")),
)
_OWN = {study for study, _, _ in _ROWS}
_OF_THE_DECK = _OWN | {TUNED.format(study) for study in _OWN}

SPLITS = ("train", "val", "test")

# The baselines that the closing table always names, fitted or not, as `evaluate.py baseline=` calls them.
BASELINES = {"linear SVC": "svc", "ridge": "ridge", "majority": "majority"}


def ordered(studies: Sequence[Study]) -> list[Study]:
    """The deck's own as in its table, then these tuned, then the others; searches last."""
    names = [study for study, _, _ in _ROWS]
    names += [TUNED.format(name) for name in names]
    places = {name: place for place, name in enumerate(names)}
    return sorted(studies, key=lambda study: (study.searched, places.get(study.name, len(names))))


def alike(studies: Sequence[Study]) -> list[list[Study]]:
    """The studies of the deck's own choices, those of one set of faces and one protocol together."""
    named = [study for study in studies if study.name in _OF_THE_DECK]
    kinds = dict.fromkeys((study.faces, study.protocol) for study in named)
    return [[study for study in named if (study.faces, study.protocol) == kind] for kind in kinds]


def closes(studies: Sequence[Study]) -> bool:
    """Whether there is anything to close with: studies that are tuned answer the conclusions alone."""
    return any(study.name in _OWN for study in studies)


@dataclass(frozen=True)
class ClosingRow:
    """The deck's choice in a section: ours and its own accuracy by split. arm: None if it was not run."""

    study: str
    arm: Arm | None
    ours: Mapping[str, Interval | None]
    deck: Mapping[str, float | None]


def closing(studies: Sequence[Study], subset: str) -> list[ClosingRow]:
    """The deck's closing table again; ours of test is of a subset."""
    metrics = (keys.SELECTED_TRAIN_ACCURACY, keys.SELECTED_VAL_ACCURACY, keys.test(subset, "accuracy"))
    rows = []
    for study, setting, place in _ROWS:
        arm = _arm(studies, study, setting)
        ours = [mean(arm.values(metric)) if arm else None for metric in metrics]
        printed = [published.figure(*place, f"{split}_accuracy") for split in SPLITS]
        deck = [figure.value if figure else None for figure in printed]
        by_split = dict(zip(SPLITS, ours, strict=True)), dict(zip(SPLITS, deck, strict=True))
        rows.append(ClosingRow(study, arm, *by_split))
    return rows


def missing_baselines(fitted: Sequence[Record]) -> dict[str, str]:
    """Those of the closing table that are not fitted, by name, as `baseline=` calls them."""
    # one of several settings has them in its name
    names = {record.name.partition(",")[0] for record in fitted}
    return {name: option for name, option in BASELINES.items() if name not in names}


def _arm(studies: Sequence[Study], name: str, setting: str) -> Arm | None:
    arms = [arm for study in studies if study.name == name for arm in study.arms if arm.setting == setting]
    return next((arm for arm in arms if arm.runs), None)
