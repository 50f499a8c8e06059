"""A team's server starts only with secrets that guard it; no message shows one."""

import pytest

from fer_exp.errors import UserError
from fer_exp.tracking.server import team

GOOD = {team.ADMIN_PASSWORD: "a-password-of-one", team.SECRET_KEY: "0" * 64}


@pytest.mark.parametrize(
    "password", [None, "", " " * 12, "password1234", "short", "short" + " " * 9, "a" * 12]
)
def test_no_server_starts_without_a_good_admins_password(password):
    """Neither without, nor with what old MLflow shipped, nor with what can be guessed; each names it."""
    given = GOOD | {team.ADMIN_PASSWORD: password}
    with pytest.raises(UserError, match="MLFLOW_AUTH_ADMIN_PASSWORD") as refused:
        team.require_secrets({key: value for key, value in given.items() if value is not None})
    assert not (password or "").strip() or password not in str(refused.value)
    team.require_secrets(GOOD)


@pytest.mark.parametrize("key", [None, "", "short", " " * 64])
def test_no_server_starts_without_a_secret_key(key):
    """And the line says how to make one."""
    given = {name: value for name, value in (GOOD | {team.SECRET_KEY: key}).items() if value is not None}
    with pytest.raises(UserError, match=r"MLFLOW_FLASK_SERVER_SECRET_KEY.*token_hex"):
        team.require_secrets(given)
