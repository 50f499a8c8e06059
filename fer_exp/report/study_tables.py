"""The tables of one study: what its arms reach and how they differ, its trials, or its rungs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fer_exp.analysis import ablation, comparison, search
from fer_exp.analysis.ablation import Incomparable, OverFaces, Rung, Together
from fer_exp.analysis.comparison import ArmSummary
from fer_exp.analysis.estimates import Method
from fer_exp.analysis.family import MARGIN
from fer_exp.analysis.verdicts import Contrast
from fer_exp.formatting import Message, Styled, message
from fer_exp.report.study_notes import gap, missing, origin, partly_tested
from fer_exp.report.study_notes import sizes as sizes_of
from fer_exp.report.verdict_text import deck_cells, verdict_text
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, Store
from fer_exp.tracking.studies import Study, read_ensembles


def tables(study: Study, subset: str) -> list[Table]:
    """The two tables of a study or of a search; subset: the part of test whose accuracy is shown."""
    if study.searched:
        return [best_trials(study), budget_curve(study)]
    arms = comparison.summarise(study, subset)
    return [scores(study, arms, subset), contrasts(study, arms)]


def of_study(study: Study, subset: str, store: Store) -> list[Table]:
    """All tables of a study in a store; the ladder has one of its own."""
    if study.name == ablation.NAME:
        return ladder(study, read_ensembles(store, study))
    return tables(study, subset)


def about(study: Study) -> dict[str, str]:
    """What all values of a study's tables are of."""
    return {"study": study.name, "dataset": study.data, "protocol": study.protocol}


def _table(kind: str, study: Study, columns: Sequence[Column]) -> Table:
    # a sweep over protocols has several
    rules = study.selected_on.split(", ")
    selected = [message("selected_on." + rule.replace(" ", "_")) for rule in rules]
    facts = {"study": study.name, "data": study.data, "protocol": study.protocol, "selected": selected}
    arm = Column(message("arm"), key="arm", numeric=False)
    heading = message("study.of", **facts)
    return Table(message(f"table.{kind}"), [arm, *columns], [], [], kind, about(study), heading)


def _of_validation(
    title: str | Message, kind: str, metric: str, n: int | str | None = None, spare: bool = False
) -> Column:
    return Column(title, kind, {"metric": metric, "split": "validation", "n": n}, spare=spare)


def _words(title: Message, metric: str) -> Column:
    return Column(title, of={"metric": metric}, numeric=False)


def scores(study: Study, arms: Sequence[ArmSummary], subset: str) -> Table:
    """What each arm reaches: mean and interval over its seeds."""
    sizes = comparison.sizes(study, subset)
    fitted, validation, test = (
        (_in_a_cell(sizes.train), _in_a_cell(sizes.validation), sizes.test) if sizes else (None, None, None)
    )
    of_train = {"metric": "accuracy", "split": "train", "n": fitted}
    of_test = {"metric": "accuracy", "split": "test", "subset": subset, "n": test}
    columns = [
        Column(message("seeds"), key="runs"),
        Column(message("train"), "percent", of_train),
        _of_validation(message("val"), "percent", "accuracy", validation),
        Column(message("test", subset=subset), "percent", of_test),
        _of_validation(message("val_macro_f1"), "percent", "macro_f1", validation, spare=True),
        Column(message("epoch"), ".1f", {"metric": "epoch"}, spare=True),
        Column(message("seconds"), ".1f", {"metric": "train_seconds"}, spare=True),
    ]
    table = _table("scores", study, columns)
    for arm in arms:
        means = [arm.train, arm.val, arm.test, arm.val_macro_f1]
        table.rows.append([arm.name, arm.runs, *means, arm.epoch, arm.seconds])
    table.notes += [message("scores.seeds_alone")] * any(arm.runs > 1 for arm in arms)
    table.notes += [_rates(arm.name, *arm.rates) for arm in arms if arm.rates]
    for key, count in {"collapsed": comparison.collapsed, "unstopped": comparison.unstopped}.items():
        counted = [(arm, count(arm)) for arm in study.arms]
        of = [message("of_runs", arm=arm.name, n=n, runs=len(arm.runs)) for arm, n in counted if n]
        table.notes += [message(key, arms=of)] if of else []
    table.notes += [*missing(study), *sizes_of(study, subset), *partly_tested(study.arms, subset)]
    table.notes += origin(study)
    return table


