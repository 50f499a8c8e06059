"""Write the tables and charts of Markdown pages anew from the store: `python -m fer_exp results PAGE ...`.

A page says what it shows in a comment such as `<!-- results: contrasts optimizer honest -->`. All from there
to `<!-- end of results -->` is printed by this command; everything else on the page is left as it is.
"""

import contextlib
import inspect
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fer_exp import console, files, tables, tracking
from fer_exp.analysis import ablation, closing, leaderboard
from fer_exp.audit import audit
from fer_exp.errors import UserError
from fer_exp.report import deck_tables, study_tables
from fer_exp.report.studies import intervals
from fer_exp.report.words import words_of
from fer_exp.tables import Table
from fer_exp.tracking.studies import Study, read_baselines, read_studies

_BLOCK = re.compile(r"(<!-- results: ([^\n]*?) -->\n)(.*?)(<!-- end of results -->)", re.DOTALL)

# The part of test whose accuracy the pages show, and the set that they are about.
_SUBSET, _DATA = "union", "fer2013"


class Results:
    """What the blocks of a page can ask of a store."""

    def __init__(self, store: tracking.Store):
        self.store = store
        self.studies = [study for study in read_studies(store) if study.data == _DATA]

    def block(self, asked: str, page: Path) -> str:
        """The Markdown of a block; raises UserError for one that asks for what there is not."""
        name, *words = asked.split()
        if name == "chart":
            return self._chart(page, *words)
        if name not in _TABLES:
            raise UserError(f"{page}: a block asks for {name}; known: {', '.join((*_TABLES, 'chart'))}")
        makes = _TABLES[name]
        if len(inspect.signature(makes).parameters) != 1 + len(words):
            raise UserError(f"{page}: a block asks for {asked!r}, with words too many or too few")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            tables.print_markdown(makes(self, *words), words_of("en"))
        return printed.getvalue()

    def _chart(self, page: Path, name: str, protocol: str) -> str:
        study = self.study(name, protocol)
        figure, said = intervals(study, _SUBSET, words_of("en"))
        path = page.with_name(f"{name}-{protocol}.png")
        data = io.BytesIO()
        figure.savefig(data, format="png", metadata={"Software": None})
        files.write(path, data.getvalue())
        return f"![{said}]({path.name})\n\n"

    def study(self, name: str, protocol: str) -> Study:
        """The newest sweep of a study; raises UserError if there is none."""
        # the newest come last
        for study in reversed(self.studies):
            if (study.name, study.protocol) == (name, protocol):
                return study
        raise UserError(f"no sweep of study={name} protocol={protocol} in the store: make restore-runs")

    def alike(self, protocol: str) -> list[Study]:
        """The studies of the deck's own choices by one protocol."""
        kinds = [kind for kind in closing.alike(self.studies) if kind[0].protocol == protocol]
        if not kinds:
            raise UserError(f"no study of the deck's choices by protocol={protocol} in the store")
        return kinds[-1]

    def closing(self, protocol: str) -> list[Table]:
        """The deck's closing table."""
        alike = self.alike(protocol)
        return [deck_tables.closing(alike, _SUBSET, read_baselines(self.store, alike[0].faces))]

    def audit(self) -> list[Table]:
        """The findings of the audit, and what they mean."""
        faces = self.study("audit", "deck").faces
        found = audit.findings_on(faces, self.studies, self.store)
        return [deck_tables.audit(found), deck_tables.audit(found, "audit_in_words")]


# What a block may ask for by its first word, of the words that follow.
_TABLES: dict[str, Callable[..., list[Table]]] = {
    "scores": lambda of, name, protocol: study_tables.tables(of.study(name, protocol), _SUBSET)[:1],
    "contrasts": lambda of, name, protocol: study_tables.tables(of.study(name, protocol), _SUBSET)[1:],
    "closing": Results.closing,
    "conclusions": lambda of, protocol: [deck_tables.conclusions(of.alike(protocol))],
    "verdicts": lambda of, protocol: [deck_tables.verdicts(of.alike(protocol))],
    "in_words": lambda of, protocol: [deck_tables.in_words(of.alike(protocol))],
    "ladder": lambda of: study_tables.of_study(of.study(ablation.NAME, "honest"), _SUBSET, of.store),
    "leaderboard": lambda of: leaderboard.board(leaderboard.rows_of(of.store, of.studies), wide=True),
    "audit": Results.audit,
}


def written(page: Path, results: Results) -> str:
    """The text of a page with each of its blocks made anew."""
    text = page.read_text(encoding="utf-8")
    if text.count("<!-- results: ") != len(_BLOCK.findall(text)):
        raise UserError(f"{page}: a block of results has no <!-- end of results -->")
    return _BLOCK.sub(lambda found: found[1] + "\n" + results.block(found[2], page) + found[4], text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the blocks of some pages anew, and say which have changed."""
    parser = console.Options("results", __doc__)
    parser.add_argument("pages", type=Path, nargs="+", help="Markdown pages with blocks of results")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    results = Results(tracking.existing_store(args.tracking_uri, args.experiment))
    # all are made before one is written
    texts = {page: written(page, results) for page in args.pages}
    for page, text in texts.items():
        changed = text != page.read_text(encoding="utf-8")
        if changed:
            files.write(page, text.encode())
        print(f"{page}: {'changed' if changed else 'as it was'}")
