"""Try a face: `python -m fer_exp demo` serves a page to this machine's browser until Ctrl-C.

A picture from a file or the camera gets what a chosen run says of it, with what the network saw and
which spots mattered. FastAPI and uvicorn come with MLflow, and are named in the extra `demo`.
"""

import argparse
import sys
import threading
import webbrowser
from collections.abc import Sequence

from fer_exp import console, extras, tracking
from fer_exp.inference import face_detection, for_photos
from fer_exp.inference.demo.answers import Answers


def require_packages() -> None:
    """Raise UserError if what serves the page is not installed."""
    extras.need("demo", "the demo page", "fastapi", "uvicorn")


def open_browser(address: str) -> None:
    """Open the page where a browser with windows can."""
    if console.has_windows():
        # some browsers hold their caller until the page has loaded, which waits for us
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()


def serve(args: argparse.Namespace) -> None:
    """Serve the page until a signal ends it; raises UserError if the run or the port cannot be used."""
    require_packages()
    # here, as they import what may not be installed
    from fer_exp.inference.demo import connections, server

    with connections.listening(args.port) as listener:
        store = tracking.existing_store(args.tracking_uri, args.experiment)
        answers = Answers(store, face_detection.load())
        record, _ = answers.load(store.find(args.run, photos=True).run_id)
        for_photos.warn(record)
        port = listener.getsockname()[1]
        address = f"http://{connections.HOST}:{port}/"
        print(f"{address} shows {record.name}; Ctrl-C ends it", flush=True)
        if not args.no_browser:
            open_browser(address)
        server.server(answers, record.run_id, port).run(sockets=[listener])


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page until Ctrl-C (130) or SIGTERM (143), or say in a line why not (2)."""
    parser = console.Options("demo", __doc__)
    parser.add_argument("--port", type=int, default=8123, help="of 127.0.0.1 (default: 8123)")
    parser.add_argument("--run", default="latest", help=f"shown first: {for_photos.HELP}")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    try:
        serve(args)
    except KeyboardInterrupt:
        sys.exit(130)
