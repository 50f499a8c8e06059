"""Time the first load of a set, which decodes and caches it, and the later ones, which map what is cached.

Each load is a process of its own; the seconds are those of the load alone, without Python's start. Prints a
Markdown table of medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_LOAD = """
import sys, time
from pathlib import Path
from fer_exp.data.datasets import load_fer2013

start = time.perf_counter()
dataset = load_fer2013(Path(sys.argv[1]), Path(sys.argv[2]), "fail")
print(time.perf_counter() - start, len(dataset.faces))
"""


def load(data: Path, folder: str) -> tuple[float, int]:
    """Seconds of a load, and how many faces it gave."""
    command = [sys.executable, "-c", _LOAD, str(data), folder]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, count = done.stdout.split()
    return float(seconds), int(count)


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="sets: folder, zip or CSV")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("| set | faces | first load, s | later loads, s |")
    print("|---|---|---|---|")
    for data in args.data:
        first, later = [], []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as folder:
                for seconds in (first, later):
                    took, count = load(data.absolute(), folder)
                    seconds.append(took)
        medians = " | ".join(f"{statistics.median(seconds):.2f}" for seconds in (first, later))
        print(f"| {data.name} | {count:,} | {medians} |", flush=True)


if __name__ == "__main__":
    main()
