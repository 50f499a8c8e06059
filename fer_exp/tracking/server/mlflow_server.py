"""MLflow's pages over a store: started on this machine alone, and stopped with all its helpers.

They open in a mode for language models, and nested runs leave their charts empty under the usual
order, so whoever wants to see something needs the link that is made here.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn
from urllib.parse import urlencode

from fer_exp import machine, signals
from fer_exp.errors import UserError
from fer_exp.tracking import keys
from fer_exp.tracking.connection import UnreachableError, reach

HOST = "127.0.0.1"

ROOT = Path(__file__).parents[3]

# How a server for a team lets people in.
BASIC_AUTH = Path(__file__).with_name("basic_auth.ini")

# Seconds that the server may take to answer, on a slow and busy machine, and to end.
_START, _STOP = 180, 10

# Else MLflow keeps eight more processes for jobs that this project has none of.
_QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def charts(base: str, experiment_id: str) -> str:
    """The link to the jobs, best on validation first, with their charts."""
    return _runs(base, experiment_id, "CHART", f"metrics.`{keys.SELECTED_VAL_ACCURACY}`")


def sweeps(base: str, experiment_id: str) -> str:
    """The link to the sweeps, newest first, each with its jobs folded below it."""
    # said, though it is the usual order, since the pages remember the last one
    return _runs(base, experiment_id, "TABLE", "attributes.start_time")


def run(base: str, experiment_id: str, run_id: str) -> str:
    """The link to the page of a run."""
    return f"{base}/#/experiments/{experiment_id}/runs/{run_id}"


def _runs(base: str, experiment_id: str, view: str, order: str) -> str:
    shown = {"workflowType": "machine_learning", "compareRunsMode": view}
    query = urlencode({**shown, "orderByKey": order, "orderByAsc": "false"})
    return f"{base}/#/experiments/{experiment_id}/runs?{query}"


def free_port(wanted: int) -> int:
    """The wanted port of this machine, or the next that is free; 0 leaves the choice to the system."""
    if wanted < 0:
        raise UserError(f"--port {wanted}: a port is 0 to 65535")
    for port in range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as probe:
            # a port whose last owner has just ended is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                bound: int = probe.getsockname()[1]
                return bound
    raise UserError(f"--port {wanted}: neither it nor the next ports can be used here")


@contextlib.contextmanager
def serving(
    uri: str,
    port: int,
    options: Sequence[str] = ("--workers", "1"),
    environment: Mapping[str, str] = MappingProxyType({}),
    folder: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the store at a port while the block runs; raises UserError if the server does not answer.

    options: further ones of `mlflow server`. environment: further variables for it. folder: what it runs in.
    """
    server = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), *options]
    # a server ends with this process, even if that is killed
    command = [sys.executable, "-m", "fer_exp.leash", *server]
    modules = [str(ROOT), *filter(None, [machine.variable("PYTHONPATH")])]
    own = {
        **machine.variables(),
        "PYTHONPATH": os.pathsep.join(modules),
        # not on the command line, which every user of the machine may read
        "MLFLOW_BACKEND_STORE_URI": uri,
        **_QUIET,
        **environment,
    }
    # a session of its own, so that its helpers can be ended with it and Ctrl-C reaches us first
    with subprocess.Popen(
        command,
        env=own,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        # its words are of use if it does not start, and would fill a disk if all were kept
        said: deque[bytes] = deque(maxlen=100)
        assert process.stdout, "it is a pipe"
        listener = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
        listener.start()
        try:
            _wait_until_it_answers(process, port, said, listener)
            yield process
        finally:
            _stop(process)
            listener.join(_STOP)


def stay(process: subprocess.Popen[bytes]) -> NoReturn:
    """Say how to end the server, and wait for that; raises UserError if it ends by itself."""
    print("Ctrl-C ends it", flush=True)
    raise UserError(f"the MLflow server ended by itself, with exit code {process.wait()}")


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], port: int, said: Iterable[bytes], listener: threading.Thread
) -> None:
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(UnreachableError):
            reach(f"http://{HOST}:{port}")
            return
        time.sleep(0.1)
    if process.poll() is not None:
        # its last words
        listener.join(_STOP)
    lines = [line.decode(errors="replace").strip() for line in said]
    last = next(filter(None, reversed(lines)), "it said nothing")
    raise UserError(f"the MLflow server does not answer at {HOST}:{port} ({last})")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # the group's id outlives its first process, as long as a helper is left
    for force in (False, True):
        with contextlib.suppress(ProcessLookupError):
            signals.end_group(process, force)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP)
