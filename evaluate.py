"""Evaluate: open the test split for a run, score it, and log the scores into the same run.

python evaluate.py run=latest                          the newest finished run
python evaluate.py run=best data=fer2013 data.root=... the lowest validation loss on these faces
python evaluate.py study=optimizer                     every finished run of a study
"""

from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer_exp import commandline
from fer_exp.errors import UserError

CONF = Path(__file__).parent / "conf"


@hydra.main(config_path="conf", config_name="evaluate", version_base="1.3")
def main(config: DictConfig) -> None:
    """Evaluate the chosen runs and print a table of each."""
    # here already, since Hydra would put a line of its own before the error
    with commandline.mistakes_in_one_line():
        evaluate(config)


def evaluate(config: DictConfig) -> None:
    """Find the runs that the settings ask for, and open the test split for each."""
    from fer_exp import experiment, settings, tracking

    chosen = settings.build(settings.Evaluation, OmegaConf.to_container(config, resolve=True), "")
    store = tracking.Store(chosen.tracking)
    dataset = experiment.load_faces(chosen.data)
    for record in runs(chosen, store, dataset.fingerprint.content):
        show(record, store, dataset)
    print("compare: make compare    look at it: make ui")


def runs(chosen: Any, store: Any, faces: str) -> list[Any]:
    """The runs that the settings ask for. Raises UserError if there is none."""
    from fer_exp import comparison

    if (chosen.run is None) == (chosen.of_study is None):
        raise UserError("say which: run=<id | name | best | latest>, or study=<name>")
    if chosen.of_study:
        studies = [study for study in comparison.read_studies(store, chosen.of_study) if study.faces == faces]
        found = [run for study in studies for arm in study.arms for run in arm.runs.values()]
        if not found:
            raise UserError(
                f"study={chosen.of_study}: no finished run on these faces: python train.py study=..."
            )
        return found
    return [store.find(chosen.run, faces)]


def show(record: Any, store: Any, dataset: Any) -> None:
    """Evaluate one run and print its scores and alarms."""
    from fer_exp import evaluation, metrics, tables

    parts = evaluation.evaluate(record, store, dataset)
    title = f"{record.name} (run {record.run_id}), {record.params['protocol.name']} protocol, "
    title += f"weights of the {record.tags['selected_on']}: test, accuracy with 95 % interval over faces"
    table = tables.Table(title, ["part of test", "n", "accuracy in %", "macro-F1", "log-loss"])
    for part in parts:
        accuracy = f"{100 * metrics.accuracy(part.counts):.2f} [{100 * part.low:.2f}, {100 * part.high:.2f}]"
        scores = [accuracy, f"{metrics.macro_f1(part.counts):.3f}", f"{part.loss:.3f}"]
        table.rows.append([part.name, str(part.n), *scores])
    table.notes += [
        f"ALARM: {said}" for said in store.record(record.run_id).tags["alarms"].split("; ") if said
    ]
    tables.print_terminal(table)


if __name__ == "__main__":
    # `study` is a group of train.py's in the same folder, which Hydra would take it for
    aliases = {"study": "of_study"}
    commandline.run(main, CONF, (HydraException, OmegaConfBaseException, OSError), aliases)
