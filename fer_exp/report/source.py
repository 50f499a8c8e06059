"""Where the sections take from: the store, its studies, and the drawing."""

import base64
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from fer_exp import tracking
from fer_exp.analysis import closing
from fer_exp.errors import UserError
from fer_exp.formatting import Words
from fer_exp.plots import inline_svg
from fer_exp.provenance import as_typed
from fer_exp.report.blocks import Picture
from fer_exp.tracking import Record, keys
from fer_exp.tracking.record import best_run
from fer_exp.tracking.studies import Arm, Study

VALIDATION = keys.SELECTED_VAL_ACCURACY

# What a PNG file begins with.
_PNG = b"\x89PNG\r\n"


@dataclass
class Source:
    """All that the sections of one page need.

    lost: why sweeps could not be read back. language: of the page, whose words these are. test: the subset of
    test in the tables. gallery: whether faces may be shown. command: what makes this page again.
    """

    store: tracking.Store
    studies: Sequence[Study]
    lost: Sequence[UserError]
    language: str
    words: Words
    test: str
    gallery: bool
    command: str
    _drawn: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def compared(self) -> list[Study]:
        """The studies whose arms are choices to compare, which the audit's are not; the deck's first."""
        return closing.ordered([study for study in self.studies if study.name != "audit"])

    @property
    def tested(self) -> list[Study]:
        """Those for which test may be opened; the trials of a search are not judged by it."""
        return [study for study in self.compared if not study.searched]

    def records(self, faces: str | None = None) -> list[Record]:
        """Every finished run that is shown, once; only on these faces if given."""
        shown = [study for study in self.studies if faces in (None, study.faces)]
        found = {run.run_id: run for study in shown for run in study.runs}
        return list(found.values())

    def best(self, faces: str) -> tuple[Study, Record] | None:
        """The best run on these faces, and its study.

        Not of a search, the best of whose many trials is so by luck, too.
        """
        of = {
            run.run_id: (study, run)
            for study in self.studies
            if study.faces == faces and not study.searched
            for run in study.runs
        }
        found = best_run(run for _, run in of.values())
        return of[found.run_id] if found else None

    def draw(self, figure: Figure, alt: str, caption: str = "", wide: bool = False) -> Picture:
        """A figure as a picture of the page; alt: its alt text."""
        return Picture(Markup(inline_svg.inline(figure, f"f{next(self._drawn)}", alt)), caption, wide=wide)

    def evaluate_command(self, run: Record) -> str:
        """The command that opens test for a run."""
        return as_typed(f"python evaluate.py run={run.run_id} {data_arguments(run.data_name)}".strip())


def data_arguments(data: str) -> str:
    """What a command needs to be told of the faces."""
    return "" if data == "synthetic" else f"data={data} data.root=PATH"


def by_validation(study: Study) -> list[Arm]:
    """The arms that have runs, by mean validation accuracy, best first."""
    arms = [arm for arm in study.arms if arm.values(VALIDATION)]
    return sorted(arms, key=lambda arm: -np.mean(arm.values(VALIDATION)))


def image(path: Path, alt: str) -> Markup:
    """A PNG file as an `img` element that holds it. Raises UserError if it cannot be read or is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if not content.startswith(_PNG):
        raise UserError(f"{path}: is no PNG")
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(
        base64.b64encode(content).decode(), alt
    )
