"""Who reads figures waits for no network library."""

import subprocess
import sys


def test_the_readers_start_without_pytorch():
    """All modules of analysis, of the audit, and the command that prints the tables."""
    code = """
import importlib, pkgutil, sys
import fer_exp.analysis, fer_exp.audit, fer_exp.report.text
for package in (fer_exp.analysis, fer_exp.audit):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
