"""Copy the runs of a store to another: `python -m fer_exp.tracking.archive.copy_runs --to http://127.0.0.1:5000`.

All of the experiment: params, tags, every step of every metric, times, files, models, and who belongs to
whom. What is there already is not copied again, so the command can be repeated, and goes on where it was
cut short. Nothing is taken from the first store.
"""

import argparse
import dataclasses
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from fer_exp import console, tracking
from fer_exp.config import settings
from fer_exp.errors import UserError
from fer_exp.tracking.archive.transfer import Transfer


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_exp.tracking.archive.copy_runs", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--from", dest="source", default="sqlite:///mlflow.db", metavar="URI")
    parser.add_argument("--to", dest="target", required=True, metavar="URI")
    parser.add_argument("--experiment", default="fer-exp")
    parser.add_argument("--dry-run", action="store_true", help="only say how many runs would be copied")
    return parser.parse_args(arguments)


def move(args: argparse.Namespace) -> None:
    """Copy what is missing, and sum up what it held."""
    if args.source == args.target:
        raise UserError(f"--to {args.target}: that is where the runs are")
    source = tracking.existing_store(args.source, args.experiment)
    target = tracking.Store(settings.Tracking(args.target, "mlartifacts", args.experiment, False))
    # of two at once, the second waits and then finds all there
    with source.lock("move"):
        source.close_abandoned()
        plan = Transfer.plan(source, target)
        before = len(plan.known)
        sums: Counter[str] = Counter()
        if not args.dry_run:
            bar = {"description": "copying", "total": len(plan.runs), "console": Console(stderr=True)}
            for copied in track(plan.copies(), **bar):
                sums.update(dataclasses.asdict(copied))
    lacking = sums.pop("lacking", 0)
    verb = "would be copied" if args.dry_run else "copied"
    print(f"runs {verb}: {len(plan.runs)}; there before: {before}; left: {len(plan.left)}")
    if plan.left:
        print("left are those that are RUNNING, and their jobs: repeat this when they have ended")
    if lacking:
        print(
            f"without their files: {lacking}, as these are not where the store says: bring them back, repeat"
        )
    if sums:
        print(", ".join(f"{number:,} {what}" for what, number in sums.items()))
        print(f"from now on: export MLFLOW_TRACKING_URI={args.target}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy the runs, or say in a line why not."""
    args = parse(arguments)
    console.end_on_sigterm()
    with console.mistakes_in_one_line():
        move(args)
