"""What a store of runs grows to, and what asking it takes: the tables of docs/scale.md.

One job and its evaluation run for real, on drawn faces; its rows and files are weighed. Then a store is
filled with copies of its rows, as sweeps of 30 jobs, at two sizes, and asked what the tables ask. What
lies beyond is a straight line through the two.
"""

import argparse
import datetime
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.tracking import artifacts, keys, studies

ROOT = Path(__file__).parent.parent
FACES = ("data.n_train=140", "data.n_test=70")
JOBS_OF_A_SWEEP = 30
BEYOND = (10_000, 1_000_000)

# MLflow's tables that hold the rows of a run, by the column that names it.
OWNED = dict.fromkeys(("metrics", "latest_metrics", "params", "tags"), "run_uuid")


def one_job(folder: Path, epochs: int) -> tuple[str, str]:
    """Train and evaluate a job in a folder, as a sweep of one; the ids of the job and of the sweep."""
    train = ["-m", "seed=0", f"training.epochs={epochs}", "stopping=none", *FACES]
    for script, arguments in (("train.py", train), ("evaluate.py", ["run=latest", "baseline=prior", *FACES])):
        command = [sys.executable, str(ROOT / script), *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    store = opened(folder)
    [job], [sweep] = (store.records("FINISHED", kind=kind) for kind in (keys.Kind.JOB, keys.Kind.SWEEP))
    return job.run_id, sweep.run_id


def opened(folder: Path) -> tracking.Store:
    """The store in a folder."""
    return tracking.Store(settings.Tracking(f"sqlite:///{folder}/mlflow.db", str(folder), "fer-exp", False))


def size(path: Path) -> int:
    """The bytes of a file, or of all in a folder."""
    return sum(
        file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()
    )


def files_of(folder: Path, run_id: str) -> list[tuple[str, int, int]]:
    """What a job keeps as files: name, number and bytes, the largest first."""
    own = folder / "mlartifacts" / run_id / "artifacts"
    found = [(str(path.relative_to(own)), 1, size(path)) for path in own.rglob("*") if path.is_file()]
    [model] = (folder / "mlartifacts" / "models").iterdir()
    files = [path for path in model.rglob("*") if path.is_file()]
    code = [path for path in files if "code" in path.relative_to(model).parts]
    for name, part in (("model: this package's code", code), ("model: the rest", set(files) - set(code))):
        found.append((name, len(part), sum(map(size, part))))
    return sorted(found, key=lambda row: -row[2])


def clone(cursor: sqlite3.Cursor, table: str, column: str, old: str, new: str, **changed: object) -> None:
    """Copy the rows of a run to another, with some columns changed."""
    columns = [row[1] for row in cursor.execute(f"pragma table_info({table})")]
    changed[column] = new
    said = ", ".join("?" if name in changed else name for name in columns)
    values = [changed[name] for name in columns if name in changed]
    cursor.execute(f"insert into {table} select {said} from {table} where {column} = ?", [*values, old])


def copy_run(
    cursor: sqlite3.Cursor, old: str, name: str, start: int, tags: dict[str, str], place: str
) -> str:
    """A copy of a run's rows under another name and with other tags; its id."""
    new = uuid.uuid4().hex
    clone(cursor, "runs", "run_uuid", old, new, name=name, start_time=start, artifact_uri=f"{place}/{new}")
    for table, column in OWNED.items():
        clone(cursor, table, column, old, new)
    rows = [(value, new, key) for key, value in {**tags, "mlflow.runName": name}.items()]
    cursor.executemany("update tags set value = ? where run_uuid = ? and key = ?", rows)
    entry = uuid.uuid4().hex
    for (former,) in cursor.execute(
        "select input_uuid from inputs where destination_id = ?", [old]
    ).fetchall():
        clone(cursor, "inputs", "input_uuid", former, entry, destination_id=new)
        clone(cursor, "input_tags", "input_uuid", former, entry)
        break
    return new


def grow(folder: Path, job: str, sweep: str, runs: int) -> None:
    """Add sweeps of copied jobs until the store holds so many jobs."""
    with sqlite3.connect(folder / "mlflow.db") as connection:
        cursor = connection.cursor()
        query = "select count(*) from tags where key = 'kind' and value = 'job'"
        [(there,)] = cursor.execute(query).fetchall()
        [(start,)] = cursor.execute("select max(start_time) from runs").fetchall()
        while there < runs:
            number = min(JOBS_OF_A_SWEEP, runs - there)
            identities = [uuid.uuid4().hex[:16] for _ in range(number)]
            place = (folder / "mlartifacts").as_uri()
            parent = copy_run(cursor, sweep, f"sweep {there}", start + there, {}, place)
            entries = [
                {"name": f"seed {seed}", "arm": f"arm {seed // 5}", "seed": str(seed % 5), "setting": ""}
                for seed in range(number)
            ]
            for at, identity in enumerate(identities):
                tags = {keys.Tag.IDENTITY: identity, keys.Tag.PARENT: parent}
                copy_run(cursor, job, f"seed {at}", start + there + at, tags, place)
                entries[at]["identity"] = identity
            (folder / "mlartifacts" / parent).mkdir()
            (folder / "mlartifacts" / parent / artifacts.PLAN).write_text(json.dumps({"jobs": entries}))
            there += number
    connection.close()


def weigh(folder: Path) -> dict[str, int]:
    """The bytes of each table with its indices, and of the whole store."""
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        pages = connection.execute(
            "select tbl_name, sum(pgsize) from dbstat join sqlite_schema using (name) group by tbl_name"
        ).fetchall()
        found = dict(pages)
    connection.close()
    return {
        **{table: found[table] for table in ("runs", *OWNED)},
        "all": (folder / "mlflow.db").stat().st_size,
    }


def ask(folder: Path) -> dict[str, float]:
    """Seconds of what the tables ask of a store."""
    store = opened(folder)
    start = time.perf_counter()
    store.latest_of_all()
    middle = time.perf_counter()
    studies.read_studies(store)
    return {"all jobs": middle - start, "all studies": time.perf_counter() - middle}


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def said_bytes(number: float) -> str:
    """Bytes in a unit that reads well."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g} {units[0]}" if number < 1000 else f"{number:,.0f} {units[0]}"


def said_seconds(number: float) -> str:
    """Seconds, or minutes where those read better."""
    return f"{number:.2g} s" if number < 100 else f"{number / 60:,.0f} min"


def store_rows(sizes: list[int], weights: list[dict], asked: list[dict]) -> Iterator[list[str]]:
    """A line of the second table for each of what was measured, and on to what lies beyond."""
    named = {"the whole file" if key == "all" else f"`{key}`": key for key in weights[0]}
    lines = [(name, [each[key] for each in weights], said_bytes) for name, key in named.items()]
    lines += [(f"to ask for {key}", [each[key] for each in asked], said_seconds) for key in asked[0]]
    for name, measured, say in lines:
        slope = (measured[1] - measured[0]) / (sizes[1] - sizes[0])
        beyond = [measured[1] + slope * (number - sizes[1]) for number in BEYOND]
        more = say(slope) if say is said_bytes else f"{1000 * slope:.3g} ms"
        yield [name, *map(say, measured), more, *map(say, beyond)]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs=2, default=[500, 2000], help="jobs in the store")
    parser.add_argument("--epochs", type=int, default=30, help="of the job that is copied")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job, sweep = one_job(folder, args.epochs)
        files = files_of(folder, job)
        weights, asked = [], []
        for runs in args.sizes:
            grow(folder, job, sweep, runs)
            weights.append(weigh(folder))
            asked.append(ask(folder))
    command = f"python benchmarks/bench_store_growth.py --sizes {args.sizes[0]} {args.sizes[1]}"
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores of {platform.machine()}"
    by = f"`{command} --epochs {args.epochs}` on {datetime.date.today()}"
    print(f"Printed by {by}; {load}; SQLite {sqlite3.sqlite_version}.\n")
    many = [f"{number:,} jobs" for number in BEYOND]
    rows = [*files, ("all", sum(row[1] for row in files), sum(row[2] for row in files))]
    said = [
        [name, str(number), *(said_bytes(each * weight) for each in (1, *BEYOND))]
        for name, number, weight in rows
    ]
    print(f"Files of a job of {args.epochs} epochs, the deck's main model, evaluated:\n")
    print(table(["", "files", "a job", *many], said))
    print("Rows of the store, with their indices, and what the tables ask:\n")
    measured = [f"{runs:,} jobs" for runs in args.sizes]
    print(table(["", *measured, "a job more", *many], list(store_rows(args.sizes, weights, asked))))
    print("What lies beyond the sizes measured is a straight line through them.")


if __name__ == "__main__":
    main()
