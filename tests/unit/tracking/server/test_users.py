"""Who a team's server lets in, as the environment says; no message shows a password."""

import pytest

from fer_exp.errors import UserError
from fer_exp.tracking.server import users

GOOD = "a-password-of-one"


@pytest.mark.parametrize("password", [None, "", "password1234", "short"])
def test_no_server_starts_without_a_good_admins_password(password):
    """Neither without, nor with what old MLflow shipped, nor with what can be guessed; each names it."""
    with pytest.raises(UserError, match="MLFLOW_AUTH_ADMIN_PASSWORD") as refused:
        users.admins_password({} if password is None else {users.ADMIN_PASSWORD: password})
    assert not password or password not in str(refused.value)
    assert users.admins_password({users.ADMIN_PASSWORD: GOOD}) == GOOD


@pytest.mark.parametrize("key", [None, "", "short"])
def test_no_server_starts_without_a_secret_key(key):
    """And the line says how to make one."""
    with pytest.raises(UserError, match=r"MLFLOW_FLASK_SERVER_SECRET_KEY.*token_hex"):
        users.require_secret_key({} if key is None else {users.SECRET_KEY: key})
    users.require_secret_key({users.SECRET_KEY: "0" * 64})


def test_users_stand_in_the_environment():
    """Blanks of any kind between them, colons in passwords, and none at all."""
    given = f"anna:{GOOD}\n  ben:with:colons:inside "
    assert users.users({users.USERS: given}) == {"anna": GOOD, "ben": "with:colons:inside"}
    assert users.users({}) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"anna:{GOOD} {GOOD}", "entry 2"),
        (f":{GOOD}", "entry 1"),
        (f"admin:{GOOD}", "entry 1"),
        (f"anna:{GOOD} anna:{GOOD}", "entry 2"),
        ("anna:short", "of anna"),
        ("anna:password1234", "of anna"),
    ],
)
def test_a_malformed_user_is_refused_by_place(given, said):
    """Without the entry itself, which is or holds a password."""
    with pytest.raises(UserError, match=said) as refused:
        users.users({users.USERS: given})
    assert not any(part in str(refused.value) for part in (GOOD, "short", "password1234"))
