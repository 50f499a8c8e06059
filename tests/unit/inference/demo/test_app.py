"""The command that serves the page: how it ends, and its mistakes in one line."""

import re
import signal
import socket
import time

import pytest
from helpers import processes
from helpers.refused import refusal

from fer_exp.inference.demo import app

pytest.importorskip("fastapi", reason="FastAPI is not installed")
from fer_exp.inference.demo import connections


@pytest.fixture
def command(trained, tmp_path):
    """The command as a process of its own, and the port that it says."""
    line = ["--no-browser", "--port", "0", "--tracking-uri", trained[0].uri]
    process = processes.start(tmp_path, *line, script="demo")
    process.wait_for(lambda: "\n" in process.stdout)
    return process, int(
        re.fullmatch(r"http://127\.0\.0\.1:(\d+)/ shows tiny; Ctrl-C ends it\n", process.stdout)[1]
    )


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_cleanly(command, number, code):
    """While half a picture has arrived, without a word more than the address."""
    process, port = command
    address = process.stdout
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        head = f"POST /predict?run=x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        line.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n".encode())
        # the server asks for the rest, so it is waiting for it now
        assert line.recv(100).startswith(b"HTTP/1.1 100")
        line.sendall(b"half")
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait() == code
    assert (process.stdout, process.stderr) == (address, "")
    assert time.monotonic() - began < 10


@pytest.fixture
def refused(capsys):
    """Type the command: the one line of its exit with code 2."""
    return lambda *arguments: refusal(capsys, app.main, "--no-browser", *arguments)


def test_a_port_that_is_taken_is_one_line(refused):
    """It names the port; one that does not exist is refused alike."""
    with connections.listening(0) as listener:
        port = listener.getsockname()[1]
        assert refused("--port", port).startswith(f"error: --port {port}: cannot be used (Address already")
    assert refused("--port", 70000).startswith("error: --port 70000: cannot be used (a port is 0 to 65535)")


def test_a_store_without_a_finished_run_is_one_line(refused, store):
    """It says what to do."""
    line = refused("--port", 0, "--tracking-uri", store.uri, "--experiment", "test")
    assert line == "error: run=latest: there is no finished run yet: python train.py"
