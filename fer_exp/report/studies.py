"""A study on the page: its two tables, an interval plot, and the learning curves of its arms."""

from collections.abc import Mapping

import numpy as np

from fer_exp import statistics
from fer_exp.analysis import comparison, published, search
from fer_exp.plots import charts, learning_curves
from fer_exp.plots.charts import Bar
from fer_exp.plots.learning_curves import Band
from fer_exp.report.blocks import Block, Gallery, Gap, Paragraph, Picture, Section
from fer_exp.report.source import VALIDATION, Source
from fer_exp.report.words import Words
from fer_exp.statistics import Interval
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Arm, Study


def section(source: Source) -> Section:
    """All studies."""
    words = source.words
    found = Section(words("studies"), [Paragraph(words("studies.intro"))])
    found.blocks += [Paragraph(words("studies.intervals")), Paragraph(words("studies.curves"))]
    found.sections = [Section(title(study, words), _blocks(study, source)) for study in source.compared]
    return found


def title(study: Study, words: Words) -> str:
    """What a study is called on the page; one without a name by its arms."""
    name = words.study(study.name)
    if study.name == "adhoc":
        name += ": " + ", ".join(arm.name for arm in study.arms)
    return words("study.title", study=name, data=study.data, protocol=study.protocol)


def _blocks(study: Study, source: Source) -> list[Block]:
    words = source.words
    if study.searched:
        tables = [words.sheet(table) for table in search.tables(study)]
        return [*tables, *_expected(study, source)]
    tables = [comparison.scores(study, source.test), comparison.contrasts(study)]
    blocks: list[Block] = [words.sheet(table) for table in tables]
    if not any(arm.runs for arm in study.arms):
        return [*blocks, Gap(words("gap.study"))]
    return [*blocks, _intervals(study, source), *_curves(study, source)]


def _expected(study: Study, source: Source) -> list[Block]:
    """What the best of so many trials may be expected to reach, a panel an arm."""
    words = source.words
    counts = search.budgets(study)
    found = {arm.name: {count: search.expected(arm, count) for count in counts} for arm in study.arms}
    known = {
        name: {count: _in_percent(each) for count, each in curve.items() if each}
        for name, curve in found.items()
        if any(curve.values())
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
    means = ", ".join(f"{count}: {each.mean:.2f}" for count, each in curve.items())
    return words("study.expected.said", arm=name, means=means)


def _intervals(study: Study, source: Source) -> Picture:
    bars = [bar(arm, study.name) for arm in study.arms if arm.values(VALIDATION)]
    run = next(run for arm in study.arms for run in arm.runs.values())
    majority = 100 * run.metrics[keys.MAJORITY_ACCURACY]
    figure = charts.intervals(bars, "validation accuracy in %", (majority, "largest class"))
    said = source.words("study.intervals.said", rows="; ".join(spoken(each, source.words) for each in bars))
    return source.draw(figure, said, source.words("study.intervals"))


def bar(arm: Arm, study: str) -> Bar:
    """An arm's validation accuracy over its seeds, in percent, with the deck's figure."""
    values = [100 * value for value in arm.values(VALIDATION)]
    found = statistics.mean_interval(values)
    printed = published.figure(study, arm.setting, "val_accuracy")
    return Bar(arm.name, found.mean, found.low, found.high, values, 100 * printed.value if printed else None)


def spoken(bar: Bar, words: Words) -> str:
    """A bar in words."""
    kind = "said.interval" if np.isfinite(bar.low) else "said.mean"
    numbers = {key: f"{getattr(bar, key):.2f}" for key in ("mean", "low", "high")}
    said = words(kind, name=bar.name, **numbers)
    return said if bar.printed is None else said + words("said.printed", printed=f"{bar.printed:.2f}")


def _curves(study: Study, source: Source) -> list[Block]:
    words = source.words
    found = {arm.name: _bands(arm, source) for arm in study.arms if arm.runs}
    known = {name: bands for name, bands in found.items() if len(bands) == len(learning_curves.METRICS)}
    missing = [name for name in found if name not in known]
    blocks: list[Block] = []
    if known:
        ranges = {
            quantity: learning_curves.limits(list(known.values()), quantity)
            for quantity in learning_curves.QUANTITIES
        }
        panels = [
            source.draw(learning_curves.learning(bands, name, ranges), _said(name, bands, words))
            for name, bands in known.items()
        ]
        blocks.append(Gallery(panels, words("study.curves")))
    if missing:
        blocks.append(Gap(words("gap.curves", arms=", ".join(missing))))
    return blocks


def _bands(arm: Arm, source: Source) -> dict[str, Band]:
    """The bands of an arm's runs by metric, without those that hold no value by epoch."""
    histories = [source.store.run(run.run_id).history(learning_curves.METRICS) for run in arm.runs.values()]
    found = {
        metric: learning_curves.band([history[metric] for history in histories])
        for metric in learning_curves.METRICS
    }
    # epochs begin with 1: what was restored has its last values alone, at step 0
    return {metric: band for metric, band in found.items() if band is not None and band.epochs[0] > 0}


def _said(name: str, bands: Mapping[str, Band], words: Words) -> str:
    ends = {metric.replace("/", "_"): band.mean[-1] for metric, band in bands.items()}
    shown = {
        key: f"{100 * value:.1f}" if key.endswith("accuracy") else f"{value:.2f}"
        for key, value in ends.items()
    }
    return words("study.curves.said", arm=name, epochs=bands[keys.epoch("val", "loss")].epochs[-1], **shown)
