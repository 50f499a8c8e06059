"""Why a store does not open, said to the person who can help it."""

from fer_exp.commandline import without_login
from fer_exp.errors import UserError


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


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
