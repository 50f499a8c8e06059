"""Baselines beside the best network of each study: a table and an interval plot, by set of faces."""

from collections.abc import Sequence

from fer_exp.plots import charts
from fer_exp.plots.charts import Bar
from fer_exp.report.blocks import Block, Gap, Paragraph, Section, Sheet
from fer_exp.report.source import VALIDATION, Source, data_arguments
from fer_exp.report.studies import spoken
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
    rivals = [(words.machine(record.name), record) for record in fitted if tested in record.metrics]
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
    said = words("baselines.said", rows="; ".join(spoken(bar, words) for bar in bars))
    figure = charts.intervals(bars, f"accuracy on test ({source.test}) in %")
    drawn = source.draw(figure, said, words("baselines.caption"))
    return [_sheet(ranked, bars, source), drawn, *blocks]


def _networks(faces: str, source: Source) -> list[tuple[str, Record]]:
    """The run of each study that is best on validation, of those whose test is opened; each run once."""
    tested, found = keys.test(source.test, "accuracy"), {}
    for study in source.compared:
        runs = [run for arm in study.arms for run in arm.runs.values() if tested in run.metrics]
        if study.faces == faces and runs:
            best = max(runs, key=lambda run: run.metrics[VALIDATION])
            found.setdefault(best.run_id, (f"{study.name} ({study.protocol}): {best.name}", best))
    return list(found.values())


def _bar(name: str, record: Record, test: str) -> Bar:
    ends = (100 * record.metrics[keys.test(test, f"accuracy{end}")] for end in ("", "_low", "_high"))
    return Bar(record.name if record.kind == keys.Kind.BASELINE else name, *ends)


def _sheet(ranked: Sequence[tuple[str, Record]], bars: Sequence[Bar], source: Source) -> Sheet:
    words = source.words
    n = int(ranked[0][1].metrics[keys.test(source.test, "n")])
    header = [words(f"baselines.{key}") for key in ("classifier", "accuracy")]
    header += ["macro-F1", words("baselines.seconds")]
    rows = []
    for (name, record), bar in zip(ranked, bars, strict=True):
        seconds = record.metrics.get(keys.FIT_SECONDS, record.metrics.get(keys.TRAIN_SECONDS))
        score = f"{bar.mean:.2f} [{bar.low:.2f}, {bar.high:.2f}]"
        f1 = f"{record.metrics[keys.test(source.test, 'macro_f1')]:.3f}"
        rows.append([name, score, f1, "-" if seconds is None else f"{seconds:.1f}"])
    return Sheet(words("baselines.table", part=source.test, n=f"{n:,}"), header, rows)
