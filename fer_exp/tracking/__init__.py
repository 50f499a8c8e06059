"""Tracking: the only part that knows MLflow.

A run is opened with all that identifies it, takes one batch call an epoch, and ends with the truth:
FINISHED, FAILED (an exception) or KILLED (Ctrl-C, SIGTERM), whatever happens.
"""

import os

# Read when MLflow is imported, so it must stand before that import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Else it prints two links for each run that ends at a server.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

# MLflow prints a link to each run that it ends on a server.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

# A server that is gone costs an epoch seconds: what it does not take is kept. By itself MLflow tries each
# call for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

from fer_exp.tracking.connection import UnreachableError, is_server
from fer_exp.tracking.record import Record
from fer_exp.tracking.refusals import UnwritableError
from fer_exp.tracking.run import NoFileError, Run
from fer_exp.tracking.spool import servers_missed
from fer_exp.tracking.store import SQLITE, Store, existing_experiment, existing_store

__all__ = [
    "SQLITE",
    "NoFileError",
    "Record",
    "Run",
    "Store",
    "UnreachableError",
    "UnwritableError",
    "existing_experiment",
    "existing_store",
    "is_server",
    "servers_missed",
]
