"""Studies read back from the store: arms and their runs, as a sweep's plan names them."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fer_exp import tracking
from fer_exp.config.identity import ensemble_identity
from fer_exp.errors import UserError
from fer_exp.redaction import printable
from fer_exp.tracking import Record, artifacts, keys
from fer_exp.tracking.artifacts import PLAN, Plan, read_json
from fer_exp.tracking.keys import TRIAL, TUNED, Tag
from fer_exp.tracking.record import diverged


@dataclass(frozen=True)
class Gap:
    """A job of the plan that has not finished, and what its run is instead: missing, failed, ..."""

    job: str
    state: str


@dataclass
class Arm:
    """One cell of a study: the same choices under several seeds, or in a search's several trials.

    setting: what the deck called it. runs: the finished ones, by seed or trial. unfinished: why others lack.
    diverged: the trials whose loss did not stay finite. tuned: the trial whose rates the arm has. answers: by
    seed, what a run predicts of its validation faces, an array of `artifacts.ANSWER`; a run restored from an
    archive of figures alone has none, and trials need none.
    """

    name: str
    setting: str
    runs: dict[str, Record] = field(default_factory=dict)
    unfinished: list[Gap] = field(default_factory=list)
    diverged: dict[str, Record] = field(default_factory=dict)
    tuned: str | None = None
    answers: dict[str, np.ndarray] = field(default_factory=dict)

    def values(self, metric: str) -> list[float]:
        """The metric of each run that has it, in the order of the seeds."""
        runs = [self.runs[seed].metrics for seed in sorted(self.runs, key=int)]
        return [run[metric] for run in runs if metric in run]


@dataclass
class Study:
    """A sweep read back: its arms in the order of its plan, the first being the base.

    left_out: how many finished runs were trained for a study of this name and are not in it, by reason.
    searched: whether the runs of its arms are the trials of a search. command: what was typed for it, as
    far as the sweep has kept that. reference: the arm that the others are compared with, the first if it
    names none. margin: in points, if it names one. sweep: the id of the sweep's run. question: what it asks.
    """

    name: str
    protocol: str
    data: str
    faces: str
    selected_on: str
    arms: list[Arm]
    left_out: dict[str, int] = field(default_factory=dict)
    searched: bool = False
    command: str | None = None
    reference: str | None = None
    margin: float | None = None
    sweep: str = ""
    question: str | None = None

    @property
    def runs(self) -> list[Record]:
        """All finished runs of its arms."""
        return [run for arm in self.arms for run in arm.runs.values()]

    @property
    def base(self) -> Arm:
        """What the other arms are compared with."""
        return next((arm for arm in self.arms if arm.name == self.reference), self.arms[0])


def read_studies(
    store: tracking.Store, wanted: str | None = None, lost: list[UserError] | None = None
) -> list[Study]:
    """The newest sweep of each study, protocol and set of faces; all jobs with one query.

    A sweep over several sets is a study of each, since accuracies on different faces are not compared.
    lost: takes up why sweeps cannot be read back, which else raises UserError.
    """
    by_identity = store.latest_of_all()
    studies: dict[tuple[str, ...], Study] = {}
    for sweep in store.records(kind=keys.Kind.SWEEP):
        if wanted and sweep.study != wanted:
            continue
        keys_of = {
            faces: sweep_key(sweep.name, {**sweep.tags, Tag.FACES: faces})
            for faces in sweep.faces_digest.split(", ")
        }
        wanting = {faces: key for faces, key in keys_of.items() if key not in studies}
        if not wanting:
            continue
        try:
            for study in _read(sweep, list(wanting), store, by_identity):
                studies[wanting[study.faces]] = study
        except UserError as error:
            if lost is None:
                raise
            lost.append(error)
    return list(studies.values())[::-1]


def read_sweep(store: tracking.Store, sweep: Record) -> list[Study]:
    """The study of one sweep on each of its sets of faces; raises UserError if its plan cannot be read."""
    return _read(sweep, sweep.faces_digest.split(", "), store, store.latest_of_all())


def _read(
    sweep: Record, faces: Sequence[str], store: tracking.Store, by_identity: dict[str, Record]
) -> list[Study]:
    plan: Plan = read_json(store.run_of(sweep), PLAN)
    found = [_study(sweep, plan, each, by_identity) for each in faces]
    for study in found:
        _read_answers(study, store)
    return found


def _read_answers(study: Study, store: tracking.Store) -> None:
    for arm in study.arms if not study.searched else ():
        for seed, record in arm.runs.items():
            kept = artifacts.find_answers(store.run_of(record), artifacts.VALIDATION_ANSWERS)
            if kept is not None:
                arm.answers[seed] = kept


def with_runs(study: Study, now: Mapping[str, Record]) -> Study:
    """A study with its runs as they are now, by their id."""
    arms = [
        dataclasses.replace(arm, runs={seed: now[run.run_id] for seed, run in arm.runs.items()})
        for arm in study.arms
    ]
    return dataclasses.replace(study, arms=arms)


def sweep_key(name: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """What the sweeps have in common of which only the newest is read."""
    key = tuple(tags[tag] for tag in (Tag.STUDY, Tag.PROTOCOL, Tag.FACES))
    return (*key, name) if tags[Tag.STUDY] == "adhoc" else key


def _study(sweep: Record, plan: Plan, faces: str, by_identity: dict[str, Record]) -> Study:
    arms: dict[str, Arm] = {}
    # a plan of before is of one set
    for job in (job for job in plan["jobs"] if job.get("faces", faces) == faces):
        name = printable(job["arm"])
        arm = arms.setdefault(name, Arm(name, job["setting"], tuned=job.get(TUNED)))
        run = by_identity.get(job["identity"])
        if run is not None and run.status == "FINISHED":
            arm.runs[job.get(TRIAL, job["seed"])] = run
        elif TRIAL in job and run is not None and diverged(run):
            arm.diverged[job[TRIAL]] = run
        else:
            arm.unfinished.append(Gap(job["name"], "missing" if run is None else run.status.lower()))
    shared = (Tag.STUDY, Tag.PROTOCOL, Tag.DATA, Tag.SELECTED_ON)
    name, protocol, data, selected_on = (sweep.tags[tag] for tag in shared)
    planned = {job["identity"] for job in plan["jobs"]}
    others = [run for key, run in by_identity.items() if key not in planned and run.status == "FINISHED"]
    reasons = Counter(_why_not(run, sweep, faces) for run in others if run.study == sweep.study != "adhoc")
    searched = any(TRIAL in job for job in plan["jobs"])
    told = sweep.params.get
    margin = told(keys.Param.MARGIN)
    return Study(
        *(name, protocol, data, faces, selected_on, list(arms.values()), dict(reasons), searched),
        command=told(keys.Param.COMMAND),
        reference=told(keys.Param.REFERENCE),
        margin=None if margin is None else float(margin),
        sweep=sweep.run_id,
        question=told(keys.Param.QUESTION),
    )


def _why_not(run: Record, sweep: Record, faces: str) -> str:
    """Why a run for a study of this name is not averaged with the sweep's on these faces."""
    if run.faces_digest != faces:
        return "other_faces"
    if run.protocol not in sweep.protocol.split(", "):
        return "other_protocol"
    return "not_planned"


