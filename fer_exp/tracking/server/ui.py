"""Look at the runs: `python -m fer_exp ui` serves MLflow's pages until Ctrl-C.

Prints the links that show something, the jobs' charts and the sweeps, and opens the first in the
browser where there is one.
"""

import argparse
import webbrowser
from collections.abc import Sequence

from fer_exp import console, tracking
from fer_exp.tracking.server import mlflow_server


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m fer_exp ui", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--port", type=int, default=5000, help="of 127.0.0.1; the next free one if it is taken"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the links")
    console.takes_store(parser)
    return parser.parse_args(arguments)


def show(base: str, experiment_id: str, wanted: bool) -> None:
    """Print the links, and open the first if that is wanted and there is a browser for it."""
    link = mlflow_server.charts(base, experiment_id)
    print(f"jobs, best on validation first: {link}")
    print(f"sweeps, jobs folded below them: {mlflow_server.sweeps(base, experiment_id)}", flush=True)
    if wanted and console.has_windows():
        webbrowser.open(link)


def serve(args: argparse.Namespace, experiment_id: str) -> None:
    """Serve the store until someone ends it; raises UserError if the server cannot start or ends itself."""
    port = mlflow_server.free_port(args.port)
    if args.port not in (0, port):
        print(f"port {args.port} is taken, so this is port {port}", flush=True)
    with mlflow_server.serving(args.tracking_uri, port) as process:
        show(f"http://{mlflow_server.HOST}:{port}", experiment_id, not args.no_browser)
        mlflow_server.stay(process)


def main(arguments: Sequence[str] | None = None) -> None:
    """Show the runs of a store until Ctrl-C or SIGTERM, or say in a line why not."""
    args = parse(arguments)
    with console.serving():
        experiment_id = tracking.existing_experiment(args.tracking_uri, args.experiment)
        if tracking.is_server(args.tracking_uri):
            # such a store is a server, which has these pages already
            show(args.tracking_uri.rstrip("/"), experiment_id, not args.no_browser)
        else:
            serve(args, experiment_id)
