"""One sweep under each launcher: are its tables equal, and what does it say of a job that is killed?

Two studies run under every launcher, in a store of its own; the tables that `compare` prints are held
against the first launcher's, line by line, but for seconds and dates. Then one study runs in another store,
one of its jobs gets SIGKILL as it trains, and the same command is given again. Prints Markdown; exit 1 if a
table differs. Linux alone: the process of a job is found in /proc/locks.
"""

import argparse
import datetime
import importlib.metadata
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Each with the package that is its engine; the first is Hydra's own, which has none.
LAUNCHERS = {"basic": None, "joblib": "joblib", "submitit_local": "submitit", "ray": "ray"}

FEW = ("seed=0,1", "data.n_train=210", "data.n_test=70")
STUDIES = tuple((f"study={name}", *FEW, "training.epochs=3") for name in ("optimizer", "activation"))
# long enough for a job to be met as it trains
KILLED = ("study=optimizer", *FEW, "training.epochs=60", "stopping=none")

# How many jobs have ended when one is killed.
BEFORE = 2


def by(launcher: str) -> tuple[str, ...]:
    """The overrides that name a launcher."""
    args = f"hydra/launcher={launcher}"
    return (args,) if launcher == "basic" else (args, "n_jobs=2")


def start(folder: Path, *overrides: str) -> subprocess.Popen:
    """Start a sweep in a folder; what it says is appended to `said` there."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "COLUMNS": "200"}
    command = [sys.executable, str(ROOT / "train.py"), *overrides]
    with open(folder / "said", "w", encoding="utf-8") as said:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)


def counts(folder: Path) -> str:
    """What became of the jobs, as the last sweep in a folder counted them."""
    said = (folder / "said").read_text(encoding="utf-8")
    found = re.findall(r"^\d+ [a-z ]+(?:, \d+ [a-z ]+)*$", said, re.MULTILINE)
    return found[-1] if found else "(no counts)"


def tables(folder: Path, *arguments: str) -> list[str]:
    """The lines of the tables of a folder's store, without dates and seconds."""
    command = [sys.executable, "-m", "fer_exp", "compare", "--format", "markdown", *arguments]
    command += ["--tracking-uri", f"sqlite:///{folder}/mlflow.db"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found, timed = [], False
    for line in done.stdout.splitlines():
        # the last column of a table
        timed = line.startswith("|") and (timed or line.endswith(" seconds |"))
        if line and not line.startswith("Printed by"):
            found.append(re.sub(r"[^|]*\|$" if timed else "trained .* in all, ", "", line))
    return found


def scores(lines: list[str]) -> list[str]:
    """Of the lines of all tables those with the scores of each study."""
    kept, found = False, []
    for line in lines:
        if line.startswith("**"):
            kept = line.endswith("over seeds**")
            found += ["", line, ""] * kept
        elif kept and line.startswith("|"):
            found.append(line)
    return found


def unlike(lines: list[str], first: list[str]) -> int:
    """How many lines differ, or are in one of the two alone."""
    return sum(a != b for a, b in zip(lines, first, strict=False)) + abs(len(lines) - len(first))


def holder(lock: Path) -> int | None:
    """The process that holds a lock, if one does."""
    with suppress(FileNotFoundError):
        pattern = rf"FLOCK +ADVISORY +WRITE (\d+) \S+:{lock.stat().st_ino} "
        held = re.search(pattern, Path("/proc/locks").read_text(encoding="utf-8"))
        return held and int(held[1])
    return None


def training(store: Path) -> list[tuple[str, str]]:
    """The id and the name of each job that has logged an epoch and not ended; none before `BEFORE` have."""
    query = (
        "SELECT run_uuid, name FROM runs JOIN latest_metrics USING (run_uuid) WHERE key = 'loss/val' AND "
        "status = 'RUNNING' AND (SELECT count(*) FROM runs WHERE status = 'FINISHED') >= ?"
    )
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(store, timeout=60)) as opened:
        return opened.execute(query, (BEFORE,)).fetchall()
    # there is no store yet
    return []


