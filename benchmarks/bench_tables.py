"""Time `python -m fer_exp compare` over a store of many finished runs.

The store grows from one sweep that is really trained: its rows are copied in SQL, under new ids and with
scores of their own, as studies of ten arms and five seeds. Prints the seconds of the whole command, from
the shell and back, and how many of them pass in reading the runs.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARMS, SEEDS = 10, 5

# The tables that hold a run, and their column with its id.
TABLES = ("runs", "params", "tags", "metrics", "latest_metrics")


class Copies:
    """Copies of a run's rows, each under an id of its own."""

    def __init__(self, store: sqlite3.Connection, run_id: str):
        self.store = store
        self.rows = {}
        for table in TABLES:
            found = store.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", (run_id,))
            self.rows[table] = [column[0] for column in found.description], found.fetchall()
        self.chance = random.Random(0)

    def add(self, folder: Path, name: str, tags: dict[str, str]) -> str:
        """One more, with its artifacts in `folder` and these tags changed; its id."""
        run_id = uuid.uuid4().hex
        for table, (columns, rows) in self.rows.items():
            changed = [
                self._changed(dict(zip(columns, row, strict=True)), run_id, folder, name, tags)
                for row in rows
            ]
            marks = ", ".join("?" * len(columns))
            self.store.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                [tuple(row.values()) for row in changed],
            )
        return run_id

    def _changed(self, row: dict, run_id: str, folder: Path, name: str, tags: dict[str, str]) -> dict:
        row = {**row, "run_uuid": run_id}
        if "artifact_uri" in row:
            row |= {"name": name, "artifact_uri": f"{folder.as_uri()}/{run_id}/artifacts"}
        elif row["key"] in tags:
            row["value"] = tags[row["key"]]
        elif row["key"].endswith("accuracy"):
            row["value"] = self.chance.uniform(0.3, 0.4)
        return row


def fill(folder: Path, runs: int, epochs: int) -> None:
    """A store of so many finished runs in `folder`."""
    few = ("data.n_train=140", "data.n_test=70", "tracking.log_model=false", "stopping=none")
    sweep = [sys.executable, str(ROOT / "train.py"), "-m", "seed=0", f"training.epochs={epochs}", *few]
    subprocess.run(sweep, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    artifacts = folder / "mlartifacts"
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        kinds = dict(store.execute("SELECT value, run_uuid FROM tags WHERE key = 'kind'"))
        job, sweep = (Copies(store, kinds[kind]) for kind in ("job", "sweep"))
        for study in range(runs // (ARMS * SEEDS)):
            plan = []
            for arm in range(ARMS):
                for seed in range(SEEDS):
                    identity = f"{study}-{arm}-{seed}"
                    entry = {"name": f"arm {arm} · seed {seed}", "arm": f"arm {arm}", "setting": str(arm)}
                    job.add(artifacts, entry["name"], {"identity": identity, "study": f"study{study}"})
                    plan.append({**entry, "seed": str(seed), "identity": identity})
            kept = artifacts / sweep.add(artifacts, f"study{study}", {"study": f"study{study}"}) / "artifacts"
            kept.mkdir(parents=True)
            (kept / "plan.json").write_text(json.dumps({"jobs": plan}))
        store.commit()


def main() -> None:
    """Fill a store, compare its runs, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=20, help="of each run (default: 20)")
    parser.add_argument("--times", type=int, default=3, help="of which the median counts (default: 3)")
    parser.add_argument("--keep", type=Path, help="a folder to make the store in, or one that has it")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp())
    try:
        if not (folder / "mlflow.db").exists():
            folder.mkdir(exist_ok=True)
            fill(folder, args.runs, args.epochs)
        for _ in range(args.times):
            began, before = time.perf_counter(), os.times()
            command = [sys.executable, "-m", "fer_exp", "compare", "--format", "csv"]
            done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
            after = os.times()
            busy = after.children_user + after.children_system - before.children_user - before.children_system
            lines = len(done.stdout.splitlines())
            print(f"{time.perf_counter() - began:.2f} s, {busy:.2f} s of a core, for {lines} lines")
    finally:
        if not args.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
