"""What evaluate.py is asked to score: the arms of studies or one run, on the faces that they have learnt."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from fer_exp import env_file, hints, tracking
from fer_exp.config.evaluation import Evaluation, RunData
from fer_exp.config.faces import Data
from fer_exp.config.schema import build
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.errors import UserError
from fer_exp.provenance import SHORT
from fer_exp.tracking import Record, keys, registry, studies
from fer_exp.tracking.record import counted
from fer_exp.tracking.studies import Arm, Study


def check(args: Evaluation, baseline_asked: bool) -> None:
    """Refuse what cannot be meant, before anything is read. Raises UserError."""
    if args.run and args.of_study:
        raise UserError("say one: run=<id | name | best | latest>, or study=<name>")
    if args.ensembles and not args.of_study:
        raise UserError("ensembles=true joins the seeds of a study's arms: study=<name>")
    alone = baseline_asked and args.baseline.name != "none"
    if not (args.run or args.of_study or alone):
        raise UserError(
            "say which: run=<id | name | best | latest>, or study=<name>, or baseline=<name> alone"
        )
    if args.remember and not args.root:
        raise UserError("remember=true keeps where the faces are: data.root=PATH")


def choose(args: Evaluation, store: tracking.Store, faces: str | None) -> list[Study]:
    """The studies whose arms are to be scored; none for a baseline alone.

    faces: the content hash of those that the user has named, if any. A run of its own is the only arm of a
    study made up for it. Raises UserError if there is none.
    """
    if args.of_study:
        return _of_name(args.of_study, store, faces)
    return [_alone(store.find(args.run, faces))] if args.run else []


def _alone(run: Record) -> Study:
    registry.require_weights(run)
    arm = Arm(run.name, run.study, {run.params[keys.Param.SEED]: run})
    return Study(run.study, run.protocol, run.data_name, run.faces_digest, run.selected_on, [arm])


def _of_name(name: str, store: tracking.Store, faces: str | None) -> list[Study]:
    """The newest sweeps of a study, one a protocol; on these faces, or on those of the newest of all."""
    found = studies.read_studies(store, name)
    if any(study.searched for study in found):
        raise UserError(
            f"study={name}: a search chooses by validation alone; test is for the study that takes its best "
            "trials"
        )
    finished = [study for study in found if any(arm.runs for arm in study.arms)]
    if not finished:
        raise UserError(f"study={name}: there is no finished run of it yet: {hints.to_train(name)}")
    # the newest comes last, and may be on several sets of faces
    newest = {study.faces for study in finished if study.sweep == finished[-1].sweep}
    here = [study for study in finished if study.faces in ({faces} if faces else newest)]
    if not here:
        raise UserError(
            f"study={name}: no finished run on these faces, but {counted(runs_of(finished))}: leave "
            "data=... out, or name theirs"
        )
    if name == "adhoc":
        return [study for study in here if study.sweep == here[-1].sweep]
    return here


def runs_of(found: Sequence[Study]) -> list[Record]:
    """All finished runs of these studies, each once."""
    runs = {run.run_id: run for study in found for run in study.runs}
    return list(runs.values())


def faces_of(run: Record, data: RunData, anew: bool = False) -> Dataset:
    """The faces that a run was trained on, from the cache or from where they are said to be.

    anew: not from the cache, so that the place is tried. Raises UserError if they cannot be found.
    """
    if anew and run.drawn:
        raise UserError("remember=true: the faces of this run are drawn, and lie nowhere")
    known = None if anew else datasets.cached_faces(run.faces_digest, Path(data.cache_dir))
    if known:
        return known
    found = datasets.load_faces(_settings(run, data))
    if found.digest != run.faces_digest:
        raise UserError(
            f"run {run.run_id} was trained on other faces than those here "
            f"({found.fingerprint.describe()}): name its own, data.root=PATH"
        )
    return found


def _settings(run: Record, data: RunData) -> Data:
    """The settings of its data that a run has kept, with the places that it has not."""
    prefix = keys.data("")
    kept = {key: value for key, value in run.params.items() if key.startswith(prefix)}
    # the store holds texts
    tree = {key.removeprefix(prefix): yaml.safe_load(value) for key, value in kept.items()}
    tree["cache_dir"] = data.cache_dir
    if not run.drawn:
        if data.root is None:
            raise UserError(
                f"run {run.run_id[:SHORT]} was trained on {run.data_name}, whose faces are not in "
                f"{data.cache_dir}: say where they are, data.root=PATH "
                f"(remember=true keeps that in {env_file.FILE})"
            )
        tree |= {"root": data.root, "ferplus": data.ferplus, "label_names": data.label_names}
    found: Data = build(Data, tree, "data")
    return found