def _in_a_cell(ends: tuple[int, int]) -> int | str:
    """How many faces, or the fewest and the most."""
    first, last = ends
    return first if first == last else f"{first}-{last}"


def _rates(arm: str, learning_rate: float, weight_decay: float, trial: str) -> Message:
    return message("rates", arm=arm, learning_rate=learning_rate, weight_decay=weight_decay, trial=trial)


def contrasts(study: Study, arms: Sequence[ArmSummary]) -> Table:
    """Each arm against the base, seed by seed, and beside what the deck printed."""
    found = [arm.contrast for arm in arms if arm.contrast is not None]
    judged = any(each.reason is None for each in found)
    two_way = any(each.estimate and each.estimate.method is Method.TWO_WAY for each in found)
    check = [_of_validation(message("corrected"), "points", "corrected_difference")] if two_way else []
    columns = [
        _of_validation(message("against", base=study.base.name), "points", "accuracy_difference"),
        *check,
        Column(message("p_holm"), "p", {"metric": "p_holm"}),
        _words(message("verdict"), "verdict"),
        _of_validation(message("deck_val"), "percent", "deck_accuracy"),
        _words(message("of_deck"), "deck_verdict"),
    ]
    table = _table("contrasts", study, columns)
    for arm in arms:
        gap, check, p, verdict = _contrast(arm.contrast, study.margin or MARGIN)
        row = [gap, *[check] * two_way, p, verdict if judged else "", *deck_cells(arm.deck)]
        table.rows.append([arm.name, *row])
    if not judged:
        reasons = dict.fromkeys(each.reason.name.lower() for each in found if each.reason)
        table.notes += [message(f"verdict.none.{reason}") for reason in reasons]
    table.notes += [message(f"contrasts.{'two_way' if two_way else 'corrected'}")] if found else []
    corrected = [each.arm for each in found if each.estimate and each.estimate.method is Method.CORRECTED]
    table.notes += [message("contrasts.some_corrected", arms=corrected)] if two_way and corrected else []
    table.notes += [_unpaired(each) for each in found if each.estimate is not None and each.unpaired]
    return table


def _contrast(contrast: Contrast | None, margin: float) -> list[Any]:
    """The difference, beside it the corrected one, p and the verdict."""
    if contrast is None:
        return [message("base"), "", "", ""]
    p = contrast.adjusted.difference
    tone = {"better": "good", "worse": "bad"}.get(contrast.verdict.standing, "")
    told = Styled(verdict_text(contrast, margin), tone=tone)
    gap, check = contrast.difference or "", contrast.corrected or ""
    return [gap, check, "" if math.isnan(p) else p, told]


def _unpaired(contrast: Contrast) -> Message:
    return message("contrasts.unpaired", arm=contrast.arm, seeds=[str(each) for each in contrast.unpaired])


def best_trials(study: Study) -> Table:
    """The best trial of each arm of a search."""
    columns = [
        *(Column(message(key), of={"metric": key}) for key in ("trials", "diverged", "best_trial")),
        *(Column(message(key), "g", {"metric": key}) for key in ("learning_rate", "weight_decay")),
        _of_validation(message("val_loss"), ".4f", "loss"),
        _of_validation(message("val"), "percent", "accuracy"),
    ]
    table = _table("best_trials", study, columns)
    for arm in search.summarise(study):
        best = arm.best
        found: list[Any] = [None] * 5
        if best:
            found = [best.number, best.learning_rate, best.weight_decay, best.loss, best.accuracy]
            table.notes += [message(f"best_trials.{best.edge}", arm=arm.name)] if best.edge else []
        table.rows.append([arm.name, arm.trials, arm.diverged, *found])
    table.notes += [message("best_trials.rule"), *missing(study), *sizes_of(study), *origin(study)]
    return table


