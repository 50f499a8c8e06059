"""A sweep: its jobs planned before they start, its own run in the store, and its summary.

The sweep's run keeps the plan (every job's values and identity), so a table can be made from it
that shows failed and missing cells, and jobs that an earlier sweep has trained already.
"""

import atexit
import contextlib
import dataclasses
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from fer_exp import provenance, redaction, tables, tracking
from fer_exp.config import derived
from fer_exp.config.identity import job_identity
from fer_exp.config.search_space import RandomSearch
from fer_exp.config.settings import Experiment
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.errors import UserError
from fer_exp.experiment import cost_estimate, facts, handed_over, job_check, sweep_summary, teacher
from fer_exp.experiment.monitor import SweepMonitor
from fer_exp.experiment.plan import PlannedJob, action, check_reference, swept_values, title
from fer_exp.tracking import Record, artifacts, descriptions, keys, record, registry
from fer_exp.training.device import device_name

log = logging.getLogger(__name__)

# What all figures of a sweep's table share; where jobs differ, all that occurs.
_SWEEP_TAGS = {
    keys.Tag.PROTOCOL: lambda job: derived.protocol(job.settings),
    keys.Tag.SELECTED_ON: lambda job: facts.selection_rule(job.settings.protocol),
    keys.Tag.DATA: lambda job: job.settings.data.name,
    keys.Tag.FACES: lambda job: job.faces,
}


