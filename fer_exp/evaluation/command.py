"""What evaluate.py does: score the runs that are asked for on test, and set baselines beside them."""

from pathlib import Path

import numpy as np

from fer_exp import tables, tracking
from fer_exp.config.evaluation import Evaluation
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.errors import UserError
from fer_exp.evaluation import ensembles, mismatches, result_tables, scoring, significance, taggers
from fer_exp.evaluation.baselines import estimators
from fer_exp.evaluation.baselines.progress import PairBar
from fer_exp.tracking import Record, keys, studies
from fer_exp.tracking.studies import Arm, Study
from fer_exp.training import device


def evaluate(args: Evaluation, baseline_asked: bool) -> None:
    """Open the test split for the runs that are asked for, and print how they and the baselines stand.

    baseline_asked: whether a baseline was named, which may then stand alone. Raises UserError.
    """
    device.check_device("device", args.device)
    store = tracking.Store(args.tracking)
    store.close_abandoned()
    dataset = datasets.load_faces(args.data)
    found = runs(args, baseline_asked, store, dataset.digest)
    votes = datasets.load_votes(args.data, dataset)
    for record in found:
        try:
            _score(args, record, store, dataset, votes)
        except tracking.NoFileError:
            # one that was asked for by itself is to be scored anew
            if args.run or not scoring.is_scored(record):
                raise
            scoring.complete(record, store, dataset)
            print(f"{record.name} (run {record.run_id}): keeps its scores; its weights are not here\n")
    if args.ensembles and args.of_study:
        _score_ensembles(args.of_study, store, dataset, args.device)
    reference = _fit_baseline(args, store, dataset)
    rivals = [store.record(record.run_id) for record in found] + studies.read_baselines(store, dataset.digest)
    tables.print_terminal(significance.beside(rivals, reference, store))
    print("compare: make compare    look at it: make ui")


def runs(args: Evaluation, baseline_asked: bool, store: tracking.Store, faces: str) -> list[Record]:
    """The runs that are asked for, none for a baseline alone. Raises UserError if there is none."""
    if args.run and args.of_study:
        raise UserError("say one: run=<id | name | best | latest>, or study=<name>")
    if args.ensembles and not args.of_study:
        raise UserError("ensembles=true joins the seeds of a study's arms: study=<name>")
    if args.of_study:
        arms = _arms(args.of_study, store, faces)
        if any(study.searched for study, _ in arms):
            raise UserError(
                f"study={args.of_study}: a search chooses by validation alone; test is for the study that "
                "takes its best trials"
            )
        found = [run for _, arm in arms for run in arm.runs.values()]
        if not found:
            study = f"study={args.of_study}"
            raise UserError(f"{study}: no finished run on these faces: python train.py {study}")
        return found
    if args.run:
        return [store.find(args.run, faces)]
    if baseline_asked:
        return []
    raise UserError(
        "say which: run=<id | name | best | latest>, or study=<name>, or baseline=<name> for that baseline"
    )


def _arms(study: str, store: tracking.Store, faces: str) -> list[tuple[Study, Arm]]:
    """Each arm of a study on these faces, with its study."""
    return [
        (each, arm) for each in studies.read_studies(store, study) if each.faces == faces for arm in each.arms
    ]


def _score(
    args: Evaluation, record: Record, store: tracking.Store, dataset: Dataset, votes: np.ndarray | None
) -> None:
    """Score a run, beside the taggers if there are votes, and through mismatches if that is asked for."""
    parts = scoring.evaluate(record, store, dataset, args.gallery, args.device)
    tables.print_terminal(result_tables.scores(store.record(record.run_id), parts))
    if votes is not None:
        found = taggers.beside_taggers(store.run(record.run_id), dataset.test(), votes)
        tables.print_terminal(result_tables.beside_taggers(record, found))
    if args.mismatches:
        mismatches.mismatched(record, store, dataset)


def _score_ensembles(name: str, store: tracking.Store, dataset: Dataset, device: str) -> None:
    """Score the seeds of each arm of the study of this name as one network, and print what they reach."""
    scored, missing = [], []
    for study, arm in _arms(name, store, dataset.digest):
        if len(arm.runs) < 2:
            continue
        try:
            scored.append(ensembles.ensure(study, arm, store, dataset, device))
        except tracking.NoFileError as error:
            missing.append(f"{arm.name}: {error}")
    tables.print_terminal(result_tables.ensembles(scored, missing))


def _fit_baseline(args: Evaluation, store: tracking.Store, dataset: Dataset) -> Record:
    """The run of the baseline that is asked for, fitted now if it is not there."""
    name = estimators.describe(args.baseline)
    with PairBar(getattr(args.baseline, "tol", 0.0)) as bar:
        kept = Path(args.data.cache_dir) / "svc"
        record, anew = estimators.ensure(args.baseline, dataset, store, kept, bar)
    seconds = record.metrics[keys.FIT_SECONDS]
    print(f"{name}: {'fitted now' if anew else 'fitted before'}, in {seconds:.1f} s (run {record.run_id})\n")
    return record
