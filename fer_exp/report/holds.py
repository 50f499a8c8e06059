"""The page's first section: what holds. The deck's conclusions, or what the newest sweep has found."""

import dataclasses
from collections import Counter

from fer_exp.analysis import claims, closing, comparison
from fer_exp.analysis.claims import Outcome
from fer_exp.formatting import message
from fer_exp.report import deck_tables, finding
from fer_exp.report.blocks import Block, Gap, Paragraph, Section
from fer_exp.report.source import Source
from fer_exp.report.words import sheet
from fer_exp.tracking.studies import Study


def section(source: Source) -> Section:
    """The verdicts on the deck's conclusions where there are any; else the newest study in sentences."""
    blocks: list[Block] = []
    for alike in closing.alike(source.studies):
        if deck_tables.answered(alike):
            verdicts = sheet(deck_tables.verdicts(alike), source.words)
            blocks += [*_counted(alike, source), dataclasses.replace(verdicts, cards=True)]
    trained = [study for study in source.studies if study.runs and not study.searched]
    if not blocks and trained:
        blocks.append(_found(trained[-1], source))
    return Section(source.words("holds"), blocks or [Gap(source.words("gap.named"))])


def _counted(studies: list[Study], source: Source) -> list[Block]:
    """How many of the deck's conclusions have each outcome, in a sentence; none without a count."""
    found = Counter(claims.answers(studies, claim)[0].outcome for claim in deck_tables.answered(studies))
    # too few runs decide nothing either
    found[Outcome.UNDECIDED] += found.pop(Outcome.TOO_FEW_RUNS, 0)
    order = (Outcome.SUPPORTED, Outcome.IN_PART, Outcome.CONTRADICTED, Outcome.UNDECIDED)
    # a conclusion that only tuned runs answer has another outcome, and no count
    told = {each: found[each] for each in order if found[each]}
    counts = [
        message("holds.count", n=count, outcome=message(f"outcome.{outcome.value}"))
        for outcome, count in told.items()
    ]
    of = {"data": studies[0].data, "protocol": studies[0].protocol, "counts": counts}
    return [Paragraph(source.words("holds.counted", n=sum(told.values()), **of))] if told else []


def _found(study: Study, source: Source) -> Paragraph:
    """What a study has found, as `fer_exp finding` says it."""
    words = source.words
    judged = [arm.contrast for arm in comparison.summarise(study, source.test) if arm.contrast is not None]
    said = " ".join(finding.sentences(judged, study.base.name, words)) or words("holds.nothing")
    return Paragraph(words("holds.study", study=study.name, data=study.data, said=said))
