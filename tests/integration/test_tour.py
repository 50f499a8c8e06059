"""The notebook of docs/, executed cell by cell."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "tour.ipynb"


def test_it_holds_no_outputs():
    """They would tell of the machine that it ran on, and differ from run to run."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert len(notebook["cells"]) == 10
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.slow
def test_it_restores_shows_and_trains(tmp_path):
    """A table with a verdict, a figure, what the new optimizer came to; in a checkout of the test's own."""
    for name in ("train.py", "evaluate.py", "conf", "fer_exp", "hydra_plugins", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, str(ROOT / "tests" / "helpers" / "notebook.py"), str(NOTEBOOK)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, restored, table, figure, found = json.loads(done.stdout)
    assert re.match(r"runs restored: [1-9]\d* ", restored["printed"])
    assert table["kind"] == "DataFrame"
    assert re.search(r"sgd .* better\n", table["value"])
    assert figure["kind"] == "Figure"
    assert "radam against adam: " in found["printed"]
    assert (tmp_path / ".cache" / "tour" / "mlflow.db").is_file()
