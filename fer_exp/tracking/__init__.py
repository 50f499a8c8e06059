"""Runs opened with all that identifies them, and ended with the truth; the only part that knows MLflow.

May import data, models, config, plots and the top modules.
"""

# first, as the others import MLflow
from fer_exp.tracking import environment
from fer_exp.tracking.connection import UnreachableError, is_server
from fer_exp.tracking.errors import NoFileError, UnwritableError
from fer_exp.tracking.outbox import servers_missed
from fer_exp.tracking.record import Record
from fer_exp.tracking.run import LONGEST_PARAM, Run
from fer_exp.tracking.store import Store, existing_experiment, existing_store, open_store

__all__ = [
    "LONGEST_PARAM",
    "NoFileError",
    "Record",
    "Run",
    "Store",
    "UnreachableError",
    "UnwritableError",
    "environment",
    "existing_experiment",
    "existing_store",
    "is_server",
    "open_store",
    "servers_missed",
]
