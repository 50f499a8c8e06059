"""A set larger than memory, trained for an epoch under a limit that the system enforces (Linux, root).

Draws the faces, sorts them on disk and trains the main network on them for one epoch with train.py,
twice: the first start draws, the second maps what lies in the cache. Both run in a memory control group of
their own, whose limit counts the pages of files too; the process is killed if it needs more. Prints a
Markdown table.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_exp.networks import PIXELS

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


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of pixels (default %(default)s)")
    parser.add_argument("--limit", type=float, default=1.0, help="of memory, in gigabytes")
    args = parser.parse_args()
    faces = round(args.gigabytes * 1e9 / PIXELS)
    print(f"{faces:,} drawn faces, {args.gigabytes:g} GB of pixels, under {args.limit:g} GB of memory\n")
    print("| start | wall s | of it training, s | validation loss |")
    print("|---|---|---|---|")
    # on the disk that other caches lie on, and none that is memory
    kept = ROOT / ".cache"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as folder, limited(round(args.limit * 1e9)) as processes:
        for start in ("draws and sorts", "maps the cache"):
            wall, training, said = run(folder, faces, processes)
            print(f"| {start} | {wall:.0f} | {training:.0f} | {said} |", flush=True)


if __name__ == "__main__":
    main()
