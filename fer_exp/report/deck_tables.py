"""The deck's own tables again: its closing table, its conclusions, and the audit of its figures."""

from collections import Counter
from collections.abc import Sequence

from fer_exp.analysis import claims, published
from fer_exp.analysis import closing as closing_table
from fer_exp.analysis.claims import CLAIMS, Answer, Claim, Outcome
from fer_exp.analysis.comparison import mean
from fer_exp.audit.audit import NUMBERED
from fer_exp.audit.finding import AuditVerdict, Finding
from fer_exp.formatting import Message, message
from fer_exp.report.study_notes import partly_tested
from fer_exp.tables import Column, Table
from fer_exp.tracking import Record, keys
from fer_exp.tracking.studies import Study


def _table(name: str, studies: Sequence[Study], columns: Sequence[Column]) -> Table:
    about = {"dataset": studies[0].data, "protocol": studies[0].protocol}
    kind = message("kind", data=studies[0].data, protocol=studies[0].protocol)
    return Table(message(f"table.{name}", kind=kind), columns, [], [], name, about)


def _words(key: str, metric: str, english: bool = False) -> Column:
    return Column(message(key), of={"metric": metric}, numeric=False, english=english)


def closing(studies: Sequence[Study], subset: str, fitted: Sequence[Record]) -> Table:
    """The deck's closing table again: its choice of each section, ours beside its own figures.

    fitted: the baselines on the faces of these studies.
    """
    own = {split: {"metric": "accuracy", "split": split} for split in closing_table.SPLITS}
    own["val"]["split"] = "validation"
    own["test"]["subset"] = subset
    columns = [
        Column(message("closing.row"), key="arm", numeric=False),
        _words("choice", "choice"),
        Column(message("seeds"), key="runs"),
        *(Column(message(f"closing.{split}"), "percent", of) for split, of in own.items()),
        *(
            Column(message(f"deck_{split}"), "percent", of | {"metric": "deck_accuracy"})
            for split, of in own.items()
        ),
    ]
    table = _table("closing", studies, columns)
    rows = closing_table.closing(studies, subset)
    for row in rows:
        choice, seeds = (row.arm.name, len(row.arm.runs)) if row.arm else (message("not_run"), 0)
        name = message(f"closing.{row.study}")
        table.rows.append([name, choice, seeds, *row.ours.values(), *row.deck.values()])
    table.notes.append(message("closing.parts", subset=subset))
    table.notes += partly_tested([row.arm for row in rows if row.arm], subset)
    run = next((run for study in studies for run in study.runs), None)
    if run:
        table.notes.append(message("closing.majority", share=run.metrics[keys.MAJORITY_ACCURACY]))
    _add_baselines(table, fitted, subset)
    return table


def _add_baselines(table: Table, fitted: Sequence[Record], subset: str) -> None:
    none, metric = [None] * 3, keys.test(subset, "accuracy")
    for record in fitted:
        how = message("closing.fitted", seconds=record.metrics[keys.FIT_SECONDS])
        # one that was scored before there was such a subset has none
        score = mean([record.metrics[metric]]) if metric in record.metrics else None
        table.rows.append([message("baseline", name=record.name), how, None, None, None, score, *none])
    for name, option in closing_table.missing_baselines(fitted).items():
        table.rows.append([message("baseline", name=name), message("closing.not_fitted"), None, *none, *none])
        table.notes.append(message("closing.fits", name=name, option=option))
    given_up = published.value("svc", "linear", "fit_seconds") / 60
    table.notes.append(message("closing.baselines", minutes=given_up))


# What is no answer, as there are no runs that could give one.
_SILENT = (Outcome.NOT_RUN, Outcome.NOT_SEARCHED)


def answered(studies: Sequence[Study]) -> list[Claim]:
    """The conclusions of the deck of which these studies say anything."""
    return [
        claim
        for claim in CLAIMS
        if any(each.outcome not in _SILENT for each in claims.answers(studies, claim))
    ]


def _unanswered(studies: Sequence[Study]) -> list[Message]:
    """Which studies would answer the other conclusions."""
    told = answered(studies)
    missing = dict.fromkeys(claim.study for claim in CLAIMS if claim not in told)
    return [message("conclusions.not_run", studies=list(missing))] if missing else []


def conclusions(studies: Sequence[Study]) -> Table:
    """What the data says of conclusions of the deck, and again where each arm was tuned."""
    columns = [Column(message("concluded"), key="arm", numeric=False), _words("conclusions.data", "outcome")]
    tuned = claims.any_tuned(studies)
    columns += [_words("conclusions.tuned", "outcome_tuned")] if tuned else []
    table = _table("conclusions", studies, columns)
    for claim in answered(studies):
        found = claims.answers(studies, claim)[: 1 + tuned]
        table.rows.append([message(f"claim.{claim.id}"), *(answer(claim, each) for each in found)])
    table.notes += _unanswered(studies)
    return table


