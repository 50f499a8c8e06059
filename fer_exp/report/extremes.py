"""The best and the worst arm of each study on test: recall by class, and what is taken for what."""

from collections.abc import Sequence

import numpy as np

from fer_exp import metrics, provenance
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.formatting import Message, message
from fer_exp.plots import charts, diagnostics
from fer_exp.report import studies
from fer_exp.report.blocks import Block, Gallery, Gap, Paragraph, Picture, Section
from fer_exp.report.source import VALIDATION, Source, by_validation, data_arguments
from fer_exp.tracking import Record, artifacts, keys
from fer_exp.tracking.studies import Arm, Study

_TESTED = keys.TEST_ACCURACY


def section(source: Source) -> Section:
    """A part for each study with runs."""
    words = source.words
    found = Section(words("extremes"), [Paragraph(words("extremes.intro"))])
    for study in source.tested:
        blocks = _blocks(study, source)
        if blocks:
            found.sections.append(Section(studies.title(study, words), blocks))
    if not found.sections:
        found.blocks.append(Gap(words("gap.store")))
    return found


def _blocks(study: Study, source: Source) -> list[Block]:
    ranked = by_validation(study)
    shown = [(arm, middle(arm)) for arm in ranked[:1] + ranked[1:][-1:]]
    opened = [(arm, run) for arm, run in shown if _TESTED in run.metrics]
    if shown and not opened:
        command = f"python evaluate.py study={study.name} {data_arguments(study.data)}".strip()
        return [Gap(source.words("gap.study.test", command=provenance.as_typed(command)))]
    blocks: list[Block] = [_recall(opened, source)] if opened else []
    return blocks + _confusions(shown, source)


def middle(arm: Arm) -> Record:
    """The run in the middle of an arm by validation accuracy, of those whose test is opened if any is."""
    runs = list(arm.runs.values())
    opened = [run for run in runs if _TESTED in run.metrics] or runs
    ranked = sorted(opened, key=lambda run: run.metrics[VALIDATION])
    return ranked[(len(ranked) - 1) // 2]


def _recalls(run: Record) -> list[float]:
    """Recall of each class on the union of test, in percent."""
    return [100 * run.metrics[keys.test("union", f"recall_{emotion}")] for emotion in EMOTIONS]


def _recall(opened: Sequence[tuple[Arm, Record]], source: Source) -> Picture:
    words = source.words
    by_arm = {arm.name: _recalls(run) for arm, run in opened}
    rows = [
        message(
            "recall.arm",
            arm=arm,
            recalls=[
                message("recall.class", emotion=emotion, recall=value)
                for emotion, value in zip(EMOTIONS, values, strict=True)
            ],
        )
        for arm, values in by_arm.items()
    ]
    return source.draw(charts.recalls(by_arm), words("recall.said", rows=rows), words("recall"))


def _confusions(shown: Sequence[tuple[Arm, Record]], source: Source) -> list[Block]:
    """Drawn from the answers that evaluation kept, side by side; and what is missing."""
    drawn: list[Message] = []
    panels: list[Picture] = []
    gaps: list[Block] = []
    for arm, run in shown:
        found = _confusion(arm, run, source)
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            panels.append(found)
            drawn.append(message("confusion.of", arm=arm.name, run=run.name))
    return ([Gallery(panels, source.words("confusion", arms=drawn))] if panels else []) + gaps


def _confusion(arm: Arm, run: Record, source: Source) -> Picture | Gap:
    words, command = source.words, source.evaluate_command(run)
    if _TESTED not in run.metrics:
        return Gap(words("gap.test", arm=arm.name, command=command))
    try:
        answers = artifacts.read_answers(source.store.run(run.run_id), artifacts.TEST_ANSWERS)
    except UserError:
        why = "gap.confusion" if run.whole else "gap.confusion.restored"
        return Gap(words(why, arm=arm.name, command=command))
    counts = metrics.confusion(answers["label"], answers["predicted"], len(EMOTIONS))
    figure = diagnostics.class_shares(counts, f"{arm.name}\ntest, n = {counts.sum():,}")
    return source.draw(figure, words("confusion.said", arm=arm.name, rows=_rows_of(counts)))


def _rows_of(counts: np.ndarray) -> list[Message]:
    """A confusion matrix int [7, 7] in words, a clause a class."""
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = []
    for label, emotion in enumerate(EMOTIONS):
        wrong = np.where(np.arange(len(EMOTIONS)) == label, -1, shares[label])
        other = int(wrong.argmax())
        facts = {"emotion": emotion, "right": shares[label, label]}
        rows.append(message("confusion.row", **facts, other=EMOTIONS[other], wrong=wrong[other]))
    return rows
