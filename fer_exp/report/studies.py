"""A study on the page: its two tables, an interval plot, and the learning curves of its arms."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fer_exp.analysis import comparison, search
from fer_exp.analysis.comparison import ArmSummary
from fer_exp.formatting import Message, Words, message
from fer_exp.plots import charts, learning_curves
from fer_exp.plots.charts import Bar
from fer_exp.plots.learning_curves import Band, Bands
from fer_exp.report import study_tables
from fer_exp.report.blocks import Block, Gallery, Gap, Paragraph, Picture, Section
from fer_exp.report.source import Source
from fer_exp.report.words import sheet
from fer_exp.statistics import Interval
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Arm, Study


def section(source: Source) -> Section:
    """All studies."""
    words = source.words
    intro = [Paragraph(words(key)) for key in ("studies.intro", "studies.intervals", "studies.curves")]
    found = Section(words("studies"))
    without: list[str] = []
    any_curves = False
    for study in source.compared:
        shown = Section(title(study, words), _blocks(study, source))
        if study.runs and not study.searched:
            curves = _curves(study, source)
            shown.blocks += curves
            any_curves = any_curves or bool(curves)
            without += [] if curves else [shown.title]
        found.sections.append(shown)
    found.blocks += intro if any_curves else intro[:-1]
    if without:
        found.blocks.append(Gap(words("gap.curves.studies", studies=without)))
    return found


def title(study: Study, words: Words) -> str:
    """What a study is called on the page; one without a name by its arms."""
    name = words.text(study.name, "gloss")
    if study.name == "adhoc":
        name += ": " + ", ".join(arm.name for arm in study.arms)
    return words("study.title", study=name, data=study.data, protocol=study.protocol)


def _blocks(study: Study, source: Source) -> list[Block]:
    words = source.words
    blocks: list[Block] = [sheet(table, words) for table in study_tables.tables(study, source.test)]
    if study.searched:
        return [*blocks, *_expected(study, source)]
    if not any(arm.runs for arm in study.arms):
        return [*blocks, Gap(words("gap.study"))]
    return [*blocks, _intervals(study, source)]


def _expected(study: Study, source: Source) -> list[Block]:
    """What the best of so many trials may be expected to reach, a panel an arm."""
    words = source.words
    known = {
        arm.name: {count: _in_percent(each) for count, each in arm.expected.items()}
        for arm in search.summarise(study)
        if arm.expected
    }
    if not known:
        return [Gap(words("gap.study"))]
    ends = [end for curve in known.values() for each in curve.values() for end in (each.low, each.high)]
    limits = (min(ends) - 1, max(ends) + 1)
    panels = [
        source.draw(charts.expected(curve, name, limits), _said_expected(name, curve, words))
        for name, curve in known.items()
    ]
    return [Gallery(panels, words("study.expected"))]


def _in_percent(found: Interval) -> Interval:
    return Interval(100 * found.mean, 100 * found.low, 100 * found.high)


def _said_expected(name: str, curve: Mapping[int, Interval], words: Words) -> str:
    means = [message("study.expected.mean", budget=count, mean=each.mean) for count, each in curve.items()]
    return words("study.expected.said", arm=name, means=means)


def _intervals(study: Study, source: Source) -> Picture:
    figure, text = intervals(study, source.test, source.words)
    return source.draw(figure, text, source.words("study.intervals"))


def intervals(study: Study, subset: str, words: Words) -> tuple[Figure, str]:
    """The validation accuracy of each arm with its interval, drawn and in words; a study with runs."""
    bars = [_bar(arm, arm.val) for arm in comparison.summarise(study, subset) if arm.val]
    majority = 100 * study.runs[0].metrics[keys.MAJORITY_ACCURACY]
    figure = charts.intervals(bars, "validation accuracy in %", (majority, "majority class"))
    return figure, words("study.intervals.said", rows=[spoken(bar) for bar in bars])


def _bar(arm: ArmSummary, reached: Interval) -> Bar:
    """An arm's validation accuracy over its seeds, in percent, with the deck's figure."""
    values = [100 * value for value in arm.validation]
    found = _in_percent(reached)
    printed = 100 * arm.deck.value if arm.deck else None
    return Bar(arm.name, found.mean, found.low, found.high, values, printed)


def spoken(bar: Bar) -> Message:
    """A bar in words."""
    facts = {"name": bar.name, "mean": bar.mean, "low": bar.low, "high": bar.high}
    found = message("said.interval" if np.isfinite(bar.low) else "said.mean", **facts)
    return found if bar.printed is None else message("said.printed", bar=found, printed=bar.printed)


def _curves(study: Study, source: Source) -> list[Block]:
    """The learning curves of a study, and which of its arms have none; nothing if no arm has any."""
    words = source.words
    found = {arm.name: _bands(arm, source) for arm in study.arms if arm.runs}
    known = {name: bands for name, bands in found.items() if len(bands) == len(learning_curves.LINES)}
    missing = [name for name in found if name not in known]
    if not known:
        return []
    ranges = {
        quantity: learning_curves.limits(list(known.values()), quantity)
        for quantity in learning_curves.QUANTITIES
    }
    panels = [
        source.draw(learning_curves.learning(bands, name, ranges), _said(name, bands, words))
        for name, bands in known.items()
    ]
    blocks: list[Block] = [Gallery(panels, words("study.curves"))]
    return blocks + ([Gap(words("gap.curves", arms=missing))] if missing else [])


def _bands(arm: Arm, source: Source) -> dict[tuple[str, str], Band]:
    """The bands of an arm's runs, without those that hold no value by epoch."""
    metrics = {line: keys.epoch(*line) for line in learning_curves.LINES}
    histories = [source.store.run(run.run_id).history(metrics.values()) for run in arm.runs.values()]
    found = {
        line: learning_curves.band([history[metric] for history in histories])
        for line, metric in metrics.items()
    }
    # epochs begin with 1: what was restored has its last values alone, at step 0
    return {line: band for line, band in found.items() if band is not None and band.epochs[0] > 0}


def _said(name: str, bands: Bands, words: Words) -> str:
    ends = {f"{part}_{quantity}": band.mean[-1] for (part, quantity), band in bands.items()}
    return words("study.curves.said", arm=name, epochs=bands["val", "loss"].epochs[-1], **ends)