def verdicts(studies: Sequence[Study]) -> Table:
    """The conclusions in short: what holds, and the difference that says so, or that speaks most against."""
    columns = [
        Column(message("concluded"), key="arm", numeric=False),
        _words("verdict", "outcome"),
        _words("verdicts.compared", "compared"),
        Column(message("verdicts.difference"), "points", {"metric": "difference"}),
        Column(message("corrected"), "points", {"metric": "corrected_difference"}),
        _words("seeds", "runs"),
    ]
    table = _table("verdicts", studies, columns)
    table.notes.append(message("verdicts.note"))
    for claim in answered(studies):
        found, _ = claims.answers(studies, claim)
        concluded, contrast = message(f"claim.{claim.id}"), claim.decisive(found)
        if found.missing:
            table.notes.append(message("verdicts.missing", concluded=concluded, arms=found.missing))
        if contrast is None:
            table.rows.append([concluded, answer(claim, found), "", "", "", None])
            continue
        outcome = message(f"outcome.{found.outcome.value}")
        outcome = message("answer.preliminary", answer=outcome) if found.preliminary else outcome
        how = "verdicts.gap" if claim.check == "gap" else "verdicts.against"
        against = message(how, one=contrast.arm, other=found.one)
        gaps = contrast.difference or "", contrast.corrected or ""
        seeds = "-".join(map(str, dict.fromkeys(found.seeds)))
        table.rows.append([concluded, outcome, against, *gaps, seeds])
    table.notes += _unanswered(studies)
    return table


def in_words(studies: Sequence[Study]) -> Table:
    """A paragraph on a conclusion: on what the deck rested it, and what of it the runs support."""
    columns = [Column(message("concluded"), key="arm", numeric=False), _words("in_words.why", "paragraph")]
    table = _table("in_words", studies, columns)
    for claim in answered(studies):
        told = [
            message(f"in_words.{how}", seeds=_seeds(each), answer=answer(claim, each))
            for how, each in zip(("own", "tuned"), claims.answers(studies, claim), strict=True)
            if each.outcome not in _SILENT
        ]
        paragraph = message("in_words.paragraph", told=[message(f"claim.{claim.id}.rested"), *told])
        table.rows.append([message(f"claim.{claim.id}"), paragraph])
    return table


def _seeds(found: Answer) -> Message:
    fewest, most = found.seeds
    if fewest == most:
        return message("in_words.seeds", n=most)
    return message("in_words.seeds_between", fewest=fewest, most=most)


def answer(claim: Claim, found: Answer) -> Message:
    """What a study says of a conclusion, and which of its arms it says nothing of yet."""
    if found.outcome in (*_SILENT, Outcome.TOO_FEW_RUNS):
        whole = message(f"answer.{found.outcome.value}", study=found.study)
    else:
        whole = _judged(claim.check, found)
        whole = message("answer.preliminary", answer=whole) if found.preliminary else whole
    return message("answer.missing", answer=whole, arms=found.missing) if found.missing else whole


def _judged(check: str, found: Answer) -> Message:
    outcome = message(f"outcome.{found.outcome.value}")
    if check != "beats":
        how = "answer.gaps" if check == "gap" else "answer.against"
        return message(how, outcome=outcome, one=found.one, others=_sorted(found, check))
    [contrast] = found.others
    gap = {"found": contrast.difference, "p": contrast.adjusted.difference}
    return message("answer.beats", outcome=outcome, one=contrast.arm, other=found.one, **gap)


# How an arm stands whose gap between train and validation is the larger or the smaller one.
_OF_GAPS = {"better": "larger", "worse": "smaller"}


def _sorted(found: Answer, check: str) -> list[Message]:
    """The others by how they stand; what is undecided by its names alone."""
    words = _OF_GAPS if check == "gap" else {}
    arms: dict[str, list[Message | str]] = {"better": [], "worse": [], "equivalent": [], "undecided": []}
    for each in found.others:
        standing = each.verdict.standing
        gap = message("answer.gap", arm=each.arm, found=each.difference)
        arms[standing].append(each.arm if standing == "undecided" else gap)
    return [
        message(f"answer.arms.{words.get(standing, standing)}", arms=those)
        for standing, those in arms.items()
        if those
    ]


def _counted(findings: Sequence[Finding]) -> Message:
    """How many of the numbered findings have each verdict, one of several parts its weakest."""
    order = list(AuditVerdict)
    weakest: dict[str, int] = {}
    for each in findings:
        if each.audit.startswith("A"):
            weakest[each.audit] = max(order.index(each.verdict), weakest.get(each.audit, 0))
    found = Counter(order[place] for place in weakest.values())
    counts = [
        message("audit.count", n=found[verdict], verdict=message(f"audit.{verdict.value}"))
        for verdict in order
        if found[verdict]
    ]
    return message("audit.settled", all=NUMBERED, counts=counts)


# What a finding is shown by: the field of it, and its column. What was printed and found stays English.
_FINDING = {
    "audit": Column(message("audit.row"), key="arm", numeric=False),
    "id": Column(message("audit.finding"), key="finding", numeric=False),
    **{key: _words(f"audit.{key}", key, english=True) for key in ("printed", "presented", "corrected")},
    "verdict": _words("audit.verdict", "verdict"),
    "paragraph": _words("audit.paragraph", "paragraph", english=True),
}


# By which of them each table of findings shows these.
_SHOWN = {
    "audit": ("audit", "id", "printed", "presented", "corrected", "verdict"),
    "audit_in_words": ("audit", "id", "paragraph"),
    "audit_page": ("audit", "printed", "presented", "corrected", "verdict", "paragraph"),
}


def audit(findings: Sequence[Finding], name: str = "audit") -> Table:
    """The findings; name: of the table, one of `_SHOWN`."""
    fields = _SHOWN[name]
    table = Table(message(f"table.{name}"), [_FINDING[field] for field in fields], name=name)
    for finding in findings:
        verdict = message(f"audit.{finding.verdict.value}")
        table.rows.append([verdict if field == "verdict" else getattr(finding, field) for field in fields])
    if name == "audit":
        table.notes.append(_counted(findings))
        table.notes.append(message("audit.note"))
    return table
