"""A sweep of many short jobs: does its parent grow, and do its jobs slow down?

Runs `train.py` over so many seeds for an epoch each on drawn faces. Prints the parent's memory after a
tenth of the jobs and at the end, and the median seconds of a job in the first and the last tenth. The
bounds: the parent grows by less than 20 MB, and a job takes at most 1.3 times as long; exit 1 beyond.
Seconds grow with other work on the machine, too, so beside them stand those of a core: what the sweep's
processes took for the second and for the last tenth of the jobs, without the imports of the first.
"""

import argparse
import datetime
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEW = ("training.epochs=1", "data.n_train=140", "data.n_test=70", "tracking.log_model=false")
MOST_GROWTH, MOST_SLOWING = 20.0, 1.3


def resident(process: int) -> float:
    """The memory that a process holds, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def core_seconds(session: int) -> float:
    """What the living processes of a session have taken of a core, in seconds."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # OSError: ended meanwhile
        with suppress(OSError):
            # behind the name, which may hold spaces: state, parent, group, session, ...
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def durations(store: Path) -> list[float]:
    """The seconds of each finished job, in the order in which they began."""
    query = (
        "SELECT end_time - start_time FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
        "AND tags.key = 'kind' AND tags.value = 'job' WHERE status = 'FINISHED' ORDER BY start_time"
    )
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(store, timeout=60)) as open_store:
        return [milliseconds / 1000 for (milliseconds,) in open_store.execute(query)]
    # there is no store yet
    return []


def sweep(folder: Path, jobs: int) -> tuple[list[tuple[int, float, float]], list[float]]:
    """Run the sweep; each job's seconds, and now and then: jobs done, the parent's MB, seconds of a core."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", f"seed=range(0,{jobs})", *FEW]
    store = folder / "mlflow.db"
    grown = []
    with open(folder / "said.txt", "w") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        while process.poll() is None:
            with suppress(FileNotFoundError):
                done = len(durations(store))
                grown.append((done, resident(process.pid), core_seconds(process.pid)))
            time.sleep(1)
    if process.returncode:
        raise SystemExit((folder / "said.txt").read_text())
    return grown, durations(store)


def core_seconds_of_a_job(grown: list[tuple[int, float, float]], first: int, last: int) -> float:
    """The mean from one number of jobs done to another, both at the first look that saw it."""
    (start, _, before), (end, _, after) = (
        next(look for look in grown if look[0] >= done) for done in (first, last)
    )
    return (after - before) / (end - start)


def main() -> None:
    """Run the sweep and hold it against the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    jobs = parser.parse_args().jobs
    command = f"python benchmarks/bench_sweep_many_jobs.py --jobs {jobs}"
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores of {platform.machine()}"
    print(f"Printed by `{command}` on {datetime.date.today()}; {load}:\n")
    folder = Path(tempfile.mkdtemp())
    try:
        grown, seconds = sweep(folder, jobs)
    finally:
        shutil.rmtree(folder)
    tenth = max(1, jobs // 10)
    # a process that ends gives its memory back before it is gone
    settled = next(memory for done, memory, _ in grown if done >= tenth)
    most = max(memory for _, memory, _ in grown)
    first, last = (statistics.median(part) for part in (seconds[:tenth], seconds[-tenth:]))
    print(f"```\n{len(seconds)} jobs; the parent: {settled:.1f} MB after {tenth}, {most:.1f} MB at most")
    slowing = last / first
    print(f"seconds of a job: {first:.2f} in the first {tenth}, {last:.2f} in the last: {slowing:.2f} times")
    # the sweep may end before another look sees its very last jobs
    early, late = (core_seconds_of_a_job(grown, start, start + tenth) for start in (tenth, jobs - tenth - 2))
    print(f"of a core: {early:.2f} in the second {tenth}, {late:.2f} in the last: {late / early:.2f} times")
    print(f"load {os.getloadavg()[0]:.1f} at the end\n```")
    if most - settled > MOST_GROWTH or slowing > MOST_SLOWING:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
