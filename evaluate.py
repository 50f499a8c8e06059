"""Evaluate: open the test split for a run, score it, and log the scores into the same run.

python evaluate.py run=latest                          the newest finished run
python evaluate.py run=best data=fer2013 data.root=... the lowest validation loss on these faces
python evaluate.py study=optimizer                     every finished run of a study
python evaluate.py baseline=ridge                      a baseline alone; the linear SVC stands beside runs
"""

from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from fer_exp import console
from fer_exp.config import overrides
from fer_exp.errors import UserError

CONF = Path(__file__).parent / "conf"

# What Hydra finds wrong with what was typed.
MISTAKES = (HydraException, OmegaConfBaseException, YAMLError)


@hydra.main(config_path="conf", config_name="evaluate", version_base="1.3")
def main(config: DictConfig) -> None:
    """Evaluate the chosen runs and print a table of each."""
    # here already, since Hydra would put a line of its own before the error
    with console.mistakes_in_one_line(*MISTAKES):
        evaluate(config)


def evaluate(config: DictConfig) -> None:
    """Open the test split for the runs that the settings ask for, and set baselines beside them."""
    from fer_exp import tables, tracking
    from fer_exp.config import settings
    from fer_exp.data import datasets
    from fer_exp.evaluation import mismatches, scoring, significance
    from fer_exp.tracking import studies
    from fer_exp.training import device

    chosen = settings.build(settings.Evaluation, OmegaConf.to_container(config, resolve=True), "")
    device.check_device("device", chosen.device)
    store = tracking.Store(chosen.tracking)
    dataset = datasets.load_faces(chosen.data)
    faces = dataset.digest
    found = runs(chosen, store, faces)
    votes = datasets.load_votes(chosen.data, dataset)
    for record in found:
        try:
            show(record, store, dataset, chosen.gallery, chosen.device)
            if votes is not None:
                show_taggers(record, store, dataset, votes)
            if chosen.mismatches:
                mismatches.mismatched(record, store, dataset)
        except tracking.NoFileError:
            # one that was asked for by itself is to be scored anew
            if chosen.run or not scoring.is_scored(record):
                raise
            print(f"{record.name} (run {record.run_id}): keeps its scores; its weights are not here\n")
    if chosen.ensembles:
        join(chosen.of_study, store, dataset, chosen.device)
    reference = fit(chosen, store, dataset)
    rivals = [store.record(record.run_id) for record in found] + studies.read_baselines(store, faces)
    tables.print_terminal(significance.beside(rivals, reference, store, dataset.test().labels))
    print("compare: make compare    look at it: make ui")


def runs(chosen: Any, store: Any, faces: str) -> list[Any]:
    """The runs that the settings ask for, none for a baseline alone. Raises UserError if there is none."""

    if chosen.run and chosen.of_study:
        raise UserError("say one: run=<id | name | best | latest>, or study=<name>")
    if chosen.ensembles and not chosen.of_study:
        raise UserError("ensembles=true joins the seeds of a study's arms: study=<name>")
    if chosen.of_study:
        arms = arms_of(chosen.of_study, store, faces)
        if any(study.searched for study, _ in arms):
            raise UserError(
                f"study={chosen.of_study}: a search chooses by validation alone; test is for the study that "
                "takes its best trials"
            )
        found = [run for _, arm in arms for run in arm.runs.values()]
        if not found:
            study = f"study={chosen.of_study}"
            raise UserError(f"{study}: no finished run on these faces: python train.py {study}")
        return found
    if chosen.run:
        return [store.find(chosen.run, faces)]
    if any(override.startswith("baseline=") for override in HydraConfig.get().overrides.task):
        return []
    raise UserError(
        "say which: run=<id | name | best | latest>, or study=<name>, or baseline=<name> for that baseline"
    )


def arms_of(name: str, store: Any, faces: str) -> list[Any]:
    """Each arm of a study on these faces, with its study."""
    from fer_exp.tracking.studies import read_studies

    studies = [study for study in read_studies(store, name) if study.faces == faces]
    return [(study, arm) for study in studies for arm in study.arms]


