"""A PostgreSQL of the tests' own: a cluster in a folder, at a free port of this machine."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_exp.tracking.server import mlflow_server

PASSWORD = "of-this-test-alone"

# Debian keeps the programs of each version out of the path.
_PLACES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


@dataclass(frozen=True)
class Cluster:
    """A running one, at a port of this machine."""

    port: int

    @property
    def uri(self) -> str:
        """What MLflow opens; the password stands in PGPASSWORD."""
        return f"postgresql://postgres@{mlflow_server.HOST}:{self.port}/postgres"

    def rows(self, query: str) -> list[tuple]:
        """What a query finds."""
        import psycopg

        login = {"host": mlflow_server.HOST, "port": self.port, "user": "postgres", "password": PASSWORD}
        with psycopg.connect(**login) as connection:
            return connection.execute(query).fetchall()


def why_not() -> str | None:
    """Why there can be none here, if so."""
    if _programs() is None:
        return "PostgreSQL is not installed"
    try:
        import psycopg  # noqa: F401 - looked for
    except ImportError:
        return "psycopg, PostgreSQL's driver, is not installed"
    return None


def _programs() -> Path | None:
    found = shutil.which("initdb")
    return Path(found).parent if found else next(iter(_PLACES), None)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Make a cluster, start it while the block runs, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, port = Path(name), mlflow_server.free_port(0)
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        # PostgreSQL refuses to run as root
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres", "postgres")

        def call(program: str, *arguments: str) -> None:
            command = [str(_programs() / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120, **user)

        call(
            "initdb", "-A", "scram-sha-256", "-U", "postgres", f"--pwfile={folder / 'password'}", "--no-sync"
        )
        options = (
            f"-p {port} -c listen_addresses={mlflow_server.HOST} -c unix_socket_directories='' -c fsync=off"
        )
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield Cluster(port)
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