def budget_curve(study: Study) -> Table:
    """What the best of so many trials would reach on average."""
    budgets = search.budgets(study)
    of = {"metric": "expected_accuracy", "split": "validation"}
    columns = [Column(str(count), "range", of | {"runs": count}) for count in budgets]
    table = _table("budget_curve", study, columns)
    for arm in search.summarise(study):
        table.rows.append([arm.name, *(arm.expected.get(count) for count in budgets)])
    table.notes += [message("budget_curve.mean"), message("budget_curve.diverged")]
    return table


def ladder(study: Study, ensembles: Mapping[str, Record]) -> list[Table]:
    """A table each of the rungs that learn from labels alone, of those taught by a CNN, and of references.

    One row a rung: how many it learnt from, what it reaches, what it gains, what it cost. ensembles: by the
    name of the arm whose seeds they join. The notes on all of them stand below the last.
    """
    tested = {"metric": "accuracy", "split": "test"}
    columns = [
        Column(message("seeds"), key="runs"),
        Column(message("fit_on"), of={"metric": "n_fit", "split": "train"}),
        _of_validation(message("val"), "percent", "accuracy"),
        *(
            Column(part, "percent", tested | {"subset": part}, spare=part != "union")
            for part in ablation.parts(study)
        ),
        _of_validation(message("gain"), "gain", "accuracy_gain"),
        Column(message("hours"), of={"metric": "hours"}),
    ]
    arms = {arm.name: arm for arm in study.arms}
    tables: dict[str, Table] = {}
    for rung in ablation.rungs(study):
        kind = "ladder_taught" if rung.taught else "ladder_reference" if rung.reference else "ladder"
        table = tables.setdefault(kind, _table(kind, study, columns))
        table.rows.append(_rung(rung))
        if rung.name in ensembles:
            joined = ablation.together(study, arms[rung.name], ensembles[rung.name])
            table.rows.append(_together(rung, joined))
    found = list(tables.values()) or [_table("ladder", study, columns)]
    found[-1].notes += _ladder_notes(study)
    return found


def _rung(rung: Rung) -> list[Any]:
    tested = [Styled(each, "range") if isinstance(each, OverFaces) else each for each in rung.test.values()]
    gain = message(f"ladder.{rung.gain.value}") if isinstance(rung.gain, Incomparable) else rung.gain
    hours = [
        Styled(each, ".2f") if device == "cpu" else message("ladder.hours_on", device=device, hours=each)
        for device, each in rung.hours.items()
    ]
    alone = hours[0] if len(hours) == 1 else hours
    return [rung.name, rung.runs, rung.fit_on, rung.val, *tested, gain, alone]


def _together(rung: Rung, joined: Together) -> list[Any]:
    name = message("ladder.together", arm=rung.name)
    tested = [each and Styled(each, "range") for each in joined.test.values()]
    hours = [message("ladder.in_all", hours=joined.hours), *joined.devices]
    return [name, rung.runs, rung.fit_on, None, *tested, None, hours]


def _ladder_notes(study: Study) -> list[Message]:
    notes = [
        message("ladder.gap", arms=arms, jobs=[gap(job, state) for job, state in gaps])
        for gaps, arms in ablation.gaps(study).items()
    ]
    split = [message("ladder.split", fit=fit, validation=n) for fit, n in ablation.splits(study)]
    tested = [message("ladder.tested", part=part, n=n) for part, n in ablation.tested(study).items()]
    notes.append(message("ladder.sizes", split=split, tested=tested))
    notes += [message("ladder.gain", trunk=ablation.TRUNK), message("ladder.taught")]
    return [*notes, *partly_tested(study.arms, "union"), message("ladder.hours"), *origin(study)]
