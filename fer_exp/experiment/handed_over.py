"""Jobs that a sweep has handed to a cluster and left there: remembered with its run until it is summed up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fer_exp import tracking
from fer_exp.experiment.plan import PlannedJob
from fer_exp.tracking import artifacts, keys


@dataclass(frozen=True)
class HandedOver:
    """The run of a sweep that has left its jobs, and the cluster's name of each job by identity."""

    run_id: str
    jobs: Mapping[str, str]


def find(store: tracking.Store, planned: Sequence[PlannedJob]) -> HandedOver | None:
    """The newest sweep of these very jobs that was left to a cluster; None if there is none."""
    wanted = {job.identity for job in planned}
    for sweep in store.records(keys.LEFT, kind=keys.Kind.SWEEP):
        run = store.run_of(sweep)
        if {job["identity"] for job in artifacts.read_json(run, artifacts.PLAN)["jobs"]} == wanted:
            return HandedOver(sweep.run_id, artifacts.read_json(run, artifacts.HANDED_OVER))
    return None


def missing(planned: Sequence[PlannedJob], left: Mapping[str, str], waiting: Collection[str]) -> list[int]:
    """The numbers of the jobs to hand over: to train, and not with the cluster.

    left: what it calls those that it was handed before, by identity. waiting: those that it has still.
    """
    return [
        number for number, job in enumerate(planned) if job.to_train and left.get(job.identity) not in waiting
    ]


def show(title: str, planned: Sequence[PlannedJob], waiting: int) -> None:
    """Say how many jobs of a sweep are done, and how many the cluster has still."""
    done = sum(not job.to_train for job in planned)
    print(f"{title}: {done} of {len(planned)} done, {waiting} with Slurm")
    print("the same command later says how they stand, and sums the sweep up")
