"""Tracking: the only part that knows MLflow.

A run is opened with all that identifies it, takes one batch call an epoch, and ends with the truth:
FINISHED, FAILED (an exception) or KILLED (Ctrl-C, SIGTERM), whatever happens.
"""

import os

# Read when MLflow is imported, so it must stand before that import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Else it prints two links for each run that ends at a server.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from fer_exp.tracking.run import Run
from fer_exp.tracking.store import SQLITE, Record, Store, existing_experiment

__all__ = ["SQLITE", "Record", "Run", "Store", "existing_experiment"]
