"""What a store holds, read from its file."""

import sqlite3
from contextlib import closing

# Metrics that a clock decides.
CLOCKS = ("time/epoch_seconds", "selected/train_seconds")


def runs(folder):
    """Each run in a folder's store: its kind, name, status, and its metrics, a value for each step."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        metrics = {}
        for run, key, step, value in store.execute("SELECT run_uuid, key, step, value FROM metrics"):
            if key not in CLOCKS:
                logged = metrics.setdefault(run, {})
                # an evaluation that was cut short is repeated as a whole, an epoch never is
                repeated = key.startswith("test/") and logged.get((key, step)) == value
                again = f"{folder.name}: {key} of epoch {step} was logged twice"
                assert repeated or (key, step) not in logged, again
                logged[key, step] = value
        query = (
            "SELECT runs.run_uuid, tags.value, runs.name, runs.status FROM runs "
            "JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'kind'"
        )
        return [
            (kind, name, status, metrics.get(run, {})) for run, kind, name, status in store.execute(query)
        ]