class Sweep:
    """The jobs of one sweep and the run that stands for it in the store."""

    def __init__(
        self,
        planned: Sequence[PlannedJob],
        factors: Sequence[str],
        store: tracking.Store,
        found: Mapping[str, Record],
        datasets: Sequence[Dataset],
        command: str,
    ):
        self.jobs = planned
        self.factors = factors
        self.store = store
        self.datasets = datasets
        self.command = command
        self.settings = planned[0].settings
        self.title = title(self.settings.study, planned)
        self.found = found
        self.handed_over = handed_over.find(store, planned) if self.settings.detach else None
        # once it is open
        self.run: tracking.Run
        self.monitor: SweepMonitor | None = None
        self.open_run = ExitStack()

    @classmethod
    def plan(
        cls, composed: Sequence[tuple[Sequence[str], Experiment]], factors: Sequence[str], command: str
    ) -> "Sweep":
        """Plan a sweep from the overrides and settings of each job and the swept keys.

        command: what the user typed.
        Reads the faces (and so decodes and caches them once, before the jobs need them) and opens
        the store, creating it if there is none. Raises UserError for a mistake in any job.
        """
        for _, config in composed:
            job_check.check(config)
        sets = {data: datasets.load_faces(data) for data in {config.data for _, config in composed}}
        for dataset in sets.values():
            print(dataset.describe(), flush=True)
        store = tracking.Store(composed[0][1].tracking)
        store.sync()
        store.close_abandoned()
        found = store.known_here()
        planned = []
        for overrides, config in composed:
            dataset = sets[config.data]
            taught, _ = teacher.named(config, dataset, store)
            key = job_identity(taught, dataset.digest)
            job = PlannedJob(swept_values(overrides, factors), taught, dataset.digest, key)
            what = action(found.get(key), config.rerun, job.trial is not None)
            planned.append(dataclasses.replace(job, action=what))
        check_reference(composed[0][1].reference, planned)
        return cls(planned, factors, store, found, list(sets.values()), command)

    @property
    def left(self) -> Mapping[str, str]:
        """What a cluster calls the jobs that this sweep has left to it before, by identity."""
        return self.handed_over.jobs if self.handed_over else {}

    @property
    def nothing_to_do(self) -> bool:
        """Whether no job is left to train."""
        return not any(job.to_train for job in self.jobs)

    def show_plan(self) -> None:
        """List the jobs and what each would do."""
        for key, text in vars(self.settings.about).items():
            if text:
                print(f"{key}: {text}")
        rates = {"learning rate": "lr", "weight decay": "weight_decay"} if self._searches else {}
        table = tables.Table(self.title, ["job", *rates, "would"])
        for job in self.jobs:
            drawn = [f"{getattr(job.settings.optimizer, key):g}" for key in rates.values()]
            table.rows.append([job.name, *drawn, job.action])
        tables.print_terminal(table)
        print(sweep_summary.counted(job.action for job in self.jobs))
        to_train = [job for job in self.jobs if job.to_train]
        if to_train:
            device = device_name(self.settings.training.device)
            print(cost_estimate.estimate(to_train, self.found.values(), device))

    @property
    def _searches(self) -> bool:
        """Whether the jobs have their rates from a search."""
        return isinstance(self.settings.search, RandomSearch)

    def open(self) -> str:
        """Open the sweep's run, or again the one that has left jobs to a cluster; its id, for the jobs."""
        if self.handed_over:
            self.run = self.store.run(self.handed_over.run_id)
            self.run.reopen(None, **self.store.place)
        else:
            self.run = self._create()
        self.open_run.enter_context(self.run.recording())
        # Hydra does not call back when a sweep is interrupted; the end of the program then closes it.
        atexit.register(self._abandon)
        return self.run.id

    def _create(self) -> tracking.Run:
        """A run for the sweep, with its plan."""
        tags = {keys.Tag.KIND: keys.Kind.SWEEP, keys.Tag.STUDY: self.settings.study}
        for key, of in _SWEEP_TAGS.items():
            tags[key] = ", ".join(sorted({of(job) for job in self.jobs}))
        tags[keys.Tag.NOTE] = descriptions.sweep(
            self.settings.about, tags[keys.Tag.PROTOCOL], tags[keys.Tag.SELECTED_ON], self.command
        )
        params = {
            keys.Param.STUDY: self.settings.study,
            keys.Param.FACTORS: ", ".join(self.factors),
            keys.Param.JOBS: len(self.jobs),
        }
        told = {
            keys.Param.QUESTION: self.settings.about.question,
            keys.Param.REFERENCE: self.settings.reference,
        }
        params |= {key: value for key, value in told.items() if value}
        params[keys.Param.MARGIN] = self.settings.margin
        command = redaction.repeatable(self.command)
        # a longer one would be cut short, and half a command is none
        if len(command) <= tracking.LONGEST_PARAM:
            params[keys.Param.COMMAND] = command
        run = self.store.create(self.title, params, tags)
        for dataset in self.datasets:
            run.dataset(dataset.name, dataset.digest, dataset.fingerprint.flat(), "training")
        plan = {"jobs": [job.entry() for job in self.jobs]}
        run.text(artifacts.PLAN, json.dumps(plan, indent=1))
        return run

    def leave(self, handed: Mapping[int, str]) -> None:
        """End the sweep's run for now, a cluster having its jobs; handed: what it calls those of a number."""
        now = {self.jobs[number].identity: name for number, name in handed.items()}
        self.run.text(artifacts.HANDED_OVER, json.dumps({**self.left, **now}, indent=1))
        atexit.unregister(self._abandon)
        self._end(keys.LEFT)

    def start_monitor(self, at_once: Callable[[int], int]) -> None:
        """Say what is about to be done, and show from now on how the sweep stands.

        at_once: how many jobs its launcher runs side by side while so many have not ended.
        """
        actions = sweep_summary.counted(job.action for job in self.jobs)
        print(f"{self.title}: {actions}; {sweep_summary.side_by_side(at_once, len(self.jobs))}", flush=True)
        before = {job.identity: self.found[job.identity] for job in self.jobs if not job.to_train}
        self.monitor = SweepMonitor(self.jobs, before, self.store, self.run.id)

    def lost(self, number: int, why: str) -> None:
        """End the run of a job whose process died and so could not; number: its place in the plan."""
        job = self.jobs[number]
        log.error("%s: failed: %s", job.name, why)
        self.store.close_abandoned(why, identity=job.identity)

    def close(self) -> bool:
        """Print what became of each job and end the sweep's run; false if any is not finished.

        Raises UserError if the store is on a server that does not answer.
        """
        self._stop_monitor()
        try:
            self.store.sync()
            earlier = {} if self.settings.rerun == "all" else self.store.latest_of_all()
            found = earlier | self.store.children(self.run.id)
        except tracking.UnreachableError as error:
            raise UserError(
                f"{error}; only it can say which jobs are done. What they wrote meanwhile is kept: make "
                "sync, then the same command again"
            ) from error
        ended = [found.get(job.identity) for job in self.jobs]
        stopped = self.settings.on_failure == "stop" and None in ended
        states = [sweep_summary.state(job, run, stopped) for job, run in zip(self.jobs, ended, strict=True)]
        tables.print_terminal(sweep_summary.table(self.title, self.jobs, ended, stopped))
        print(sweep_summary.counted(states))
        if stopped:
            print("on_failure=stop: no job was started after the first failure; the same command goes on")
        print(self._next())
        print(provenance.as_typed("compare: make compare    look at it: make ui"))
        pairs = zip(self.jobs, ended, strict=True)
        whole = all(record.settled(run, job.trial is not None) for job, run in pairs)
        if self.settings.tracking.log_model:
            for faces, data in {job.faces: job.settings.data for job in self.jobs if job.to_train}.items():
                registry.name_best(self.store, faces, data)
        atexit.unregister(self._abandon)
        self.run.log({keys.sweep(state): float(count) for state, count in Counter(states).items()})
        self._end("FINISHED" if whole else "FAILED")
        return whole

    def _next(self) -> str:
        """The command to go on with: test, or of a search's trials, which are judged without, the best."""
        if any(job.trial is not None for job in self.jobs):
            assert isinstance(self.settings.search, RandomSearch), "a trial is one of a search"
            best = f"{self.settings.search.of}_tuned"
            return f"the best of each arm, by other seeds: {provenance.of_study(best, self.command)}"
        return f"test: {provenance.evaluating(f'study={self.settings.study}', self.command)}"

    def _stop_monitor(self) -> None:
        if self.monitor:
            self.monitor.stop()

    def _end(self, status: str) -> None:
        self.open_run.close()
        self.run.end(status)

    def _abandon(self) -> None:
        self._stop_monitor()
        # the jobs' processes are gone or going, and whatever they left RUNNING is no longer, but for a
        # cluster's; where a server is away or a disk is full, the next sweep says so
        with contextlib.suppress(tracking.UnreachableError, tracking.UnwritableError):
            self._end(keys.LEFT if self.left else "KILLED")
            self.store.close_abandoned()
