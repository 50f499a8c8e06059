"""The comparison: finished runs, read back from the store, as tables.

A study's plan says which cells there must be, so failed and missing ones are shown; runs of other
faces or another protocol have a table of their own and are never averaged with these.
"""

import dataclasses
import datetime
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fer_exp import statistics, tracking
from fer_exp.analysis import published
from fer_exp.errors import UserError
from fer_exp.evaluation import scoring
from fer_exp.experiment.plan import PLAN, TRIAL, TUNED, diverged
from fer_exp.statistics import Difference
from fer_exp.tables import Table
from fer_exp.tracking import Record

SIGNIFICANCE = 0.05

# What arms are compared by.
ACCURACY = "selected/val_accuracy"


@dataclass
class Arm:
    """One cell of a study: the same choices under several seeds, or in a search's several trials.

    setting: what the deck called it. runs: the finished ones, by seed or trial. unfinished: why others lack.
    diverged: the trials whose loss did not stay finite. tuned: the trial whose rates the arm has.
    """

    name: str
    setting: str
    runs: dict[str, Record] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    diverged: dict[str, Record] = field(default_factory=dict)
    tuned: str | None = None

    def values(self, metric: str, seeds: Sequence[str] | None = None) -> list[float]:
        """The metric of each run that has it, in the order of `seeds` (all, if not given)."""
        found = [self.runs[seed].metrics.get(metric) for seed in (seeds or sorted(self.runs, key=int))]
        return [value for value in found if value is not None]


@dataclass
class Study:
    """A sweep read back: its arms in the order of its plan, the first being the base.

    left_out: how many finished runs were trained for a study of this name and are not in it, by reason.
    searched: whether the runs of its arms are the trials of a search. command: what was typed for it, as
    far as the sweep has kept that.
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

    @property
    def base(self) -> Arm:
        """What the other arms are compared with."""
        return self.arms[0]

    @property
    def title(self) -> str:
        """The study with all that its figures depend on."""
        return f"{self.name} · {self.data} · {self.protocol} protocol · weights of the {self.selected_on}"


def read_studies(
    store: tracking.Store, wanted: str | None = None, lost: list[UserError] | None = None
) -> list[Study]:
    """The newest sweep of each study, protocol and set of faces; all jobs with one query.

    lost: takes up why sweeps cannot be read back, which else raises UserError.
    """
    by_identity = store.latest_of_all()
    studies: dict[tuple[str, ...], Study] = {}
    for sweep in store.records(kind="sweep"):
        if wanted and sweep.tags["study"] != wanted:
            continue
        key = sweep_key(sweep.name, sweep.tags)
        if key in studies:
            continue
        try:
            studies[key] = _study(sweep, read_plan(store.run_of(sweep)), by_identity)
        except UserError as error:
            if lost is None:
                raise
            lost.append(error)
    return list(studies.values())[::-1]


def sweep_key(name: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """What the sweeps have in common of which only the newest is read."""
    key = tuple(tags[tag] for tag in ("study", "protocol", "faces"))
    return (*key, name) if tags["study"] == "adhoc" else key


def read_plan(run: tracking.Run) -> dict:
    """The plan that a sweep's run keeps; raises UserError if it cannot be read."""
    path = run.fetch(PLAN)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"run {run.id}: {PLAN} is damaged ({error}): start the sweep again") from None


def _study(sweep: Record, plan: dict, by_identity: dict[str, Record]) -> Study:
    arms: dict[str, Arm] = {}
    for job in plan["jobs"]:
        arm = arms.setdefault(job["arm"], Arm(job["arm"], job["setting"], tuned=job.get(TUNED)))
        run = by_identity.get(job["identity"])
        if run is not None and run.status == "FINISHED":
            arm.runs[job.get(TRIAL, job["seed"])] = run
        elif TRIAL in job and run is not None and diverged(run):
            arm.diverged[job[TRIAL]] = run
        else:
            arm.unfinished.append(f"{job['name']}: {'missing' if run is None else run.status.lower()}")
    tags = sweep.tags
    shared = [tags[tag] for tag in ("study", "protocol", "data", "faces", "selected_on")]
    planned = {job["identity"] for job in plan["jobs"]}
    others = [run for key, run in by_identity.items() if key not in planned and run.status == "FINISHED"]
    reasons = Counter(_why_not(run, sweep) for run in others if run.tags["study"] == tags["study"] != "adhoc")
    searched = any(TRIAL in job for job in plan["jobs"])
    return Study(*shared, list(arms.values()), dict(reasons), searched, sweep.params.get("command"))


def _why_not(run: Record, sweep: Record) -> str:
    """Why a run for a study of this name is not averaged with the sweep's."""
    if run.tags["faces"] != sweep.tags["faces"]:
        return "on other faces"
    if run.tags["protocol"] not in sweep.tags["protocol"].split(", "):
        return "by another protocol"
    return "of settings or code that the newest sweep does not plan"


