"""What stands below a study's tables: what is missing, n of its figures, and where its runs come from."""

import itertools
from collections.abc import Iterator, Sequence

from fer_exp.analysis import comparison
from fer_exp.formatting import Message, Styled, message
from fer_exp.provenance import as_typed
from fer_exp.tracking.studies import Arm, Study

# Jobs in a row that are told one by one.
_EACH = 3


def gap(job: str, state: str) -> Styled:
    told = message("gap.job", job=job, state=message(f"state.{state}"))
    return Styled(told, tone="bad" if state in ("failed", "killed") else "")


def missing(study: Study) -> list[Message | Styled]:
    """What a study lacks, and what was left out of it."""
    found: list[Message | Styled] = [each for arm in study.arms for each in _gaps(arm)]
    if study.left_out:
        reasons = [message(f"left_out.{reason}", n=n) for reason, n in sorted(study.left_out.items())]
        found.append(message("left_out", reasons=reasons))
    return found


def _gaps(arm: Arm) -> Iterator[Message | Styled]:
    """Each job that an arm lacks, or the first and the last of many in a row that are lacking alike."""
    for state, alike in itertools.groupby(arm.unfinished, lambda each: each.state):
        jobs = [each.job for each in alike]
        if len(jobs) > _EACH:
            yield message(
                "gap.many", first=jobs[0], last=jobs[-1], n=len(jobs), state=message(f"state.{state}")
            )
        else:
            yield from (gap(job, state) for job in jobs)


def sizes(study: Study, subset: str = "") -> list[Message]:
    """How many faces each figure is of, so that none travels without its n."""
    found = comparison.sizes(study, subset)
    if found is None:
        return []
    fitted = message("sizes", train=_range(found.train), validation=_range(found.validation))
    if not subset:
        return [fitted]
    if found.majority is not None:
        return [message("sizes.majority", sizes=fitted, n=found.test, majority=found.majority)]
    if found.test:
        return [message("sizes.tested", sizes=fitted, n=found.test)]
    command = as_typed(f"python evaluate.py study={study.name}")
    return [fitted, message("sizes.shut", command=command)]


def _range(ends: tuple[int, int]) -> int | Message:
    first, last = ends
    return first if first == last else message("sizes.range", first=first, last=last)


def partly_tested(arms: Sequence[Arm], subset: str) -> list[Message]:
    """Which of these arms have seeds that were not tested while others were, so that no mean hides it."""
    lacking = comparison.partly_tested(arms, subset)
    counted = [message("partly_tested.arm", arm=name, tested=n, of=of) for name, (n, of) in lacking.items()]
    return [message("partly_tested", arms=counted)] if counted else []


def origin(study: Study) -> list[Message]:
    """When, by which code and at what cost the runs of a study were trained."""
    found = comparison.origin(study)
    if found is None:
        return []
    spent = [
        message("origin.cpu", minutes=minutes)
        if device == "cpu"
        # jobs that share a GPU each count the whole time
        else message("origin.device", device=device, minutes=minutes)
        for device, minutes in found.minutes.items()
    ]
    whole = spent[0] if len(spent) == 1 else message("origin.both", spent=spent[:-1], last=spent[-1])
    days = message("origin.days", first=found.first, last=found.last)
    when = days if found.first != found.last else found.first
    commits = [commit or message("origin.no_commit") for commit in found.commits]
    told = [message("origin", when=when, spent=whole, commits=commits)]
    if found.processors:
        many = "origin.processors" if len(found.processors) > 1 else "origin.processor"
        told.append(message(many, processors=found.processors))
    return told
