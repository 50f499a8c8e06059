"""Send what runs have kept while their server was away: `python -m fer_exp sync`.

A run whose server stops answering goes on and keeps what it writes in `.cache/spool`; what is sent there
once is not sent again.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

from fer_exp import console, tracking
from fer_exp.config import settings
from fer_exp.errors import UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Send all that is kept in this folder; exit 2 if a server does not answer or refuses something."""
    parser = argparse.ArgumentParser(prog="python -m fer_exp sync", description=__doc__.splitlines()[0])
    parser.add_argument("--tracking-uri", help="only to this server (default: to each that was away)")
    parser.add_argument("--experiment", default="fer-exp")
    args = parser.parse_args(arguments)
    failed: list[UserError] = []
    for uri in [args.tracking_uri] if args.tracking_uri else tracking.servers_missed():
        try:
            store = tracking.Store(settings.Tracking(uri, "mlartifacts", args.experiment, False))
            for run_id, taken in store.sync().items():
                print(f"run {run_id}: sent {said(taken)}")
        except UserError as error:
            failed.append(error)
            console.complain(error)
    if failed:
        raise SystemExit(2)
    if not tracking.servers_missed():
        print("nothing is left to send")


def said(taken: Counter[str]) -> str:
    """How much was sent, in words."""
    return ", ".join(f"{kind}: {count}" for kind, count in taken.items()) or "nothing"