def scores(study: Study, test: str) -> Table:
    """What each arm reaches: mean and 95 % interval over seeds, with the deck's figure beside it."""
    header = ["arm", "seeds", "train", "val", f"test ({test})", "val macro-F1", "epoch", "seconds"]
    table = Table(f"{study.title}: accuracy in %, mean ± half of the 95 % interval over seeds", header)
    metrics = ("selected/train_accuracy", "selected/val_accuracy", f"test/{test}/accuracy")
    for arm in study.arms:
        cells = [percent(arm.values(metric)) for metric in (*metrics, "selected/val_macro_f1")]
        middle = [_mean(arm.values(metric)) for metric in ("selected/epoch", "selected/train_seconds")]
        table.rows.append([arm.name, str(len(arm.runs)), *cells, *middle])
    table.notes += [f"{arm.name}: {_tuned(arm)}" for arm in study.arms if arm.tuned and arm.runs]
    table.notes += [*missing(study), *_sizes(study, test), *partly_tested(study.arms, test), *origin(study)]
    return table


def missing(study: Study) -> list[str]:
    """What a study lacks, and what was left out of it."""
    said = [said for arm in study.arms for said in arm.unfinished]
    if study.left_out:
        counted = ", ".join(f"{count} {reason}" for reason, count in sorted(study.left_out.items()))
        said.append(f"left out, not averaged with these: {counted}")
    return said


def _tuned(arm: Arm) -> str:
    params = next(iter(arm.runs.values())).params
    lr, weight_decay = (float(params[f"optimizer.{key}"]) for key in ("lr", "weight_decay"))
    return f"learning rate {lr:g}, weight decay {weight_decay:g} (trial {arm.tuned} of its search)"


def contrasts(study: Study) -> Table:
    """Each arm against the base, seed by seed, and against what the deck printed."""
    header = ["arm", "against " + study.base.name, "p (Holm)", "verdict", "deck's val", "of the deck's"]
    table = Table(f"{study.title}: differences in points of validation accuracy", header)
    others = [arm for arm in study.arms if arm is not study.base]
    differences = [against(arm, study.base) for arm in others]
    adjusted = statistics.holm([found.p if found else np.nan for found in differences])
    said = {arm.name: _contrast(*pair) for arm, *pair in zip(others, differences, adjusted, strict=True)}
    for arm in study.arms:
        table.rows.append([arm.name, *said.get(arm.name, ["base", "", ""]), *_against_deck(study.name, arm)])
    return table


def against(arm: Arm, base: Arm) -> Difference | None:
    """The paired difference to the base over the seeds that both have; None without two such seeds."""
    shared = sorted(set(arm.runs) & set(base.runs), key=int)
    if len(shared) < 2:
        return None
    return statistics.paired_difference(arm.values(ACCURACY, shared), base.values(ACCURACY, shared))


def _contrast(found: Difference | None, p: float) -> list[str]:
    if found is None:
        return ["", "", "no two shared seeds: no test"]
    interval = f"{100 * found.mean:+.2f} [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"
    better = "better" if found.mean > 0 else "worse"
    return [interval, chance(p), better if p < SIGNIFICANCE else "tie inside the noise"]


def _against_deck(study: str, arm: Arm) -> list[str]:
    """The deck's figure for this arm, and whether one more run of ours would plausibly give it."""
    printed = published.figure(study, arm.setting, "val_accuracy")
    if printed is None:
        return ["", ""]
    figure = f"{100 * printed.value:.2f}"
    values = arm.values(ACCURACY)
    if len(values) < 2:
        return [figure, "open: it takes two seeds"]
    expected = statistics.next_value_interval(values)
    verdict = "reproduced" if expected.low <= printed.value <= expected.high else "not reproduced"
    if "printed as Test" in printed.note:
        verdict += "; printed as test, but of validation"
    return [figure, verdict]


def read_yardsticks(store: tracking.Store, faces: str) -> list[Record]:
    """The yardsticks that were fitted on these faces, best on the union of test first.

    Those of one name also have in theirs the settings that tell them apart.
    """
    found: dict[str, Record] = {}
    for record in store.records("FINISHED", kind="baseline", faces=faces):
        found.setdefault(record.tags["identity"], record)
    fitted = [_told_apart(record, list(found.values())) for record in found.values()]
    return sorted(fitted, key=lambda record: -record.metrics["test/union/accuracy"])


def _told_apart(record: Record, fitted: Sequence[Record]) -> Record:
    namesakes = [other.params for other in fitted if other.name == record.name]
    settings = [key for key in record.params if key.startswith("baseline.")]
    differing = [key for key in settings if len({params.get(key) for params in namesakes}) > 1]
    said = [f"{key.removeprefix('baseline.')}={record.params[key]}" for key in differing]
    return dataclasses.replace(record, name=", ".join([record.name, *said]))


