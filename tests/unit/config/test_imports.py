"""Whoever only reads or checks settings waits for no library of networks or of runs."""

import subprocess
import sys


def test_settings_are_read_without_pytorch_and_mlflow():
    """All modules of config."""
    code = """
import importlib, pkgutil, sys
import fer_exp.config
for found in pkgutil.walk_packages(fer_exp.config.__path__, "fer_exp.config."):
    importlib.import_module(found.name)
sys.exit(bool({"torch", "mlflow", "hydra"} & sys.modules.keys()))
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
