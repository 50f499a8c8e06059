"""Short ways to MLflow's pages: `/jobs`, `/sweeps`, and a run by how its id begins, `/1f2e3d4c`.

MLflow's own addresses of these take two lines of a terminal. So a second, small server leads to them.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from fer_exp.errors import UserError
from fer_exp.tracking import store
from fer_exp.tracking.queries import named
from fer_exp.tracking.server import mlflow_server

# The words beside runs; the first stands for none.
JOBS, SWEEPS = "jobs", "sweeps"


@contextlib.contextmanager
def serving(find: Callable[[str], str], port: int) -> Iterator[str]:
    """Serve the short ways at a port of this machine while the block runs; their address.

    find: the page of a word, or UserError.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Send the browser to the page of the word, or say why not."""
            try:
                page = find(unquote(self.path.partition("?")[0]).strip("/"))
            except UserError as error:
                self._answer(404, f"{error}\n", ("Content-Type", "text/plain; charset=utf-8"))
            else:
                self._answer(302, "", ("Location", page))

        def _answer(self, status: int, text: str, header: tuple[str, str]) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header(*header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing of each request on the terminal."""

    with ThreadingHTTPServer((mlflow_server.HOST, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{mlflow_server.HOST}:{server.server_port}"
        finally:
            server.shutdown()


def page(base: str, experiment_id: str, uri: str, experiment: str, word: str) -> str:
    """The address of the page that a word means, of the store `uri` that MLflow serves at `base`.

    word: `jobs`, `sweeps`, or a run as commands take it: an id or how it begins, a name, `latest`, `best`.
    Raises UserError if there is no such run.
    """
    if word in ("", JOBS):
        return mlflow_server.charts(base, experiment_id)
    if word == SWEEPS:
        return mlflow_server.sweeps(base, experiment_id)
    found = store.existing_store(uri, experiment)
    # of any kind and state
    record = named(word, found.records()) or found.find(word)
    return mlflow_server.run(base, experiment_id, record.run_id)
