"""A team's server as its admin starts it, with files in a folder or on S3, and a user who is let in."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from fer_exp.tracking.server import mlflow_server
from fer_exp.tracking.server import team as server_team
from helpers import postgres
from helpers.patience import PATIENCE

ADMINS, ANNAS = "the-admins-own-password", "the-own-password-of-anna"
SECRETS = {server_team.ADMIN_PASSWORD: ADMINS, server_team.SECRET_KEY: "0" * 64}


@dataclass(frozen=True)
class Team:
    """A running server: its address, what it said, its process, and its database if it is PostgreSQL."""

    uri: str
    said: str
    process: subprocess.Popen
    database: postgres.Cluster | None = None


@contextlib.contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Team]:
    """The command as a team's admin runs it in `folder`, until it serves."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AWS_"))}
    command = [sys.executable, "-m", "fer_exp", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        command, cwd=folder, env=own | SECRETS | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        uri = lines[0].split()[1].rstrip(";") if len(lines) > 1 else ""
        if uri:
            let_in("anna", ANNAS, uri)
        try:
            yield Team(uri, "".join(lines), process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def let_in(name: str, password: str, uri: str) -> None:
    """Make a user as docs/team.md says, by the admin."""
    said = {"username": name, "password": password}
    made = requests.post(f"{uri}/api/2.0/mlflow/users/create", json=said, auth=("admin", ADMINS), timeout=60)
    assert made.status_code in (200, 400), made.text


def as_anna(monkeypatch, uri: str, password: str | None = ANNAS) -> None:
    """Be a user who has set where to, and who she is."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    if password is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "anna")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)


@contextlib.contextmanager
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """A bucket of moto's S3, as the variables that name it."""
    try:
        import boto3
        import moto  # noqa: F401 - run below
        from botocore.config import Config
    except ImportError:
        yield {}
        return
    port = mlflow_server.free_port(0)
    login = {"AWS_ACCESS_KEY_ID": "a-team", "AWS_SECRET_ACCESS_KEY": "its-secret"}
    with (
        (folder / "s3.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=log, stderr=log
        ) as process,
    ):
        try:
            place = f"http://{mlflow_server.HOST}:{port}"
            patient = Config(retries={"max_attempts": 20, "mode": "standard"})
            client = boto3.client(
                "s3",
                endpoint_url=place,
                region_name="us-east-1",
                config=patient,
                **{k.lower(): v for k, v in login.items()},
            )
            client.create_bucket(Bucket="runs")
            yield {
                "MLFLOW_S3_ENDPOINT_URL": place,
                "MLFLOW_ARTIFACTS_DESTINATION": "s3://runs",
                "AWS_DEFAULT_REGION": "us-east-1",
                **login,
            }
        finally:
            process.terminate()
