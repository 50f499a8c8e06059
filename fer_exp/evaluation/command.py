"""What evaluate.py does: score the runs that are asked for on test, and set baselines beside them."""

from collections.abc import Sequence
from pathlib import Path

from fer_exp import console, env_file, provenance, tables, tracking
from fer_exp.config.evaluation import Baseline, Evaluation, NoBaseline, RunData
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.evaluation import ensembles, mismatches, result_tables, scoring, significance, taggers, targets
from fer_exp.evaluation.baselines import estimators
from fer_exp.evaluation.baselines.progress import PairBar
from fer_exp.evaluation.scoring import Part
from fer_exp.formatting import duration
from fer_exp.tracking import Record, artifacts, keys, studies
from fer_exp.tracking.studies import Study
from fer_exp.training import device


def evaluate(args: Evaluation, baseline_asked: bool) -> None:
    """Open the test split for the runs that are asked for, and print how they and the baselines stand.

    The scores come first, as a baseline may have to be fitted. baseline_asked: whether one was named, which
    may then stand alone. Raises UserError.
    """
    device.check_device("device", args.device)
    targets.check(args, baseline_asked)
    store = tracking.Store(args.tracking)
    store.close_abandoned()
    named = None if isinstance(args.data, RunData) else datasets.load_faces(args.data)
    found = targets.choose(args, store, named.digest if named else None)
    for faces in dict.fromkeys(study.faces for study in found) or [None]:
        alike = [study for study in found if study.faces == faces]
        dataset = named or _faces(args, alike, store)
        if args.remember and args.root:
            _remember(args.root)
        _evaluate(args, alike, store, dataset)
    print(provenance.as_typed("compare: make compare    look at it: make ui"))


def _evaluate(args: Evaluation, found: Sequence[Study], store: tracking.Store, dataset: Dataset) -> None:
    """Score studies on the faces that they share, and set the baselines on these beside them."""
    scored = _score_all(args, found, store, dataset)
    if args.ensembles:
        _score_ensembles(scored, store, dataset, args.device)
    if not isinstance(args.baseline, NoBaseline):
        reference = _fit_baseline(args.baseline, args.data.cache_dir, store, dataset)
        baselines = studies.read_baselines(store, dataset.digest)
        tables.print_terminal(significance.beside(scored, baselines, reference, store))


def _faces(args: Evaluation, found: Sequence[Study], store: tracking.Store) -> Dataset:
    """The faces of the runs, or for a baseline alone those of the latest run."""
    assert isinstance(args.data, RunData)
    runs = targets.runs_of(found) or [store.find("latest")]
    return targets.faces_of(runs[0], args.data, anew=args.remember)


def _remember(root: str) -> None:
    """Keep for good where the faces are."""
    env_file.remember(env_file.FER2013_ROOT, str(Path(root).absolute()))
    print(f"{env_file.FILE} keeps it: {env_file.FER2013_ROOT}={root}\n")


def _score_all(
    args: Evaluation, found: Sequence[Study], store: tracking.Store, dataset: Dataset
) -> list[Study]:
    """Score every run, and print a table a study; the studies with their runs as they are now."""
    votes = datasets.load_votes(Path(args.votes), dataset) if args.votes else None
    runs = targets.runs_of(found)
    parts: dict[str, list[Part]] = {}
    with console.Bar("", len(runs)) as bar:
        for number, run in enumerate(runs):
            bar.show(f"evaluating {run.name}", number, len(runs), line="")
            try:
                parts[run.run_id] = scoring.evaluate(run, store, dataset, args.gallery, args.device)
            except tracking.NoFileError:
                # one that was asked for by itself is to be scored anew
                if args.run or not scoring.is_scored(run):
                    raise
                scoring.complete(run, store, dataset)
            if votes is not None:
                with store.added_to(run) as opened:
                    kept = artifacts.find_answers(opened, artifacts.TEST_ANSWERS)
                    if kept is not None:
                        opened.log(taggers.scores(kept["predicted"], dataset.test().labels, votes))
            if args.mismatches and run.run_id in parts:
                mismatches.mismatched(run, store, dataset)
        if runs:
            bar.show("evaluated", len(runs), len(runs), line="")
    now = {run.run_id: store.record(run.run_id) for run in runs}
    scored = [studies.with_runs(study, now) for study in found]
    for study in scored:
        tables.print_terminal(result_tables.scores(study, kept=now.keys() - parts.keys()))
        if votes is not None:
            tables.print_terminal(result_tables.beside_taggers(study))
    if args.verbose:
        for run_id, of_run in parts.items():
            tables.print_terminal(result_tables.details(now[run_id], of_run))
    return scored


def _score_ensembles(found: Sequence[Study], store: tracking.Store, dataset: Dataset, device: str) -> None:
    """Score the seeds of each arm as one network, and print what they reach."""
    scored, missing = [], []
    for study in found:
        for arm in study.arms:
            if len(arm.runs) < 2:
                continue
            try:
                scored.append(ensembles.ensure(study, arm, store, dataset, device))
            except tracking.NoFileError as error:
                missing.append(f"{arm.name}: {error}")
    tables.print_terminal(result_tables.ensembles(scored, missing))


def _fit_baseline(chosen: Baseline, cache_dir: str, store: tracking.Store, dataset: Dataset) -> Record:
    """The run of the baseline that is asked for, fitted now if it is not there."""
    name = estimators.describe(chosen)

    def say() -> None:
        seconds = estimators.expected_seconds(chosen, dataset)
        if seconds is not None:
            about = f"about {duration(seconds)} if nothing else is at work"
            print(
                f"{name}: to be fitted, once for these faces, {about}; baseline=none leaves it out",
                flush=True,
            )

    with PairBar(getattr(chosen, "tol", 0.0)) as bar:
        record, anew = estimators.ensure(chosen, dataset, store, Path(cache_dir) / "svc", bar, say)
    seconds = record.metrics[keys.FIT_SECONDS]
    print(f"{name}: {'fitted now' if anew else 'fitted before'}, in {seconds:.1f} s (run {record.run_id})\n")
    return record
