"""Why a store does not open, or takes nothing, said to the person who can help it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException

from fer_exp.errors import UserError
from fer_exp.provenance import without_login


def cannot_open(place: str, error: Exception) -> UserError:
    """The error to raise when a store did not open; it shows no password.

    place: the store's URI, after the key that it came from if any.
    """
    code = getattr(error, "error_code", None)
    if code == "UNAUTHENTICATED":
        said = (
            "this server asks who you are, and does not know your answer: set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD to the name and the password that its admin gave you"
        )
    elif code == "PERMISSION_DENIED":
        said = f"you may not use it; its admin can let you ({_first_line(error)})"
    else:
        said = f"cannot open the store ({_first_line(error)})"
    return UserError(without_login(f"{place}: {said}"))


class UnwritableError(UserError):
    """A store in a file takes nothing: its disk is full, or another program keeps it locked."""


@contextmanager
def writing(uri: str) -> Iterator[None]:
    """Raise UnwritableError if a store in a file does not take what is written inside.

    Ctrl-C or SIGTERM in the middle of a transaction is raised as it came, not as what MLflow makes of it.
    """
    try:
        yield
    except MlflowException as error:
        if interruption := _interruption(error):
            raise interruption from error
        # as SQLAlchemy words it, with the whole statement below
        said = re.match(r"\(sqlite3\.OperationalError\) (.*)", str(error))
        if said is None:
            raise
        raise UnwritableError(
            f"tracking.uri={uri}: the store cannot be written ({said[1]}); once it can, start the same again"
        ) from error


def _interruption(error: BaseException | None) -> BaseException | None:
    """What was meant to end the program and came to be an error, by what the error came of."""
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
