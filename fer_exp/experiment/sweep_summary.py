"""What a sweep says of its jobs: how many are what, and at its end what became of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from fer_exp.experiment.plan import REUSE, PlannedJob
from fer_exp.tables import Table
from fer_exp.tracking import Record, keys, record


def side_by_side(at_once: Callable[[int], int], total: int) -> str:
    """How many jobs run at a time, as the counter will have it: `2 at a time, the last 3 together`.

    at_once: how many run while so many have not ended.
    """
    usual = min(at_once(total), total)
    most = max(min(at_once(left), left) for left in range(1, total + 1))
    return f"{usual} at a time" + (f", the last {most} together" if most > usual else "")


def counted(words: Iterable[str]) -> str:
    """How often each word occurs: `2 done, 1 failed`."""
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def table(title: str, jobs: Sequence[PlannedJob], ended: Sequence[Record | None], stopped: bool) -> Table:
    """A row a job, and why some have no figures.

    ended: the run of each. stopped: whether jobs were left out as another had failed.
    """
    found = Table(title, ["job", "state", "validation accuracy in %"])
    for job, run in zip(jobs, ended, strict=True):
        accuracy = run.metrics.get(keys.SELECTED_VAL_ACCURACY) if run else None
        percent = "" if accuracy is None else f"{100 * accuracy:.2f}"
        found.rows.append([job.name, state(job, run, stopped), percent])
        if not record.settled(run, job.trial is not None) and not (run is None and stopped):
            found.notes.append(f"{job.name}: {_why_not(run)}")
    return found


def state(job: PlannedJob, run: Record | None, stopped: bool) -> str:
    """What became of a job, in a word or two; stopped: whether jobs were left out as another had failed."""
    if run is None:
        return "not started" if stopped else "failed"
    if job.trial is not None and record.diverged(run):
        return "diverged"
    if run.status != "FINISHED":
        return run.status.lower()
    return "reused" if job.action == REUSE else "done"


def _why_not(run: Record | None) -> str:
    """Why a job has no figures, in words, and where to read more."""
    if run is None:
        return "it failed before its run began: see above"
    return f"{run.tags.get(keys.Tag.ERROR) or run.status.lower()} (log: {run.tags.get(keys.Tag.LOG, 'none')})"
