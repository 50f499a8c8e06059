"""Serve a team's runs: `python -m fer_exp serve` is an MLflow server that asks who comes.

Passwords come from the environment alone. It answers this machine only; TLS and other machines are the
work of a reverse proxy in front of it (docs/team.md). Until Ctrl-C.
"""

import argparse
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from fer_exp import console
from fer_exp.errors import UserError
from fer_exp.tracking.server import mlflow_server, users

# A process that is only busy would be killed after five seconds, and with it what jobs are just sending.
_PATIENCE = "--timeout-worker-healthcheck 120"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_exp serve",
        description=__doc__.splitlines()[0],
        epilog=f"Passwords: {users.ADMIN_PASSWORD}, and {users.USERS} as 'anna:PASSWORD ben:PASSWORD'. "
        "The store: MLFLOW_BACKEND_STORE_URI and MLFLOW_ARTIFACTS_DESTINATION, else in the folder.",
    )
    parser.add_argument("--port", type=int, default=5000, help="of 127.0.0.1")
    parser.add_argument("--workers", type=int, default=4, help="processes that answer (default: 4)")
    parser.add_argument("--folder", type=Path, default=Path("team"), help="where all lies that has no place")
    parser.add_argument(
        "--users-at", metavar="URL", help="serve nothing: make the users at a server that runs already"
    )
    return parser.parse_args(arguments)


def serve(args: argparse.Namespace, password: str, wanted: dict[str, str]) -> None:
    """Serve until someone ends it; raises UserError if the server cannot start or ends itself."""
    users.require_secret_key(os.environ)
    if find_spec("flask_wtf") is None:
        raise UserError("MLflow asks for no password without the extra: pip install -e '.[server]'")
    if mlflow_server.free_port(args.port) != args.port != 0:
        # the team knows the server by its port
        raise UserError(f"--port {args.port}: taken; end what holds it or choose another")
    port = mlflow_server.free_port(args.port)
    uri = os.environ.get("MLFLOW_BACKEND_STORE_URI", "sqlite:///mlflow.db")
    options = ["--app-name", "basic-auth", "--workers", str(args.workers), "--uvicorn-opts", _PATIENCE]
    config = {"MLFLOW_AUTH_CONFIG_PATH": str(mlflow_server.BASIC_AUTH)}
    # the hashes of the passwords lie there
    args.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with mlflow_server.serving(uri, port, options, config, args.folder) as process:
        base = f"http://{mlflow_server.HOST}:{port}"
        users.admit(base, password, wanted)
        print(f"serving {base} to {', '.join([users.ADMIN, *wanted])}")
        print(f"each user: export MLFLOW_TRACKING_URI={base}, and MLFLOW_TRACKING_USERNAME and _PASSWORD")
        mlflow_server.stay(process)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the team's runs until Ctrl-C or SIGTERM, or say in a line why not."""
    args = parse(arguments)
    with console.serving():
        password, wanted = users.admins_password(os.environ), users.users(os.environ)
        if args.users_at:
            users.admit(args.users_at, password, wanted)
            print(f"{args.users_at} lets in {', '.join([users.ADMIN, *wanted])}")
        else:
            serve(args, password, wanted)
