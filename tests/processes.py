"""The scripts as a user runs them: real processes, in a folder of the test's own."""

import subprocess
import sys
from pathlib import Path

from fer_exp import settings, tracking

ROOT = Path(__file__).parent.parent
FEW = ("data.n_train=140", "data.n_test=70", "tracking.log_model=false")


def run(folder: Path, *arguments: str, script: str = "train.py") -> subprocess.CompletedProcess:
    """Run a script in `folder`."""
    command = [sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def open_store(folder: Path) -> tracking.Store:
    """The store that a script has made in `folder`."""
    return tracking.Store(settings.Tracking(f"sqlite:///{folder}/mlflow.db", str(folder), "fer-exp", False))
