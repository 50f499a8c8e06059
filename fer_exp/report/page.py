"""The page: its opening, the deck's closing table, the audit and the commands, and all as one HTML text."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import jinja2

from fer_exp.analysis import claims
from fer_exp.audit import audit
from fer_exp.report import baselines, best, extremes, studies
from fer_exp.report.blocks import Block, Commands, Gap, Paragraph, Section, Sheet
from fer_exp.report.source import Source, data_arguments
from fer_exp.tracking import keys
from fer_exp.tracking.studies import read_baselines


def render(source: Source) -> str:
    """The whole page as HTML."""
    sections = [_closing(source), studies.section(source), extremes.section(source), best.weights(source)]
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
    return template.render(words=words, title=words("title"), opening=_opening(source), sections=sections)


def _opening(source: Source) -> list[Block]:
    words = source.words
    runs = source.records()
    commits = {run.tags.get(keys.Tag.COMMIT, "")[:12] for run in runs}
    facts = {
        "date": datetime.date.today().isoformat(),
        "command": source.command,
        "runs": str(len(runs)),
        "faces": "; ".join(_faces(source)) or words("none"),
        "commits": ", ".join(sorted(filter(None, commits))) or words("none"),
    }
    header = [words("provenance.what"), words("provenance.value")]
    rows = [[words(f"provenance.{key}"), value] for key, value in facts.items()]
    blocks = [Paragraph(words("intro")), Sheet(words("provenance"), header, rows)]
    if not runs:
        blocks.append(Gap(words("gap.store")))
    return blocks + [Gap(words("gap.plan", reason=error)) for error in source.lost]


def _faces(source: Source) -> list[str]:
    """What each set of faces is, in words."""
    words = source.words
    by_faces = {run.faces_digest: run for run in source.records()}
    return [
        words(
            "provenance.faces.value",
            kind=words(f"kind.{run.params[keys.Param.FACES_KIND]}"),
            data=run.data_name,
            content=faces[:12],
        )
        for faces, run in by_faces.items()
    ]


def _closing(source: Source) -> Section:
    words = source.words
    found = Section(words("closing"), [Paragraph(words("closing.intro"))])
    for alike in claims.alike(source.studies):
        first = alike[0]
        fitted = read_baselines(source.store, first.faces)
        shown = [baseline for baseline in fitted if keys.test(source.test, "accuracy") in baseline.metrics]
        blocks = []
        if claims.closes(alike):
            closing = claims.closing(alike, source.test, shown)
            blocks.append(words.sheet(closing, words("closing.lead")))
        blocks.append(words.sheet(claims.supported(alike)))
        title = words("closing.title", data=first.data, protocol=first.protocol)
        found.sections.append(Section(title, blocks))
    if not found.sections:
        found.blocks.append(Gap(words("gap.named")))
    return found


def _audit(source: Source) -> Section:
    words = source.words
    columns = ("audit", "printed", "presented", "corrected", "verdict", "paragraph")
    header = [words("audit.row"), *(words(f"audit.{column}") for column in columns[1:])]
    # of the faces on which it was run; without any, what sums alone can judge
    faces = next((study.faces for study in source.studies if study.name == "audit"), None)
    alike = [study for study in source.studies if study.faces == faces]
    known = read_baselines(source.store, faces) if faces else []
    rows = [[getattr(finding, column) for column in columns] for finding in audit.findings(alike, known)]
    for row in rows:
        row[columns.index("verdict")] = words.machine(row[columns.index("verdict")])
    english = [columns.index(column) for column in ("printed", "presented", "corrected", "paragraph")]
    sheet = Sheet(words("audit.table"), header, rows, english=english)
    return Section(words("audit"), [Paragraph(words("audit.intro")), sheet])


def _repeat(source: Source) -> Section:
    words = source.words
    return Section(words("repeat"), [Paragraph(words("repeat.intro")), Commands(_commands(source))])


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
            config = f"study={study.name} protocol={study.protocol}"
            config += f" {key}={','.join(numbers)}" if numbers else ""
            trained.append(f"python train.py {config} {data}".strip())
        if not study.searched:
            evaluated.append(f"python evaluate.py study={study.name} {data}".strip())
        fitted.append(f"make baseline ARGS='{data}'" if data else "make baseline")
    return [*dict.fromkeys(trained + evaluated + fitted), source.command]
