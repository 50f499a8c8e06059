"""Say what a sweep has found: `python -m fer_exp finding`.

Its question, a bar an arm, the verdicts, one sentence, and what to do next, for whoever sees it for the first
time. `compare` has all the figures.
"""

from collections.abc import Sequence
from math import nan

import rich.bar
import rich.table
from rich.console import Console

from fer_exp import console, hints, places, provenance, tracking
from fer_exp.analysis import comparison
from fer_exp.analysis.comparison import ArmSummary
from fer_exp.analysis.family import MARGIN
from fer_exp.analysis.verdicts import Contrast, Reason
from fer_exp.errors import UserError
from fer_exp.formatting import Words
from fer_exp.report.verdict_text import verdict_text
from fer_exp.report.words import LANGUAGES, words_of
from fer_exp.statistics import Interval
from fer_exp.tracking import keys
from fer_exp.tracking.studies import Study, read_studies

# The part of test whose accuracy is shown, and the letters of a bar of 100 %.
_SUBSET, _BAR = "union", 26

# Why there is neither a verdict nor an interval to show.
_UNPAIRED = (Reason.NO_SHARED_RUNS, Reason.TOO_FEW_RUNS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the newest sweep has found, or that of a study."""
    parser = console.Options("finding", __doc__)
    parser.add_argument("--study", help="of this study (default: of the newest sweep)")
    parser.add_argument("--lang", default="en", choices=LANGUAGES)
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    study = newest(tracking.existing_store(args.tracking_uri, args.experiment), args.study)
    show(study, words_of(args.lang))


def newest(store: tracking.Store, wanted: str | None) -> Study:
    """The study of the newest sweep that has finished runs; of this name, if one is wanted.

    Of one by several protocols it is the honest one.
    """
    studies = [study for study in read_studies(store, wanted) if study.runs]
    found = [study for study in studies if not study.searched and study.name != "audit"]
    asked, begin = (f"--study {wanted}: ", hints.to_train(wanted)) if wanted else ("", "make run")
    if studies and not found:
        tables = provenance.as_typed(f"python -m fer_exp compare --study {studies[-1].name}")
        raise UserError(f"{asked}{studies[-1].name} compares no arms; {tables} shows what its runs are for")
    if not found:
        raise UserError(f"{asked}no sweep with finished runs in {store.uri} yet: {begin}")
    honest = [study for study in found if study.protocol == "honest"] if wanted else []
    return (honest or found)[-1]


def show(study: Study, words: Words) -> None:
    """Print what a study has found."""
    arms = comparison.summarise(study, _SUBSET)
    screen = Console(markup=False, emoji=False, highlight=False)
    print(study.question or words("finding.question", base=study.base.name))
    what = {"study": study.name, "data": study.data, "protocol": study.protocol}
    print(words("finding.what", n=len(arms), seeds=_seeds([arm.runs for arm in arms], words), **what) + "\n")
    screen.print(_bars(study, arms, words))
    print()
    judged = [arm.contrast for arm in arms if arm.contrast is not None]
    lines = [_line(contrast, study, words) for contrast in judged if contrast.reason not in _UNPAIRED]
    for line in lines:
        screen.print(line)
    if lines:
        print()
    for sentence in sentences(judged, study.base.name, words):
        screen.print(sentence)
    print()
    for line in _next(study, arms, words):
        print(line)


def _seeds(runs: Sequence[int], words: Words) -> str:
    fewest, most = min(runs), max(runs)
    return (
        words("finding.seeds", n=most)
        if fewest == most
        else words("finding.seeds.range", fewest=fewest, most=most)
    )


def _bars(study: Study, arms: Sequence[ArmSummary], words: Words) -> rich.table.Table:
    """A row an arm, the best first, and what always answering the largest class reaches."""
    shown = rich.table.Table(box=None, pad_edge=False, header_style="")
    shown.add_column("", no_wrap=True)
    shown.add_column(words("finding.validation"), no_wrap=True)
    shown.add_column("", no_wrap=True, justify="right")
    shown.add_column(words("finding.test"), no_wrap=True, justify="right")
    rows = [(arm.name, arm.val, arm.test) for arm in arms if arm.val is not None]
    rows.sort(key=lambda row: -row[1].mean)
    for name, validation, test in [*rows, *_majority(study, words)]:
        bar = rich.bar.Bar(1.0, 0.0, validation.mean, width=_BAR)
        figures = [words.text(share, "percent") if share else "" for share in (validation, test)]
        shown.add_row(name, bar, *figures)
    return shown


def _majority(study: Study, words: Words) -> list[tuple[str, Interval, Interval | None]]:
    """A row of what always answering the largest class reaches; none where no run says it."""
    runs = [run.metrics for run in study.runs]
    validation, test = (
        [run[metric] for run in runs if metric in run]
        for metric in (keys.MAJORITY_ACCURACY, keys.majority(_SUBSET))
    )
    if not validation:
        return []
    of_validation, *of_test = (
        Interval(sum(shares) / len(shares), nan, nan) for shares in (validation, test) if shares
    )
    return [(words("finding.majority"), of_validation, of_test[0] if of_test else None)]


def _line(contrast: Contrast, study: Study, words: Words) -> str:
    verdict = verdict_text(contrast, MARGIN if study.margin is None else study.margin)
    values = {"arm": contrast.arm, "base": study.base.name, "verdict": words.text(verdict)}
    return words("finding.against", difference=contrast.difference, **values)


def sentences(judged: Sequence[Contrast], base: str, words: Words) -> list[str]:
    """What came out, in words: which arms are better or worse than the base, and how sure that is."""
    if not judged:
        return [words("finding.alone")]
    groups: dict[str, list[str]] = {}
    for contrast in judged:
        group = "none" if contrast.reason in _UNPAIRED else contrast.verdict.standing
        groups.setdefault(group, []).append(contrast.arm)
    found = [
        words(f"finding.{group}", n=len(arms), arms=_listed(arms, words), base=base)
        for group, arms in groups.items()
    ]
    preliminary = any(each.preliminary for each in judged if each.reason not in _UNPAIRED)
    return found + [words("finding.preliminary")] * preliminary


def _listed(names: Sequence[str], words: Words) -> str:
    """Names as in a sentence: `a, b and c`."""
    *first, last = names
    return words("finding.and", first=", ".join(first), last=last) if first else last


def _next(study: Study, arms: Sequence[ArmSummary], words: Words) -> list[str]:
    """What to do next, a line each."""
    steps = {"make ui": "ui", "make report": "report", "make demo-page RUN=best": "demo"}
    # a wheel brings no archive
    if study.data == "synthetic" and not places.IS_WHEEL:
        steps["make restore-runs"] = "real"
    if not any(arm.test for arm in arms):
        steps = {f"python evaluate.py study={study.name}": "evaluate", **steps}
    steps = {provenance.as_typed(step): key for step, key in steps.items()}
    width = max(map(len, steps))
    return [f"{step:<{width}}   {words(f'finding.{key}')}" for step, key in steps.items()]
