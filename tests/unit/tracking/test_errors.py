"""Why a store does not open, or takes nothing."""

import sqlite3

import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from fer_exp.tracking import errors


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UNAUTHENTICATED", "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
        ("PERMISSION_DENIED", "its admin can let you"),
        ("INTERNAL_ERROR", "cannot open the store (a reason)"),
    ],
)
def test_each_reason_is_said_in_a_line(code, said):
    """Who is asked for a password learns where it goes."""
    error = MlflowException("a reason\nand a page of details")
    error.error_code = code
    line = str(errors.cannot_open("tracking.uri=http://127.0.0.1:1", error))
    assert line.startswith("tracking.uri=http://127.0.0.1:1: ")
    assert said in line
    assert "\n" not in line


def raising(error: Exception, cause: Exception | None = None):
    """A call that fails as one of MLflow's does."""

    def call() -> None:
        raise error from cause

    return call


def of_sqlite(said: str, code: int) -> OperationalError:
    """What SQLAlchemy makes of SQLite's error."""
    reason = sqlite3.OperationalError(said)
    reason.sqlite_errorcode = code
    return OperationalError("INSERT INTO metrics ...", {}, reason)


def test_a_file_that_takes_nothing_is_told_in_a_line():
    """Without the statement that SQLAlchemy quotes, however MLflow words it; others stay."""
    full = of_sqlite("database or disk is full", sqlite3.SQLITE_FULL)
    odd = MlflowException("(raised as a result of Query-invoked autoflush ...")
    with pytest.raises(errors.UnwritableError) as caught:
        errors.patiently("sqlite:///a.db", raising(odd, full))
    assert str(caught.value).startswith(
        "tracking.uri=sqlite:///a.db: the store cannot be written (database or disk is full); "
    )
    with pytest.raises(MlflowException, match="no such run"):
        errors.patiently("sqlite:///a.db", raising(MlflowException("no such run")))


def test_a_locked_file_is_waited_for_but_not_for_ever(monkeypatch):
    """MLflow by itself gives up after 20 s."""
    locked = of_sqlite("database is locked", sqlite3.SQLITE_BUSY)
    calls = []

    def call() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise MlflowException("locked") from locked
        return "written"

    assert errors.patiently("sqlite:///a.db", call) == "written"
    monkeypatch.setattr(errors, "PATIENCE", 0.2)
    with pytest.raises(errors.UnwritableError, match="database is locked"):
        errors.patiently("sqlite:///a.db", raising(MlflowException("locked"), locked))


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(143)])
def test_an_interrupted_transaction_is_an_interruption(interruption):
    """SQLAlchemy fails to roll back what Ctrl-C cut short, and MLflow makes an error of its own of that."""

    def commit() -> None:
        try:
            try:
                raise interruption
            finally:
                raise RuntimeError("This transaction is closed")
        except RuntimeError as error:
            raise MlflowException("This transaction is closed") from error

    with pytest.raises(type(interruption)) as caught:
        errors.patiently("sqlite:///x.db", commit)
    assert caught.value is interruption
