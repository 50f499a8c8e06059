"""Send what runs have kept while their server was away: `python -m fer_exp sync`.

A run whose server stops answering goes on and keeps what it writes in `.cache/spool`; what is sent there
once is not sent again. A login goes only to a server that the user has named, not to one that a file names.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence

from fer_exp import console, machine, places, tracking
from fer_exp.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Send all that is kept in this folder; exit 2 if a server does not answer or refuses something."""
    parser = console.Options("sync", __doc__)
    parser.add_argument(
        "--tracking-uri",
        type=console.placed(places.store),
        help="only to this server (default: to each that was away)",
    )
    parser.add_argument("--experiment", default="fer-exp")
    args = parser.parse_args(arguments)
    _send(args)


def _send(args: argparse.Namespace) -> None:
    failed: list[UserError] = []
    for uri in [args.tracking_uri] if args.tracking_uri else tracking.servers_missed():
        try:
            if uri not in (args.tracking_uri, machine.variable("MLFLOW_TRACKING_URI")) and _has_login():
                raise UserError(f"{uri}: not sent your login unasked; if you trust it: --tracking-uri {uri}")
            store = tracking.open_store(uri, args.experiment)
            for run_id, taken in store.sync(failed).items():
                print(f"run {run_id}: sent {said(taken)}")
        except UserError as error:
            failed.append(error)
    for mistake in failed:
        console.complain(mistake)
    if failed:
        raise SystemExit(2)
    if not tracking.servers_missed():
        print("nothing is left to send")


def _has_login() -> bool:
    """Whether MLflow would send a name, a password or a token to any server."""
    named = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
    return any(map(machine.variable, named)) or os.path.exists(os.path.expanduser("~/.mlflow/credentials"))


def said(taken: Counter[str]) -> str:
    """How much was sent, in words."""
    return ", ".join(f"{kind}: {count}" for kind, count in taken.items()) or "nothing"
