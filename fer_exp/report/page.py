"""The page: its opening, the deck's closing table, the audit and the commands, and all as one HTML text."""

import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path

import jinja2

from fer_exp.analysis import closing
from fer_exp.audit import audit
from fer_exp.formatting import Message, Styled, message
from fer_exp.provenance import as_typed
from fer_exp.report import baselines, best, deck_tables, extremes, holds, studies
from fer_exp.report.blocks import Block, Commands, Gap, Paragraph, Section
from fer_exp.report.source import Source, data_arguments
from fer_exp.report.words import sheet
from fer_exp.tables import Table
from fer_exp.tracking import keys
from fer_exp.tracking.studies import read_baselines


def render(source: Source) -> str:
    """The whole page as HTML."""
    sections = [
        holds.section(source),
        _closing(source),
        studies.section(source),
        extremes.section(source),
        best.weights(source),
    ]
    if source.gallery:
        sections.append(best.gallery(source))
    sections += [baselines.section(source), _audit(source), _repeat(source)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("page.html")
    words = source.words
    facts = {"language": source.language, "words": words, "title": words("title")}
    return template.render(opening=_opening(source), sections=sections, **facts)


def _opening(source: Source) -> list[Block]:
    words = source.words
    blocks: list[Block] = [Paragraph(words("intro"))]
    if not source.records():
        blocks.append(Gap(words("gap.store")))
    return blocks + [Gap(words("gap.plan", reason=error)) for error in source.lost]


def _provenance(source: Source) -> Table:
    """What the page is made of: when, by which command, of which runs, images and commits."""
    runs = source.records()
    commits = {run.tags.get(keys.Tag.COMMIT, "")[:12] for run in runs}
    facts = {
        "date": datetime.date.today().isoformat(),
        "command": source.command,
        "runs": len(runs),
        "faces": Styled(_faces(source), ";") if runs else message("none"),
        "commits": sorted(filter(None, commits)) or message("none"),
    }
    table = Table(message("provenance"), [message("provenance.what"), message("provenance.value")])
    table.rows = [[message(f"provenance.{key}"), value] for key, value in facts.items()]
    return table


def _faces(source: Source) -> list[Message]:
    """What each set of faces is, in words."""
    by_faces = {run.faces_digest: run for run in source.records()}
    return [
        message(
            "provenance.faces.value",
            kind=message(f"kind.{run.params[keys.Param.FACES_KIND]}"),
            data=run.data_name,
            content=faces[:12],
        )
        for faces, run in by_faces.items()
    ]


def _closing(source: Source) -> Section:
    words = source.words
    found = Section(words("closing"), [Paragraph(words("closing.intro"))])
    for alike in closing.alike(source.studies):
        first = alike[0]
        fitted = read_baselines(source.store, first.faces)
        blocks: list[Block] = []
        if closing.closes(alike):
            blocks.append(sheet(deck_tables.closing(alike, source.test, fitted), words))
        if deck_tables.answered(alike):
            blocks.append(dataclasses.replace(sheet(deck_tables.conclusions(alike), words), cards=True))
        title = words("closing.title", data=first.data, protocol=first.protocol)
        found.sections.append(Section(title, blocks))
    if not found.sections:
        found.blocks.append(Gap(words("gap.named")))
    return found


def _audit(source: Source) -> Section:
    words = source.words
    # of the faces on which it was run last; without any, what arithmetic alone can judge
    faces = next((study.faces for study in reversed(source.studies) if study.name == "audit"), None)
    table = deck_tables.audit(audit.findings_on(faces, source.studies, source.store), "audit_page")
    shown = dataclasses.replace(sheet(table, words), cards=True)
    return Section(words("audit"), [Paragraph(words("audit.intro")), shown])


def _repeat(source: Source) -> Section:
    words = source.words
    commands = Commands(_commands(source))
    return Section(
        words("repeat"), [Paragraph(words("repeat.intro")), commands, sheet(_provenance(source), words)]
    )


def _commands(source: Source) -> Sequence[str]:
    """What trains, evaluates and prints all that is shown."""
    trained, evaluated, fitted = [], [], []
    for study in source.studies:
        data = data_arguments(study.data)
        if study.command:
            trained.append(study.command)
        elif study.name != "adhoc":
            numbers = sorted({number for arm in study.arms for number in arm.runs | arm.diverged}, key=int)
            key = "search.trial" if study.searched else "seed"
            words = f"study={study.name} protocol={study.protocol}"
            words += f" {key}={','.join(numbers)}" if numbers else ""
            trained.append(f"python train.py {words} {data}".strip())
        if not study.searched:
            evaluated.append(f"python evaluate.py study={study.name} {data}".strip())
        fitted.append(f"make baseline ARGS='{data}'" if data else "make baseline")
    return [*map(as_typed, dict.fromkeys(trained + evaluated + fitted)), source.command]
