"""Who may use a team's server: its users and their passwords, which only the environment holds."""

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException

from fer_exp.errors import UserError

if TYPE_CHECKING:
    from mlflow.server.auth.client import AuthServiceClient

ADMIN = "admin"
ADMIN_PASSWORD, SECRET_KEY, USERS = (
    "MLFLOW_AUTH_ADMIN_PASSWORD",
    "MLFLOW_FLASK_SERVER_SECRET_KEY",
    "FER_EXP_USERS",
)

# MLflow asks for as many characters.
_SHORTEST = 12

# What older MLflow shipped, so that all the world knows it.
_KNOWN = {"password1234"}


def admins_password(environment: Mapping[str, str]) -> str:
    """The admin's password; raises UserError without a good one."""
    password = environment.get(ADMIN_PASSWORD, "")
    if not password:
        raise UserError(f"{ADMIN_PASSWORD} is not set: put the admin's password into that variable")
    return _good(password, ADMIN_PASSWORD)


def require_secret_key(environment: Mapping[str, str]) -> None:
    """Refuse, as UserError, an environment without the key that guards the server's forms."""
    if len(environment.get(SECRET_KEY, "")) < _SHORTEST:
        raise UserError(
            f"{SECRET_KEY} is not set or short: keep in it what "
            "`python -c 'import secrets; print(secrets.token_hex(32))'` prints, the same at each start"
        )


def users(environment: Mapping[str, str]) -> dict[str, str]:
    """The users' passwords by name; none is fine. Raises UserError, which shows no password."""
    found: dict[str, str] = {}
    for number, entry in enumerate(environment.get(USERS, "").split(), start=1):
        name, colon, password = entry.partition(":")
        if not (name and colon) or name in (ADMIN, *found):
            raise UserError(
                f"{USERS}: entry {number} is not name:password of another user; blanks stand between entries"
            )
        found[name] = _good(password, f"{USERS}: of {name}")
    return found


def _good(password: str, place: str) -> str:
    if password in _KNOWN or len(password) < _SHORTEST:
        raise UserError(
            f"{place}: not a password to guard runs with; choose one of {_SHORTEST} or more characters "
            "that nobody knows"
        )
    return password


def admit(uri: str, password: str, wanted: Mapping[str, str]) -> None:
    """Make these users at the server, or give them these passwords anew, as the admin.

    Raises UserError if the server does not take the admin's password.
    """
    # MLflow's client reads whom to be from there alone
    os.environ |= {"MLFLOW_TRACKING_USERNAME": ADMIN, "MLFLOW_TRACKING_PASSWORD": password}
    with warnings.catch_warnings():
        # it imports all of MLflow's server, which newer packages complain of
        warnings.simplefilter("ignore")
        from mlflow.server.auth.client import AuthServiceClient
    client = AuthServiceClient(uri)
    try:
        # MLflow reads the admin's password as it makes the store, and never again
        client.get_user(ADMIN)
        for name, own in wanted.items():
            _admit(client, name, own)
    except MlflowException as error:
        if error.error_code == "UNAUTHENTICATED":
            raise UserError(
                f"{ADMIN_PASSWORD}: the admin of {uri} has another password, the one that it was first "
                "started with or one set since"
            ) from None
        raise UserError(f"{uri}: cannot make its users ({str(error).splitlines()[0]})") from error


def _admit(client: "AuthServiceClient", name: str, password: str) -> None:
    try:
        client.create_user(name, password)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        client.update_user_password(name, password)