def join(name: str, store: Any, dataset: Any, device: str) -> None:
    """Score the seeds of each arm of a study as one network, and print what they reach."""
    from fer_exp import tables, tracking
    from fer_exp.evaluation import ensembles
    from fer_exp.tracking import keys

    table = tables.Table("ensembles: accuracy on the union of test in %", ["", "n", "accuracy"])
    for study, arm in arms_of(name, store, dataset.digest):
        if len(arm.runs) < 2:
            continue
        try:
            scores = ensembles.ensure(study, arm, store, dataset, device)
        except tracking.NoFileError as error:
            table.notes.append(f"{arm.name}: {error}")
            continue
        accuracy = f"{100 * scores.metrics[keys.TEST_ACCURACY]:.2f}"
        table.rows.append([scores.name, f"{scores.metrics[keys.test('union', 'n')]:.0f}", accuracy])
    tables.print_terminal(table)


def show(record: Any, store: Any, dataset: Any, gallery: bool, device: str) -> None:
    """Evaluate one run and print its scores and alarms."""
    from fer_exp import metrics, tables
    from fer_exp.evaluation import scoring
    from fer_exp.tracking import keys

    parts = scoring.evaluate(record, store, dataset, gallery, device)
    title = f"{record.name} (run {record.run_id}), {record.protocol} protocol, "
    title += f"weights of the {record.selected_on}: test, accuracy with 95 % interval over faces"
    table = tables.Table(title, ["part of test", "n", "accuracy in %", "macro-F1", "log-loss", "calibration"])
    for part in parts:
        accuracy = f"{100 * metrics.accuracy(part.counts):.2f} [{100 * part.low:.2f}, {100 * part.high:.2f}]"
        scores = [accuracy, f"{metrics.macro_f1(part.counts):.3f}"]
        scores += [f"{part.loss:.3f}", f"{part.calibration_error:.3f}"]
        table.rows.append([part.name, str(part.n), *scores])
    table.notes += [
        f"ALARM: {said}" for said in store.record(record.run_id).tags[keys.Tag.ALARMS].split("; ") if said
    ]
    tables.print_terminal(table)


def show_taggers(record: Any, store: Any, dataset: Any, votes: Any) -> None:
    """Print how a run stands to the taggers of FER+."""
    from fer_exp import tables
    from fer_exp.evaluation import taggers
    from fer_exp.tracking import keys

    found = taggers.beside_taggers(store.run(record.run_id), dataset.test(), votes)
    table = tables.Table(f"{record.name} (run {record.run_id}) and FER+'s ten taggers", ["", "n", "in %"])
    of_errors = found[keys.taggers("errors_n")]
    for name, said, n in (
        (
            "clear_accuracy",
            f"accuracy where more than {taggers.CLEAR} taggers agree",
            found[keys.taggers("clear_n")],
        ),
        ("errors_shared", "errors that at least one tagger made too", of_errors),
        ("errors_of_most", "errors that most taggers made too", of_errors),
    ):
        value = found.get(keys.taggers(name))
        table.rows.append([said, f"{n:.0f}", "-" if value is None else f"{100 * value:.2f}"])
    tables.print_terminal(table)


def fit(chosen: Any, store: Any, dataset: Any) -> Any:
    """The run of the baseline that the settings name, fitted now if it is not there."""
    from fer_exp.evaluation.baselines import estimators
    from fer_exp.evaluation.baselines.progress import PairBar
    from fer_exp.tracking import keys

    name = estimators.describe(chosen.baseline)
    with PairBar(getattr(chosen.baseline, "tol", 0.0)) as reporter:
        kept = Path(chosen.data.cache_dir) / "svc"
        record, anew = estimators.ensure(chosen.baseline, dataset, store, kept, reporter)
    seconds = record.metrics[keys.FIT_SECONDS]
    print(f"{name}: {'fitted now' if anew else 'fitted before'}, in {seconds:.1f} s (run {record.run_id})\n")
    return record


if __name__ == "__main__":
    # `study` is a group of train.py's in the same folder, which Hydra would take it for
    aliases = {"study": "of_study"}
    overrides.run(main, CONF, (*MISTAKES, OSError), "start the same again", aliases)
