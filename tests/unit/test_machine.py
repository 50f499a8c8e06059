"""What the program finds around it, whatever other programs have left there."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_exp import console, machine
from fer_exp.errors import UserError
from fer_exp.tracking import connection

ROOT = Path(__file__).parents[2]
PROGRAM = [*(ROOT / "fer_exp").rglob("*.py"), *(ROOT / "hydra_plugins").rglob("*.py"), *ROOT.glob("*.py")]


@pytest.mark.fault(
    "Environment: a variable that is set to nothing, or to blanks",
    trials=6,
    expected="as if it were not set; of other programs it stays",
)
@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize(
    "name", ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_SERVER_CERT_PATH", "FER_EXP_TRACEBACK"]
)
def test_nothing_is_no_value(monkeypatch, name, nothing):
    """For MLflow and Hydra too, which read the environment themselves; no GPU is none of ours."""
    monkeypatch.setenv(name, nothing)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", nothing)
    monkeypatch.setenv("MPLBACKEND", "module://of.a.notebook")
    assert machine.variable(name, "a default") == "a default"
    machine.settle()
    assert name not in os.environ
    assert os.environ["MPLBACKEND"] == "agg"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == nothing


def test_a_store_named_by_nothing_is_the_usual_one(monkeypatch):
    """What a command is told when a shell's variable was empty."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    parser = console.argparse.ArgumentParser()
    console.takes_store(parser)
    assert parser.parse_args([]).tracking_uri == "sqlite:///mlflow.db"
    assert connection.is_server(parser.parse_args(["--tracking-uri", "http://a"]).tracking_uri)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system ties no process to cores")
@pytest.mark.fault("Environment: one allowed core of several", trials=1, expected="counted as one")
def test_a_core_that_may_not_be_used_is_not_counted():
    """A container, taskset or Slurm lends a part of a machine."""
    program = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    program += "from fer_exp import machine; print(machine.cores())"
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=here, capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr


def test_a_limit_of_cores_that_is_no_number_is_told(monkeypatch):
    """By its name; joblib raises a bare ValueError."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "all")
    with pytest.raises(UserError, match="LOKY_MAX_CPU_COUNT=all: must be a whole number"):
        machine.cores()


def test_nobody_else_reads_the_environment():
    """Else what is set to nothing counts again."""
    readers = set()
    for path in PROGRAM:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "cpu_count"):
                readers.add(path.name)
    assert readers == {"machine.py"}


def test_the_processor_is_named_where_the_system_tells(monkeypatch):
    """By name, family and model, since the last digits of figures depend on it; else by what Python knows."""
    told = "processor : 0\nmodel name\t: X 1\ncpu family\t: 25\nmodel\t: 17\n\nmodel name : Y\n"
    monkeypatch.setattr(machine.Path, "read_text", lambda *_, **__: told)
    assert machine.processor() == "X 1, family 25, model 17"
    monkeypatch.setattr(machine.Path, "read_text", lambda *_, **__: "processor : 0\n")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    assert machine.processor() == "arm64"