def beside(rivals: Sequence[Record], reference: Record, store: tracking.Store, labels: np.ndarray) -> Table:
    """Evaluated runs and yardsticks on the union of test, each tested against the reference.

    labels: the true ones, int [N], of the test faces.
    """
    header = ["", "accuracy in %", "macro-F1", "seconds", f"p against {reference.name}"]
    table = Table(f"on the union of test, n = {len(labels)}", header)
    right = {record.run_id: _right(record, store, labels) for record in [reference, *rivals]}
    truth = right.pop(reference.run_id)
    known = {} if truth is None else {key: found for key, found in right.items() if found is not None}
    p_values = statistics.holm([statistics.mcnemar(found, truth) for found in known.values()])
    # no p-value is 0, but a float may be
    said = {key: f"{p:.2g}" if p else "<1e-300" for key, p in zip(known, p_values, strict=True)}
    for record in sorted(rivals, key=lambda record: -record.metrics["test/union/accuracy"]):
        mean, low, high = (record.metrics[f"test/union/accuracy{end}"] for end in ("", "_low", "_high"))
        seconds = record.metrics.get("fit/seconds", record.metrics.get("selected/train_seconds"))
        scores = [f"{100 * mean:.2f} [{100 * low:.2f}, {100 * high:.2f}]"]
        scores += [f"{record.metrics['test/union/macro_f1']:.3f}", f"{seconds:.1f}"]
        table.rows.append([record.name, *scores, said.get(record.run_id, "")])
    table.notes.append("p: McNemar's exact test of two fixed classifiers, Holm-adjusted over the rows")
    table.notes.append("a yardstick is fitted on all of train; a network leaves out its validation faces")
    if len(known) < len(right):
        table.notes.append("no p: where the answers to test, of either, are not here")
    return table


def _right(record: Record, store: tracking.Store, labels: np.ndarray) -> np.ndarray | None:
    """Which test faces a run got right, bool [N]; None if its answers are not here."""
    try:
        return scoring.predictions(store.run(record.run_id)) == labels
    except tracking.NoFileError:
        return None


def chance(p: float) -> str:
    """A p-value to three places; none is ever 0."""
    return f"{p:.3f}" if p >= 0.0005 else "<0.001"


def percent(values: Sequence[float]) -> str:
    """A mean of shares in percent, with half of its 95 % interval where there is one."""
    if not values:
        return "-"
    found = statistics.mean_interval(values)
    half = "" if np.isnan(found.low) else f" ±{100 * (found.high - found.mean):.2f}"
    return f"{100 * found.mean:.2f}{half}"


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1f}" if values else "-"


def origin(study: Study) -> list[str]:
    """When, by which code and at what cost the runs of a study were trained."""
    runs = [run for arm in study.arms for run in arm.runs.values()]
    if not runs:
        return []
    days = sorted({datetime.date.fromtimestamp(run.started).isoformat() for run in runs})
    commits = sorted({run.tags.get("mlflow.source.git.commit", "")[:12] or "no commit" for run in runs})
    spent: dict[str, float] = {}
    for run in runs:
        spent[run.device] = spent.get(run.device, 0) + run.metrics["selected/train_seconds"] / 60
    # jobs that share a GPU each count the whole time
    units = {
        device: "minutes of one core" if device == "cpu" else f"job-minutes of {device}" for device in spent
    }
    minutes = " and ".join(f"{spent[device]:.1f} {units[device]}" for device in sorted(spent))
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    return [f"trained {when} in {minutes} in all, at {', '.join(commits)}"]


def partly_tested(arms: Sequence[Arm], test: str) -> list[str]:
    """Which of these arms have seeds that were not tested while others were, so that no mean hides it."""
    counts = [(arm, len(arm.values(f"test/{test}/accuracy"))) for arm in arms if arm.runs]
    lacking = [f"{arm.name} {count} of {len(arm.runs)}" for arm, count in counts if count < len(arm.runs)]
    if not lacking or not any(count for _, count in counts):
        return []
    return [f"test of fewer seeds: {', '.join(lacking)}"]


def _sizes(study: Study, test: str) -> list[str]:
    """How many faces each figure is of, so that none travels without its n."""
    runs = [run for arm in study.arms for run in arm.runs.values()]
    if not runs:
        return []
    params = runs[0].params
    sizes = [f"train n = {params['faces.fit']}", f"validation n = {params['faces.validation']}"]
    tested = next((run.metrics[key] for run in runs if (key := f"test/{test}/n") in run.metrics), None)
    sizes.append(f"test n = {tested:.0f}" if tested else "test not opened yet: python evaluate.py study=...")
    return ["; ".join(sizes)]
