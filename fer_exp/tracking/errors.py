"""Why a store does not open, or takes nothing, said to the person who can help it."""

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import DBAPIError

from fer_exp import signals
from fer_exp.errors import UserError, first_line

T = TypeVar("T")

# The seconds that a call waits for another program that locks a store's file, a backup or a repair.
PATIENCE = 120


def cannot_open(place: str, error: Exception) -> UserError:
    """The error to raise when a store did not open.

    place: the store's URI, after the key that it came from if any.
    """
    code = getattr(error, "error_code", None)
    if code == "UNAUTHENTICATED":
        said = (
            "this server asks who you are, and does not know your answer: set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD to the name and the password that its admin gave you"
        )
    elif code == "PERMISSION_DENIED":
        said = f"you may not use it; its admin can let you ({first_line(error)})"
    else:
        said = f"cannot open the store ({first_line(error)})"
    return UserError(f"{place}: {said}")


class NoFileError(UserError):
    """A run lacks a file that is asked for."""


class UnwritableError(UserError):
    """A store in a file takes nothing: its disk is full, or another program keeps it locked."""


def patiently(uri: str, write: Callable[[], T]) -> T:
    """What a call returns that writes to a store; a file that another program locks is waited for.

    Raises UnwritableError if a store in a file does not take it. Ctrl-C or SIGTERM in the middle of a
    transaction is raised as it came, not as what MLflow makes of it.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return write()
        except MlflowException as error:
            if stop := signals.interruption(error):
                raise stop from error
            reason = _reason(error)
            if reason is None:
                raise
            # MLflow itself has waited for 20 s by then
            if _is_locked(reason) and time.monotonic() < until:
                time.sleep(0.1)
                continue
            raise UnwritableError(
                f"tracking.uri={uri}: the store cannot be written ({reason}); once it can, start the same "
                "again"
            ) from error


def _reason(error: BaseException | None) -> sqlite3.OperationalError | None:
    """What SQLite said, if an error came of that."""
    while error is not None:
        if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.OperationalError):
            return error.orig
        error = error.__cause__ or error.__context__
    return None


def _is_locked(reason: sqlite3.OperationalError) -> bool:
    # the code's lowest byte is its kind
    return getattr(reason, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
