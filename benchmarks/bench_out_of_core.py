"""A set larger than memory, trained for an epoch under a limit that the system enforces (Linux, root).

Draws the faces, sorts them on disk and trains the main network on them for one epoch with train.py,
twice: the first start draws, the second maps what lies in the cache. Both run in a memory control group of
their own, whose limit counts the pages of files too; the process is killed if it needs more. Prints a
Markdown table, and what a set of `--described` gigabytes would come to: time as its size has it, and memory
by what is held of each face beside its pixels, found by sorting two small sets.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fer_exp.data import external_sort
from fer_exp.data.faces import Row, Usage
from fer_exp.fer2013 import SIDE
from fer_exp.models.factory import PIXELS

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def limited(limit: int) -> Iterator[Path]:
    """A control group whose processes take `limit` bytes at most; the file to write their ids to."""
    first, second = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    base, name = (first, "memory.limit_in_bytes") if first.is_dir() else (second, "memory.max")
    group = base / f"fer-exp-{os.getpid()}"
    group.mkdir()
    try:
        (group / name).write_text(str(limit))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def run(folder: str, faces: int, processes: Path) -> tuple[float, float, str]:
    """Wall seconds of train.py, its seconds of training, and what it says of the epoch."""
    command = [sys.executable, ROOT / "train.py", "data=synthetic", f"data.n_train={faces}", "data.n_test=14"]
    command += ["training.epochs=1", "tracking.log_model=false"]
    command += [f"tracking.uri=sqlite:///{folder}/mlflow.db"]
    start = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        # the group's memory, from its first page
        preexec_fn=lambda: processes.write_text(str(os.getpid())),
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"train.py ended with {done.returncode}: {done.stderr[-2000:]}")
    wall = time.perf_counter() - start
    said = re.search(r"in ([0-9.]+) s, lowest validation loss ([^(]*)", done.stdout + done.stderr)
    return wall, float(said[1]), said[2].strip()


def noise(count: int) -> Iterator[Row]:
    """So many pictures of noise."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8), 0, Usage.TRAIN


def sorted_memory(count: int, folder: str) -> tuple[int, int]:
    """Bytes that so many faces take as they are sorted, at most, and afterwards; mapped ones do not count."""
    tracemalloc.start()
    faces = external_sort.on_disk(noise(count), Path(folder))
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del faces
    return most, held


def describe(gigabytes: float, measured: int, first: tuple[float, float], later: float, folder: str) -> None:
    """Print what so large a set comes to.

    measured: the faces of the set that was run; first: the seconds of its first start and of its epoch there;
    later: of its epoch when it lay in the cache.
    """
    few, more = 20_000, 80_000
    # what is held for good from the first time on belongs to no face
    sorted_memory(few, folder)
    most, held = (
        (above - below) / (more - few)
        for below, above in zip(sorted_memory(few, folder), sorted_memory(more, folder), strict=True)
    )
    faces = round(gigabytes * 1e9 / PIXELS)
    sorting_seconds, epoch_seconds = (faces / measured * each for each in (first[0] - first[1], later))
    print(f"\n| a set of {gigabytes:g} GB, by these figures | |\n|---|---|")
    for name, value in {
        "faces": f"{faces:,}",
        "hours to draw and sort": f"{sorting_seconds / 3600:.1f}",
        "hours of an epoch": f"{epoch_seconds / 3600:.1f}",
        "GB of disk as they are sorted": f"{2 * gigabytes:g}",
        f"GB of memory as they are sorted, {most:.0f} bytes a face": f"{most * faces / 1e9:.1f}",
        f"GB of memory later, {held:.0f} bytes a face": f"{held * faces / 1e9:.1f}",
    }.items():
        print(f"| {name} | {value} |")


def main() -> None:
    """The table and the description."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of pixels (default %(default)s)")
    parser.add_argument("--limit", type=float, default=1.0, help="of memory, in gigabytes")
    parser.add_argument(
        "--described", type=float, default=40.0, help="gigabytes of the set that is described"
    )
    args = parser.parse_args()
    faces = round(args.gigabytes * 1e9 / PIXELS)
    print(f"{faces:,} drawn faces, {args.gigabytes:g} GB of pixels, under {args.limit:g} GB of memory\n")
    print("| start | wall s | of it training, s | validation loss |")
    print("|---|---|---|---|")
    # on the disk that other caches lie on, and none that is memory
    kept = ROOT / ".cache"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        took = []
        with limited(round(args.limit * 1e9)) as processes:
            for start in ("draws and sorts", "maps the cache"):
                wall, training, said = run(folder, faces, processes)
                took.append((wall, training))
                print(f"| {start} | {wall:.0f} | {training:.0f} | {said} |", flush=True)
        describe(args.described, faces, took[0], took[1][1], folder)


if __name__ == "__main__":
    main()
