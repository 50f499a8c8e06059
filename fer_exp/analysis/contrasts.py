"""The arms of a study as the store has them, judged by the rule: face by face where answers are kept."""

from collections.abc import Sequence

import numpy as np

from fer_exp.analysis import family
from fer_exp.analysis.estimates import FIVE_FOLDS, Judged
from fer_exp.analysis.estimates import Arm as Treatment
from fer_exp.analysis.verdicts import Contrast
from fer_exp.errors import UserError
from fer_exp.statistics import Difference
from fer_exp.tracking import Record, Store, keys
from fer_exp.tracking.studies import Arm, Study, read_sweep


def contrasts(study: Study, base: Arm | None = None) -> Sequence[Contrast]:
    """Every other arm against a base, the study's own if not given, judged as one family; pairs by seed."""
    arms = _reference_first(study, base)
    return _judge([_treatment(arm) for arm in arms], arms, study.margin)


def half_widths(store: Store, sweep: str) -> list[float]:
    """Half of the 95 % interval of each difference to the reference, in points; sweep: the id of its run.

    NaN where there is no interval yet.
    """
    studies = read_sweep(store, store.record(sweep))
    found = [contrast for study in studies for contrast in contrasts(study)]
    return [each.estimate.half_width() if each.estimate else float("nan") for each in found]


def gap_contrasts(study: Study, base: Arm) -> Sequence[Contrast]:
    """Every other arm against a base by the gap, accuracy on the fitted faces less that on validation.

    `better` says that the gap is the larger one.
    """
    arms = _reference_first(study, base)
    return _judge([_gaps(arm) for arm in arms], arms, study.margin)


def _reference_first(study: Study, base: Arm | None = None) -> list[Arm]:
    base = base or study.base
    return [base, *(arm for arm in study.arms if arm is not base)]


def _judge(treatments: Sequence[Treatment], arms: Sequence[Arm], margin: float | None) -> Sequence[Contrast]:
    """The first of some arms against the others; treatments: what is known of each of them."""
    base, *others = treatments
    others = [
        _on_the_same_faces(each, base, arm, arms[0]) for each, arm in zip(others, arms[1:], strict=True)
    ]
    # the faces judged for each face fitted, the largest of these runs
    shares = (run.validation_size / run.fit_size for arm in arms for run in arm.runs.values())
    share = max(shares, default=FIVE_FOLDS)
    margin = family.MARGIN if margin is None else margin
    if not margin > 0:
        # from a store or an archive of somebody's, as settings allow none
        raise UserError(
            f"the param margin of a sweep is {margin:g}, which is not above 0: mend it in its run"
        )
    return family.judge(base, others, _groups(arms), margin, test_share=share)


def _on_the_same_faces(known: Treatment, base: Treatment, arm: Arm, base_arm: Arm) -> Treatment:
    """An arm without the runs that judged other faces than the base's of that seed, which make no pair.

    So it is where a sweep varies the split. known, base: what is known of the runs of arm and base_arm.
    """

    def alike(run: int, ours: Judged | float) -> bool:
        theirs = base.runs.get(run)
        if isinstance(ours, Judged) and isinstance(theirs, Judged):
            return set(ours.faces.tolist()) == set(theirs.faces.tolist())
        return theirs is None or same_validation(arm.runs[str(run)], base_arm.runs[str(run)])

    return Treatment(known.name, {run: ours for run, ours in known.runs.items() if alike(run, ours)})


def same_validation(one: Record, other: Record) -> bool:
    """Whether two runs of one seed have the same validation faces, by their settings: none are looked at."""
    splits = [
        {key: value for key, value in run.params.items() if key.startswith("split.")} for run in (one, other)
    ]
    return one.validation_size == other.validation_size and splits[0] == splits[1]


def _treatment(arm: Arm) -> Treatment:
    """An arm with what the store has of its runs, by seed: the answers, or else the validation accuracy."""
    metric = keys.SELECTED_VAL_ACCURACY
    known: dict[int, Judged | float] = {
        int(seed): run.metrics[metric] for seed, run in arm.runs.items() if metric in run.metrics
    }
    known |= {int(seed): _judged(answers) for seed, answers in arm.answers.items()}
    return Treatment(arm.name, known)


def _gaps(arm: Arm) -> Treatment:
    known = {
        int(seed): run.metrics[keys.SELECTED_TRAIN_ACCURACY] - run.metrics[keys.SELECTED_VAL_ACCURACY]
        for seed, run in arm.runs.items()
        if {keys.SELECTED_TRAIN_ACCURACY, keys.SELECTED_VAL_ACCURACY} <= run.metrics.keys()
    }
    return Treatment(arm.name, known)


def _judged(answers: np.ndarray) -> Judged:
    return Judged(answers["face"], answers["label"] == answers["predicted"])


def _groups(arms: Sequence[Arm]) -> np.ndarray | None:
    """The photo of each judged face, int [N] by position; None where no answers are kept."""
    kept = [answers for arm in arms for answers in arm.answers.values()]
    if not kept:
        return None
    groups = np.zeros(1 + max(int(answers["face"].max()) for answers in kept), int)
    for answers in kept:
        groups[answers["face"]] = answers["group"]
    return groups


def against(arm: Arm, base: Arm) -> Difference | None:
    """The paired difference to the base by seed; None without two pairs, no p value of fewer than three."""
    [contrast] = _judge([_treatment(base), _treatment(arm)], [base, arm], None)
    shared = contrast.estimate is not None and contrast.estimate.runs > 1
    return contrast.difference if shared else None
