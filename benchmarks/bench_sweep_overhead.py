"""Time whole sweeps: the wall time beside the training in it, and what a job costs besides.

Prints a Markdown table of runs of train.py, each in a store of its own:
- three optimizers, two jobs at a time, beside 1.2 times half of the seconds that they train one at a time
  just before, plus 6 s: of `--rounds` such pairs the one of the median share;
- jobs of one epoch, one at a time: from the start of one to the start of the next, less its training;
- one long job: from its first logged epoch to its last, less the training between them.
The seconds of training, starts and ends are the store's own.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.tracking import keys

ROOT = Path(__file__).resolve().parent.parent


def faces_of(args: argparse.Namespace) -> list[str]:
    """The overrides that name the set and its cache."""
    root = ["data=fer2013", f"data.root={args.data.absolute()}"] if args.data else []
    return [*root, f"data.cache_dir={args.cache.absolute()}"]


def train(args: argparse.Namespace, *overrides: str) -> tuple[float, list[tracking.Record], float]:
    """Run train.py in a new folder: wall seconds, its jobs as they began, `epochs_apart` of the newest."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, ROOT / "train.py", *overrides, *faces_of(args)]
        uri = f"sqlite:///{folder}/mlflow.db"
        # the folder's store, whatever the user's own is
        command += [f"tracking.uri={uri}", f"tracking.artifacts={folder}/artifacts"]
        start = time.perf_counter()
        subprocess.run([str(part) for part in command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - start
        store = tracking.Store(settings.Tracking(uri, f"{folder}/artifacts", "fer-exp", False))
        jobs = sorted(store.records(kind=keys.Kind.JOB), key=lambda run: run.started)
        return wall, jobs, epochs_apart(store)


def epochs_apart(store: tracking.Store) -> float:
    """Seconds from the first logged epoch of the newest job to its last, less the training between."""
    [newest, *_] = store.records(kind=keys.Kind.JOB)
    points = store.client.get_metric_history(newest.run_id, keys.EPOCH_SECONDS)
    points.sort(key=lambda point: point.step)
    between = (points[-1].timestamp - points[0].timestamp) / 1000
    return between - sum(point.value for point in points[1:])


def trained(jobs: list[tracking.Record]) -> float:
    """Seconds of training in all the jobs."""
    return sum(job.metrics[keys.TRAIN_SECONDS] for job in jobs)


def pair(args: argparse.Namespace) -> tuple[float, float, float, list[float]]:
    """Three optimizers one at a time, then two at a time: wall by what is allowed, both, and each training.

    The seconds of jobs that share cores are no measure of their work.
    """
    _, jobs, _ = train(args, "-m", "optimizer=sgd,adam,nadam", "n_jobs=1")
    wall, _, _ = train(args, "-m", "optimizer=sgd,adam,nadam", "n_jobs=2")
    allowed = 1.2 * trained(jobs) / 2 + 6
    return wall / allowed, wall, allowed, [trained([job]) for job in jobs]


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="FER-2013: folder, zip or CSV (default: drawn faces)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for the decoded set")
    parser.add_argument("--jobs", type=int, default=12, help="jobs of one epoch")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of sweeps")
    args = parser.parse_args()

    # decodes or draws the faces, which is no part of a sweep
    train(args, "training.epochs=1")
    print("| sweep | measured | seconds | allowed | share |")
    print("|---|---|---|---|---|")

    share, wall, allowed, seconds = statistics.median_low(pair(args) for _ in range(args.rounds))
    # no sweep is shorter than its longest job
    trains = f"{sum(seconds):.1f} s of training, {max(seconds):.1f} in the longest"
    name = f"three optimizers, two at a time, {trains}"
    print(f"| {name} | wall | {wall:.1f} | {allowed:.1f} | {share:.2f} |", flush=True)

    seeds = ",".join(map(str, range(args.jobs)))
    _, jobs, _ = train(args, "-m", f"seed={seeds}", "training.epochs=1", "n_jobs=1")
    starts = [job.started for job in jobs]
    costs = [
        after - before - trained([job])
        for before, after, job in zip(starts[1:], starts[2:], jobs[1:], strict=False)
    ]
    median, worst = statistics.median(costs), max(costs)
    name, what = f"{args.jobs} jobs of one epoch, one at a time", "a job after the first, besides training"
    print(f"| {name} | {what}: median | {median:.2f} | 0.70 | {median / 0.7:.2f} |")
    print(f"| | the same: worst | {worst:.2f} | | |", flush=True)

    _, jobs, tracked = train(args, "training.epochs=20", "stopping=none")
    allowed = 0.03 * trained(jobs)
    name = f"one job of 20 epochs, {trained(jobs):.1f} s of training"
    print(f"| {name} | tracking and checkpoints | {tracked:.2f} | {allowed:.2f} | {tracked / allowed:.2f} |")


if __name__ == "__main__":
    main()
