"""Whether a server is there, and who hears of it."""

import http.server
import os
import subprocess
import sys
import threading

import pytest
import requests

from fer_exp.tracking import connection, environment


@pytest.fixture
def server():
    """A server that answers with a code of its own, and keeps the headers that it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.seen.append((self.path, dict(self.headers)))
            self.send_response(server.code)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.code = [], 200
    server.uri = f"http://127.0.0.1:{server.server_port}"
    # it looks so often whether it is to end
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("code", [200, 401, 403, 404])
def test_a_server_that_answers_is_there(server, code, monkeypatch):
    """Also one that refuses; it is told no password."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "anna")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    server.code = code
    connection.reach(server.uri)
    [(path, headers)] = server.seen
    assert path == "/health"
    assert "Authorization" not in headers


@pytest.mark.parametrize("code", [408, 429, 500, 503])
def test_a_server_that_serves_nobody_is_away(server, code):
    """Broken or busy: what it does not take is kept."""
    server.code = code
    with pytest.raises(connection.UnreachableError, match="no MLflow server answers there"):
        connection.reach(server.uri)


@pytest.mark.parametrize("set_by_user", ["", "example.org"])
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_hears_what_is_said_to_this_machine(server, monkeypatch, name, set_by_user):
    """Least of all a password; other machines are reached as the user has set."""
    for each in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
    if set_by_user:
        monkeypatch.setenv(name, set_by_user)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    environment.give()
    connection.reach(server.uri)
    for host in ("localhost", "127.0.0.1"):
        assert requests.utils.get_environ_proxies(f"http://{host}:5000") == {}
    assert requests.utils.get_environ_proxies("http://example.com")["http"] == "http://127.0.0.1:9"
    assert bool(requests.utils.get_environ_proxies("http://example.org")) == (not set_by_user)


# ends where MLflow's import would begin
TOLD = """
import os, sys

class BeforeMlflow:
    def find_spec(self, name, path=None, target=None):
        if name == "mlflow":
            given = sys.modules["fer_exp.tracking.environment"].GIVEN
            sys.exit("told" if given.items() <= os.environ.items() else "not told")

sys.meta_path.insert(0, BeforeMlflow())
import fer_exp.tracking
"""


def test_mlflow_is_told_what_it_reads_at_its_import():
    """Whoever imports tracking need not know of it; else a server that is gone costs minutes a call."""
    own = {key: value for key, value in os.environ.items() if key not in environment.GIVEN}
    done = subprocess.run([sys.executable, "-c", TOLD], env=own, capture_output=True, text=True, check=False)
    assert done.stderr == "told\n"
