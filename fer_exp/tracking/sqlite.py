"""A store in a SQLite file: refused at once where it cannot be, shared, waited for, and read fast."""

import atexit
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import sqlalchemy

from fer_exp import places
from fer_exp.errors import UserError
from fer_exp.tracking.errors import PATIENCE
from fer_exp.tracking.record import Record

# The version of MLflow's tables, by its migrations, that are read here.
_SCHEMA = "dc11669786a5"

# What a run was told and its last metrics, by table; MLflow keeps a metric that is no number as 0 with
# a mark.
_TOLD = {"params": "value", "tags": "value", "latest_metrics": "iif(is_nan, NULL, value)"}


def file_of(uri: str) -> Path:
    """The file that a store's address names; UserError if MLflow would take another, or none."""
    path = uri.removeprefix(places.SQLITE)
    if path in ("", ":memory:"):
        raise UserError(f"{uri}: a store is kept in a file: {places.SQLITE}mlflow.db")
    if "?" in path or "%" in path:
        raise UserError(f"{uri}: the path of a store may hold no ? and no %; choose another folder or name")
    return Path(path)


def check(path: Path) -> None:
    """Return if a store can be or become this file; raises OSError or sqlite3.Error if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        connection.execute("PRAGMA schema_version")


def share(path: Path) -> None:
    """Let readers in beside a writer; nearly halves the time at eight writers.

    Before MLflow makes a new store: it commits a hundred times, and each would wait for the disk.
    """
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        connection.execute("PRAGMA journal_mode=wal")


def gather(path: Path) -> None:
    """Bring what is committed into the file itself, without waiting for anyone: else a copy lacks tables."""
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextmanager
def _read(path: Path) -> Iterator[sqlite3.Connection]:
    """A store that is there; UserError if it has gone or is damaged since it was opened."""
    try:
        # by its address alone SQLite does not make a file that is not there
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as store:
            yield store
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"tracking.uri={places.SQLITE}{path}: the store cannot be read ({error}); once it can, start the "
            "same again"
        ) from error


def is_known(path: Path) -> bool:
    """Whether MLflow's tables are as `records` reads them; another version's are asked by its own search."""
    with _read(path) as store:
        return store.execute("SELECT version_num FROM alembic_version").fetchall() == [(_SCHEMA,)]


def records(path: Path, experiment_id: str, status: str | None, tags: Mapping[str, str]) -> list[Record]:
    """The runs of an experiment with this status (any, if None) and these tags, newest first.

    As MLflow's search finds them, which makes an object of each tag, param and metric before it answers: 10 s
    for 2,000 runs, where this takes half a second.
    """
    wanted = "experiment_id = ? AND lifecycle_stage = 'active'"
    values: list[object] = [int(experiment_id)]
    if status:
        wanted += " AND status = ?"
        values.append(status)
    for pair in tags.items():
        wanted += " AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = ? AND value = ?)"
        values += pair
    with _read(path) as store:
        # one moment for all four
        store.execute("BEGIN")
        found = store.execute(
            "SELECT run_uuid, name, status, start_time, artifact_uri, end_time FROM runs "
            f"WHERE {wanted} ORDER BY start_time DESC, run_uuid",
            values,
        ).fetchall()
        told: dict[str, dict[str, dict[str, Any]]] = {}
        for table, value in _TOLD.items():
            runs = told[table] = {run_id: {} for run_id, *_ in found}
            query = f"SELECT run_uuid, key, {value} FROM {table} WHERE run_uuid IN "
            for run_id, key, each in store.execute(
                f"{query} (SELECT run_uuid FROM runs WHERE {wanted})", values
            ):
                runs[run_id][key] = math.nan if each is None else each
    return [
        Record(
            run_id,
            name,
            state,
            told["params"][run_id],
            told["tags"][run_id],
            told["latest_metrics"][run_id],
            started / 1000,
            artifacts,
            (ended or 0) / 1000,
        )
        for run_id, name, state, started, artifacts, ended in found
    ]


def move_files(path: Path, experiment_id: str, before: str, now: str, older_runs: bool) -> None:
    """Let MLflow put the files of an experiment at another address than before.

    older_runs: whether those of its runs and models that are there already are found there, too.
    Registered models are of no experiment, so all is told by its address.
    """
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as store, store:
        store.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (now, int(experiment_id))
        )
        columns = (
            *(("runs", "artifact_uri"), ("logged_models", "artifact_location")),
            *(("model_versions", "source"), ("model_versions", "storage_location")),
        )
        for table, column in columns if older_runs else ():
            store.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (now, len(before) + 1, len(before) + 1, f"{before}/"),
            )


# What holds MLflow's connections, which it never closes.
_open: WeakSet[sqlalchemy.pool.ConnectionPoolEntry] = WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what MLflow has open: the last to close brings all into the file itself, and removes the rest."""
    for entry in list(_open):
        if entry.dbapi_connection:
            entry.dbapi_connection.close()


@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def _connected(connection: Any, entry: sqlalchemy.pool.ConnectionPoolEntry) -> None:
    """Keep track, and leave it to the system when a commit reaches the disk: half of what metrics cost.

    A killed process loses nothing by that. A power failure may lose the last commits, never the file; a
    job's checkpoint, which does wait for the disk, holds its epochs, and the same command logs them again.
    """
    if isinstance(connection, sqlite3.Connection):
        _open.add(entry)
        connection.execute("PRAGMA synchronous = NORMAL")
