"""Baselines beside the best network of each study: a table and an interval plot, by set of faces."""

from collections.abc import Sequence

from fer_exp.formatting import message
from fer_exp.plots import charts
from fer_exp.plots.charts import Bar
from fer_exp.report.blocks import Block, Gap, Paragraph, Section
from fer_exp.report.source import VALIDATION, Source, data_arguments
from fer_exp.report.studies import spoken
from fer_exp.report.words import sheet
from fer_exp.statistics import Interval
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, keys, studies


def section(source: Source) -> Section:
    """The baselines on all sets of faces that are shown."""
    words = source.words
    found = Section(words("baselines"), [Paragraph(words("baselines.intro"))])
    sets = {study.faces: study.data for study in source.studies}
    for faces, data in sets.items():
        found.blocks += _blocks(faces, data, source)
    if not sets:
        found.blocks.append(Gap(words("gap.store")))
    return found


def _blocks(faces: str, data: str, source: Source) -> list[Block]:
    words, tested = source.words, keys.test(source.test, "accuracy")
    fitted = studies.read_baselines(source.store, faces)
    rivals = [(record.name, record) for record in fitted if tested in record.metrics]
    networks = _networks(faces, source)
    blocks: list[Block] = []
    if not rivals:
        blocks.append(Gap(words("gap.baselines", data=data_arguments(data))))
    if not networks:
        blocks.append(Gap(words("gap.networks", data=data_arguments(data))))
    ranked = sorted(rivals + networks, key=lambda pair: -pair[1].metrics[tested])
    if not ranked:
        return blocks
    bars = [_bar(name, record, source.test) for name, record in ranked]
    alt = words("baselines.said", rows=[spoken(bar) for bar in bars])
    figure = charts.intervals(bars, f"accuracy on test ({source.test}) in %")
    drawn = source.draw(figure, alt, words("baselines.caption"))
    return [sheet(_table(ranked, source), words), drawn, *blocks]


def _networks(faces: str, source: Source) -> list[tuple[str, Record]]:
    """The run of each study that is best on validation, of those whose test is opened; each run once."""
    tested = keys.test(source.test, "accuracy")
    found: dict[str, tuple[str, Record]] = {}
    for study in source.compared:
        runs = [run for run in study.runs if tested in run.metrics]
        if study.faces == faces and runs:
            best = max(runs, key=lambda run: run.metrics[VALIDATION])
            found.setdefault(best.run_id, (f"{study.name} ({study.protocol}): {best.name}", best))
    return list(found.values())


def _bar(name: str, record: Record, test: str) -> Bar:
    found = _accuracy(record, test)
    name = record.name if record.kind == keys.Kind.BASELINE else name
    return Bar(name, 100 * found.mean, 100 * found.low, 100 * found.high)


def _accuracy(record: Record, test: str) -> Interval:
    return Interval(*(record.metrics[keys.test(test, f"accuracy{end}")] for end in ("", "_low", "_high")))


def _table(ranked: Sequence[tuple[str, Record]], source: Source) -> Table:
    columns = [
        Column(message("baselines.classifier"), "gloss", key="arm", numeric=False),
        Column(message("baselines.accuracy"), "range"),
        Column(message("macro_f1"), ".3f"),
        Column(message("baselines.seconds"), ".1f"),
    ]
    n = round(ranked[0][1].metrics[keys.test(source.test, "n")])
    table = Table(message("baselines.table", part=source.test, n=n), columns)
    for name, record in ranked:
        accuracy = _accuracy(record, source.test)
        seconds = record.metrics.get(keys.FIT_SECONDS, record.metrics.get(keys.TRAIN_SECONDS))
        table.rows.append([name, accuracy, record.metrics[keys.test(source.test, "macro_f1")], seconds])
    return table