def kill_a_job(folder: Path, sweep: subprocess.Popen) -> str:
    """SIGKILL to the process of a job that trains; the job's name."""
    while sweep.poll() is None:
        for run, name in training(folder / "mlflow.db"):
            lock = folder / "mlflow.db.locks" / run
            if process := holder(lock):
                # held still, it can neither end nor begin another job before the signal
                os.kill(process, signal.SIGSTOP)
                at_work = holder(lock) == process
                os.kill(process, signal.SIGKILL if at_work else signal.SIGCONT)
                if at_work:
                    return name
        time.sleep(0.01)
    raise SystemExit(f"no job was met as it trained: {(folder / 'said').read_text(encoding='utf-8')}")


def told(folder: Path, name: str) -> list[str]:
    """Of what a sweep said: its plan, every line of the job of this name, and its counts."""
    lines = (folder / "said").read_text(encoding="utf-8").splitlines()
    plan = [line for line in lines if line.endswith(" at a time")]
    of_job = [line for line in lines if line.startswith(f"{name}: ")]
    return [*plan, *of_job, counts(folder)]


def whole_sweeps(launchers: list[str]) -> bool:
    """The table of the two studies under each launcher; whether all their tables are equal."""
    print("The two studies, each launcher with a store of its own:\n\n```")
    for study in STUDIES:
        print("python train.py", *study, "hydra/launcher=NAME n_jobs=2")
    print("python -m fer_exp compare --format markdown\n```\n")
    print("| launcher | first study | second study | seconds | lines of tables | unlike those of the first |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    first: list[str] = []
    equal = True
    for launcher in launchers:
        with tempfile.TemporaryDirectory() as name:
            folder, said = Path(name), []
            began = time.monotonic()
            for study in STUDIES:
                code = start(folder, *study, *by(launcher)).wait()
                said.append(counts(folder) if code == 0 else f"exit {code}: {counts(folder)}")
            seconds = time.monotonic() - began
            lines = tables(folder)
        first = first or lines
        equal &= lines == first
        cells = [launcher, *said, f"{seconds:.0f}", str(len(lines)), str(unlike(lines, first))]
        print(f"| {' | '.join(cells)} |", flush=True)
    print("\nThe scores among those lines; few faces and epochs, so the figures mean nothing in themselves:")
    print(*scores(first), sep="\n")
    return equal


def killed_jobs(launchers: list[str]) -> bool:
    """What a sweep says of a killed job under each launcher; whether all come to the same tables."""
    print(
        "\nSIGKILL to the process of a job as it trains, and then the same command again. Of what the sweep"
    )
    print("says stand here its plan, the lines of that job and the counts:")
    first: list[str] = []
    equal = True
    for launcher in launchers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = (*KILLED, *by(launcher))
            sweep = start(folder, *command)
            job = kill_a_job(folder, sweep)
            print(f"\n**{launcher}**, `{job}` killed:\n\n```\n$ python train.py {' '.join(command)}")
            print(*told(folder, job) if sweep.wait() else [], f"[exit {sweep.returncode}]", sep="\n")
            again = start(folder, *command).wait()
            print("$ the same again", *told(folder, job), f"[exit {again}]", "```", sep="\n", flush=True)
            lines = tables(folder, "--study", "optimizer")
        first = first or lines
        equal &= lines == first
        print(f"\nLines of its tables unlike those of the first: {unlike(lines, first)} of {len(lines)}.")
    return equal


def main() -> None:
    """Run the sweeps and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--launchers", nargs="+", default=list(LAUNCHERS), choices=list(LAUNCHERS))
    args = parser.parse_args().launchers
    there = [name for name in args if LAUNCHERS[name] is None or find_spec(LAUNCHERS[name])]
    engines = [LAUNCHERS[name] for name in there if LAUNCHERS[name]]
    versions = ", ".join(f"{engine} {importlib.metadata.version(engine)}" for engine in engines)
    command = " ".join(["python benchmarks/bench_launchers.py", *sys.argv[1:]])
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores of {platform.machine()}"
    print(f"Printed by `{command}` on {datetime.date.today()}; {load}; {versions}.\n")
    for name in args:
        if name not in there:
            print(f"Not tried: {name}, since {LAUNCHERS[name]} is not installed.\n")
    # both, whatever comes of the first
    if not all([whole_sweeps(there), killed_jobs(there)]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
