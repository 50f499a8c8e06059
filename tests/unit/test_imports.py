"""Whoever reads settings or figures waits for no library of networks."""

import subprocess
import sys

import pytest
from helpers.patience import PATIENCE

CODE = """
import importlib, pkgutil, sys

def all_of(package):
    found = importlib.import_module(package)
    for each in pkgutil.walk_packages(found.__path__, f"{package}."):
        importlib.import_module(each.name)

all_of("fer_exp.config")
assert not {"torch", "mlflow", "hydra"} & sys.modules.keys()
all_of("fer_exp.analysis")
all_of("fer_exp.audit")
importlib.import_module("fer_exp.report.text")
assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_the_readers_start_without_pytorch():
    """All modules of analysis, of the audit, and the command that prints the tables; config needs no runs."""
    subprocess.run([sys.executable, "-c", CODE], timeout=PATIENCE, check=True)
