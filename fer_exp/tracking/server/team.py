"""Serve a team's runs: `python -m fer_exp serve` is MLflow's server with its basic auth, and asks who comes.

The admin's password comes from the environment alone, and a known or empty one is refused. It answers this
machine only; TLS, other machines and the team's users are told of in docs/team.md. Until Ctrl-C.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from fer_exp import console, extras, files, machine
from fer_exp.errors import UserError
from fer_exp.tracking.server import mlflow_server

ADMIN_PASSWORD, SECRET_KEY = "MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY"

# MLflow asks for as many characters.
_SHORTEST = 12

# What older MLflow shipped, so that all the world knows it.
_KNOWN = {"password1234"}

# A process that is only busy would be killed after five seconds, and with it what jobs are just sending.
_PATIENCE = "--timeout-worker-healthcheck 120"


def require_secrets(environment: Mapping[str, str]) -> None:
    """Refuse, as UserError that shows none, an environment without a good password and a secret key."""
    password = environment.get(ADMIN_PASSWORD, "")
    if not password.strip():
        raise UserError(f"{ADMIN_PASSWORD} is not set: put the admin's password into that variable")
    if password in _KNOWN or len(password.strip()) < _SHORTEST or len(set(password)) < 3:
        raise UserError(
            f"{ADMIN_PASSWORD}: not a password to guard runs with; choose one of {_SHORTEST} or more "
            "characters that nobody knows"
        )
    if len(environment.get(SECRET_KEY, "").strip()) < _SHORTEST:
        raise UserError(
            f"{SECRET_KEY} is not set or short: keep in it what "
            "`python -c 'import secrets; print(secrets.token_hex(32))'` prints, the same at each start"
        )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = console.Options(
        "serve",
        __doc__,
        epilog=f"The admin's password: {ADMIN_PASSWORD}. "
        "The store: MLFLOW_BACKEND_STORE_URI and MLFLOW_ARTIFACTS_DESTINATION, else in the folder.",
    )
    parser.add_argument("--port", type=int, default=5000, help="of 127.0.0.1")
    number = console.whole(1, 64)
    parser.add_argument("--workers", type=number, default=4, help="processes that answer (default: 4)")
    parser.add_argument(
        "--folder", type=console.path, default=Path("team"), help="where all lies that has no place"
    )
    return parser.parse_args(arguments)


def serve(args: argparse.Namespace) -> None:
    """Serve until someone ends it; raises UserError if the server cannot start or ends itself."""
    require_secrets(machine.variables())
    extras.need("server", "MLflow's login", "flask_wtf")
    port = mlflow_server.free_port(args.port)
    if port != args.port != 0:
        # the team knows the server by its port
        raise UserError(f"--port {args.port}: taken; end what holds it or choose another")
    uri = machine.variable("MLFLOW_BACKEND_STORE_URI", "sqlite:///mlflow.db")
    options = ["--app-name", "basic-auth", "--workers", str(args.workers), "--uvicorn-opts", _PATIENCE]
    config = {"MLFLOW_AUTH_CONFIG_PATH": str(mlflow_server.BASIC_AUTH)}
    # the hashes of the passwords lie there
    with files.failing_in_one_line():
        args.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with mlflow_server.serving(uri, port, options, config, args.folder) as process:
        base = f"http://{mlflow_server.HOST}:{port}"
        print(f"serving {base}; the admin lets users in: docs/team.md")
        print(f"each user: export MLFLOW_TRACKING_URI={base}, and MLFLOW_TRACKING_USERNAME and _PASSWORD")
        mlflow_server.stay(process)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the team's runs until Ctrl-C or SIGTERM, or say in a line why not."""
    args = parse(arguments)
    with console.serving():
        serve(args)
