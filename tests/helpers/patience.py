"""Waiting for what takes its time on a machine that is busy with something else."""

import time
from collections.abc import Callable

# Seconds that anything may take there.
PATIENCE = 900


def wait_until(seen: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Look again and again until something is seen; fails if it is not in time."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, f"not seen within {seconds:g} s"
        time.sleep(0.01)
