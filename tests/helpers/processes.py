"""The scripts as a user runs them: real processes, in a folder of the test's own.

Each is forked from one that has imported what they all need, a process of its own beside the tests: to
import PyTorch and MLflow anew would take most of the time of most of them.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fer_exp import tracking
from fer_exp.config import settings
from helpers.patience import PATIENCE

ROOT = Path(__file__).parents[2]
FEW = ("data.n_train=140", "data.n_test=70", "tracking.log_model=false")


class Started:
    """A process that was started; its exit code, once it has ended, is minus the signal that ended it."""

    def __init__(self, pid: int, out: str, err: str):
        self.pid, self.returncode = pid, None
        self._out, self._err = Path(out), Path(err)

    @property
    def stdout(self) -> str:
        """What it has said so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        """What it has said so far of what went wrong."""
        return self._err.read_text(encoding="utf-8")

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        if self.returncode is None:
            self.returncode = _asked(ended=self.pid)
        return self.returncode

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        self.wait_for(lambda: self.returncode is not None, pause=0.01)
        return self.returncode

    def wait_for(self, seen: Callable[[], object], pause: float = 0.02) -> None:
        """Wait until something is seen, with a pause between two looks; it must be by the process's end."""
        deadline = time.monotonic() + PATIENCE
        while not seen():
            over = self.poll() is not None
            assert not over or seen(), f"it ended with {self.returncode}: {self.stdout}\n{self.stderr}"
            assert time.monotonic() < deadline, f"still not: {self.stdout}\n{self.stderr}"
            time.sleep(pause)

    def send_signal(self, number: int) -> None:
        """Signal it alone; its process group, and session, has its id."""
        os.kill(self.pid, number)


def start(folder: Path, *arguments: str, script: str = "train.py") -> Started:
    """Start a script, or a command of `python -m fer_exp`, in `folder`, and do not wait for it."""
    return Started(*_asked(start=[script, str(folder), *map(str, arguments)], environment=dict(os.environ)))


def run(folder: Path, *arguments: str, script: str = "train.py") -> subprocess.CompletedProcess:
    """Run a script, or a command of `python -m fer_exp`, in `folder` to its end."""
    process = start(folder, *arguments, script=script)
    code = process.wait()
    return subprocess.CompletedProcess([script, *arguments], code, process.stdout, process.stderr)


@cache
def _starter() -> subprocess.Popen:
    """The process that all are forked from; it and those that still run end with this one."""
    command = [sys.executable, str(ROOT / "tests" / "helpers" / "warm_start.py"), "serve"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, text=True, **pipes)
    atexit.register(process.communicate)
    return process


def _asked(**request: object) -> object:
    """What the starter answers."""
    starter = _starter()
    starter.stdin.write(json.dumps(request) + "\n")
    starter.stdin.flush()
    return json.loads(starter.stdout.readline())


def store_in(folder: Path, database: Path | str) -> tracking.Store:
    """The store of a copied database, in a folder made for it."""
    folder.mkdir()
    shutil.copy(database, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    return tracking.Store(settings.Tracking(uri, "mlartifacts", "test", False))


def open_store(folder: Path) -> tracking.Store:
    """The store that a script has made in `folder`."""
    return tracking.Store(settings.Tracking(f"sqlite:///{folder}/mlflow.db", "mlartifacts", "fer-exp", False))