def read_baselines(store: tracking.Store, faces: str) -> list[Record]:
    """The baselines that were fitted on these faces, best on the union of test first.

    Those of one name also have in theirs the settings that tell them apart.
    """
    found: dict[str, Record] = {}
    for record in store.records("FINISHED", kind=keys.Kind.BASELINE, faces=faces):
        found.setdefault(record.identity, record)
    fitted = [_told_apart(record, list(found.values())) for record in found.values()]
    return sorted(fitted, key=lambda record: -record.metrics[keys.TEST_ACCURACY])


def _told_apart(record: Record, fitted: Sequence[Record]) -> Record:
    namesakes = [other.params for other in fitted if other.name == record.name]
    settings = [key for key in record.params if key.startswith("baseline.")]
    differing = [key for key in settings if len({params.get(key) for params in namesakes}) > 1]
    said = [f"{key.removeprefix('baseline.')}={record.params[key]}" for key in differing]
    return dataclasses.replace(record, name=", ".join([record.name, *said]))


def read_ensembles(store: tracking.Store, study: Study) -> dict[str, Record]:
    """The scored ensembles of a study's arms as they are now, by the arm's name, with one query."""
    scored = store.latest_of_all(keys.Kind.ENSEMBLE)
    keyed = {arm.name: ensemble_identity(run.identity for run in arm.runs.values()) for arm in study.arms}
    found = {name: scored[key] for name, key in keyed.items() if key in scored}
    return {name: record for name, record in found.items() if record.status == "FINISHED"}


@dataclass(frozen=True)
class Trial:
    """A trial that has ended, by its number."""

    number: int
    run: Record

    @property
    def loss(self) -> float:
        """On validation, of the selected weights."""
        return math.inf if diverged(self.run) else self.run.metrics[keys.SELECTED_VAL_LOSS]

    @property
    def accuracy(self) -> float:
        """On validation, of the selected weights."""
        metric = keys.MAJORITY_ACCURACY if diverged(self.run) else keys.SELECTED_VAL_ACCURACY
        return self.run.metrics[metric]


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The best first."""
    return sorted(trials, key=lambda trial: (trial.loss, trial.number))


def trials_of(arm: Arm) -> list[Trial]:
    """An arm's trials that have ended, the best first."""
    return ranked([Trial(int(number), run) for number, run in {**arm.runs, **arm.diverged}.items()])
