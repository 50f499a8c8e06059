"""Look at the runs: `python -m fer_exp ui` serves MLflow's pages until Ctrl-C.

Prints the links that show something, the jobs' charts and the sweeps, and opens the first in the
browser where there is one. They are short, so that they fit a line, and lead on to MLflow's own.
"""

import argparse
import functools
import webbrowser
from collections.abc import Sequence

from fer_exp import console, tracking
from fer_exp.redaction import without_login
from fer_exp.tracking.server import mlflow_server, short_links


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = console.Options("ui", __doc__)
    parser.add_argument(
        "--port", type=int, default=5000, help="of 127.0.0.1; the next free one if it is taken"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the links")
    console.takes_store(parser)
    return parser.parse_args(arguments)


def show(jobs: str, sweeps: str, wanted: bool) -> None:
    """Print the links, and open the first if that is wanted and there is a browser for it."""
    print(f"jobs, best on validation first: {jobs}")
    print(f"sweeps, jobs folded below them: {sweeps}", flush=True)
    if wanted and console.has_windows():
        webbrowser.open(jobs)


def serve(args: argparse.Namespace, experiment_id: str) -> None:
    """Serve the store until someone ends it; raises UserError if the server cannot start or ends itself."""
    port = mlflow_server.free_port(args.port)
    if args.port not in (0, port):
        print(f"port {args.port} is taken, so this is port {port}", flush=True)
    base = f"http://{mlflow_server.HOST}:{port}"
    find = functools.partial(short_links.page, base, experiment_id, args.tracking_uri, args.experiment)
    with (
        mlflow_server.serving(args.tracking_uri, port) as process,
        short_links.serving(find, mlflow_server.free_port((args.port and port + 1) % 65536)) as short,
    ):
        show(f"{short}/{short_links.JOBS}", f"{short}/{short_links.SWEEPS}", not args.no_browser)
        print(f"a run by its id, or the first eight letters of it: {short}/ID", flush=True)
        mlflow_server.stay(process)


def main(arguments: Sequence[str] | None = None) -> None:
    """Show the runs of a store until Ctrl-C or SIGTERM, or say in a line why not."""
    args = parse(arguments)
    with console.serving():
        if tracking.is_server(args.tracking_uri):
            experiment_id = tracking.existing_experiment(args.tracking_uri, args.experiment)
            # it has these pages already, at an address that works from other machines, too
            base = without_login(args.tracking_uri.rstrip("/"))
            links = (mlflow_server.charts(base, experiment_id), mlflow_server.sweeps(base, experiment_id))
            show(*links, not args.no_browser)
        else:
            # where a run whose process was killed is no longer said to be at work
            serve(args, tracking.existing_store(args.tracking_uri, args.experiment).experiment_id)
