"""Print the tables: `python -m fer_exp.compare`.

Two tables a study, then, for each set of faces with named studies, the audit if it was run and, for each
protocol, the deck's closing table and its conclusions.
"""

import argparse
import datetime
import os
from collections.abc import Iterator, Sequence

from fer_exp import audit, commandline, comparison, conclusions, settings, tables, tracking
from fer_exp.comparison import Study
from fer_exp.errors import UserError
from fer_exp.tables import Table
from fer_exp.tracking import Record


def provenance(chosen: argparse.Namespace) -> str:
    """Where a page of tables comes from, so that it can be made again."""
    study = f" --study {chosen.study}" if chosen.study else ""
    command = f"python -m fer_exp.compare{study} --split {chosen.split} --format markdown"
    today = datetime.date.today().isoformat()
    return f"Printed by `{command}` on {today}, on a machine of {os.cpu_count()} cores.\n"


def all_tables(
    studies: Sequence[Study], wanted: str | None, test: str, store: tracking.Store
) -> Iterator[Table]:
    """The tables of these studies, or of the one that is wanted; `test` names the part of test shown."""
    for study in studies:
        if wanted in (None, study.name):
            yield comparison.scores(study, test)
            # the arms of the audit have no base; its own table judges them
            if study.name != "audit":
                yield comparison.contrasts(study)
    named = [study for study in studies if study.name != "adhoc"]
    for faces in dict.fromkeys(study.faces for study in named):
        alike = [study for study in named if study.faces == faces]
        yardsticks = comparison.read_yardsticks(store, faces)
        if wanted in (None, "audit") and any(study.name == "audit" for study in alike):
            rows = audit.findings(alike, yardsticks)
            yield from (audit.table(rows), audit.in_words(rows))
        if wanted != "audit":
            yield from _closing(alike, wanted, test, yardsticks)


def _closing(
    studies: Sequence[Study], wanted: str | None, test: str, yardsticks: Sequence[Record]
) -> Iterator[Table]:
    """The closing table and the conclusions of each protocol."""
    for protocol in dict.fromkeys(study.protocol for study in studies):
        alike = [study for study in studies if study.protocol == protocol and wanted in (None, study.name)]
        if alike:
            yield conclusions.closing(alike, test, yardsticks)
            yield conclusions.supported(alike)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the studies in the store."""
    parser = argparse.ArgumentParser(prog="python -m fer_exp.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--study", help="only this study (default: all)")
    parser.add_argument("--split", default="union", choices=["public", "private", "union", "union_no_copies"])
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    parser.add_argument(
        "--tracking-uri", default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    )
    parser.add_argument("--experiment", default="fer-exp")
    chosen = parser.parse_args(arguments)
    try:
        store = tracking.Store(
            settings.Tracking(chosen.tracking_uri, "mlartifacts", chosen.experiment, False)
        )
        studies = comparison.read_studies(store)
        if not any(chosen.study in (None, study.name) for study in studies):
            raise UserError(
                f"no sweep {chosen.study or ''} in {store.uri} yet: python train.py -m optimizer=sgd,adam"
            )
    except UserError as error:
        commandline.fail(error)
    if chosen.format == "markdown":
        print(provenance(chosen))
    for table in all_tables(studies, chosen.study, chosen.split, store):
        tables.FORMATS[chosen.format](table)


if __name__ == "__main__":
    main()
