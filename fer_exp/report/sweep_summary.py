"""What a sweep's run keeps of its result for a reader in MLflow: tables, charts, the best arm, links."""

import contextlib
import io

from fer_exp import tables, tracking
from fer_exp.analysis import comparison
from fer_exp.report import study_tables
from fer_exp.report.studies import intervals
from fer_exp.report.words import words_of
from fer_exp.tracking import artifacts, descriptions, keys
from fer_exp.tracking.studies import Study, read_sweep

_SUBSET = "union"


def keep(store: tracking.Store, sweep_id: str) -> None:
    """Keep the summary with the sweep's run, which has ended. Raises UserError if a run cannot be read."""
    sweep, words = store.record(sweep_id), words_of("en")
    studies = read_sweep(store, sweep)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        tables.FORMATS["markdown"](
            [each for study in studies for each in study_tables.of_study(study, _SUBSET, store)], words
        )
    trained = [study for study in studies if study.runs and not study.searched]
    tags = {keys.Tag.BEST_ARM: "; ".join(map(_best_arm, trained))} if trained else {}
    every = [run for study in studies for run in study.runs]
    reused = {each.name: each.run_id for each in every if each.tags.get(keys.Tag.PARENT) != sweep_id}
    if reused:
        note = sweep.tags[keys.Tag.NOTE]
        tags[keys.Tag.NOTE] = descriptions.with_reused(note, store.experiment_id, reused)
    with store.added_to(sweep) as run:
        run.text(artifacts.COMPARISON, printed.getvalue())
        for study in trained:
            run.figure(artifacts.intervals_figure(study.faces), intervals(study, _SUBSET, words)[0])
        run.tag(**tags)


def _best_arm(study: Study) -> str:
    """The arm of the best mean on validation, in a line."""
    arms = [arm for arm in comparison.summarise(study, _SUBSET) if arm.val]
    best = max(arms, key=lambda arm: arm.val.mean if arm.val else 0)
    words = words_of("en")
    return f"{best.name}: {words.text(best.val, 'percent')} % of validation ({best.runs} runs, {study.data})"
