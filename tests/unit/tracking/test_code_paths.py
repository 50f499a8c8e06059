"""A model carries the code that answers, and that runs by itself."""

import subprocess
import sys

import pytest

from fer_exp.tracking import code_paths

ASKS = """
import sys

import pytest
import torch
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import fer_exp.models.classifier
assert Path(fer_exp.__file__).parent == Path(sys.argv[1]) / "fer_exp", fer_exp.__file__
from fer_exp.config.settings import Activation, MLPModel
from fer_exp.models import factory
ours = {name for name in sys.modules if name.split(".")[0] == "fer_exp"}
print(*sorted(ours))
"""


@pytest.mark.slow
def test_it_runs_where_the_package_is_not(tmp_path):
    """With every module that it needs, and none of MLflow's or of figures."""
    folder = code_paths.copy("models.classifier", tmp_path / "kept")
    command = [sys.executable, "-c", ASKS, str(folder.parent)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"fer_exp.models.classifier", "fer_exp.models.residual_mlp", "fer_exp.config.settings"} <= loaded
    carried = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    assert len(loaded) <= len(carried) < 40
    assert not any("tracking" in path or "plots" in path for path in carried)
