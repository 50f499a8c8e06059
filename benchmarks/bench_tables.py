"""Time `python -m fer_exp compare --all` over a store of many finished runs.

The store is filled as by `bench_store_growth.py`, and its runs get scores of their own. Prints the seconds of
the whole command, from the shell and back, and those of a core.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench_store_growth import grow, one_job

# Else all arms were alike, and there were nothing to judge.
SCORES = "update latest_metrics set value = .3 + abs(random() % 100000) / 1e6 where key like '%accuracy'"


def main() -> None:
    """Fill a store, compare its runs, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=20, help="of each run (default: 20)")
    parser.add_argument("--times", type=int, default=3, help="of which the median counts (default: 3)")
    args = parser.parse_args()
    command = [sys.executable, "-m", "fer_exp", "compare", "--all", "--format", "csv"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        grow(folder, *one_job(folder, args.epochs), args.runs)
        with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
            store.execute(SCORES)
        for _ in range(args.times):
            began, before = time.perf_counter(), os.times()
            done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
            after = os.times()
            busy = after.children_user + after.children_system - before.children_user - before.children_system
            lines = len(done.stdout.splitlines())
            print(f"{time.perf_counter() - began:.2f} s, {busy:.2f} s of a core, for {lines} lines")


if __name__ == "__main__":
    main()
