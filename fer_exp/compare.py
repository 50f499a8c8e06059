"""Print the tables: `python -m fer_exp.compare`.

Two tables a study, then, for each set of faces and protocol with named studies, the deck's closing
table and its conclusions.
"""

import argparse
import datetime
import os
from collections.abc import Iterator, Sequence

from fer_exp import commandline, comparison, conclusions, settings, tables, tracking
from fer_exp.comparison import Study
from fer_exp.errors import UserError
from fer_exp.tables import Table


def provenance(chosen: argparse.Namespace) -> str:
    """Where a page of tables comes from, so that it can be made again."""
    study = f" --study {chosen.study}" if chosen.study else ""
    command = f"python -m fer_exp.compare{study} --split {chosen.split} --format markdown"
    today = datetime.date.today().isoformat()
    return f"Printed by `{command}` on {today}, on a machine of {os.cpu_count()} cores.\n"


def all_tables(studies: Sequence[Study], test: str, store: tracking.Store) -> Iterator[Table]:
    """Every table of these studies; `test` names the part of test that is shown."""
    for study in studies:
        yield comparison.scores(study, test)
        yield comparison.contrasts(study)
    named = [study for study in studies if study.name != "adhoc"]
    for kind in dict.fromkeys((study.faces, study.protocol) for study in named):
        alike = [study for study in named if (study.faces, study.protocol) == kind]
        yield conclusions.closing(alike, test, comparison.read_yardsticks(store, kind[0]))
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
        studies = comparison.read_studies(store, chosen.study)
        if not studies:
            raise UserError(
                f"no sweep {chosen.study or ''} in {store.uri} yet: python train.py -m optimizer=sgd,adam"
            )
    except UserError as error:
        commandline.fail(error)
    if chosen.format == "markdown":
        print(provenance(chosen))
    for table in all_tables(studies, chosen.split, store):
        tables.FORMATS[chosen.format](table)
    if chosen.format == "table":
        print("curves and confusion matrices: make ui    for a document: --format markdown, csv or latex")


if __name__ == "__main__":
    main()
