"""The readers of files stand what a search guided by coverage comes up with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).parents[1] / "helpers" / "fuzz_readers.py"


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["csv", "images"])
@pytest.mark.fault(
    "Bad data: inputs sought by coverage for 10 s a reader",
    trials=2,
    expected="each ends in faces or one line, within 1 GiB",
)
def test_no_input_is_found_that_ends_otherwise(reader, record_property):
    """For a few seconds here; `make fuzz` searches longer."""
    pytest.importorskip("atheris", reason="atheris is not installed: make fuzz installs it")
    command = [sys.executable, str(FUZZER), reader, "--seconds", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    tried = int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])
    assert tried > 100
    record_property("seen", f"{reader}: {tried:,} inputs")
