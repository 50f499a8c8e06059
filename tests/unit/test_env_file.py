"""What the scripts need not be told each time."""

import pytest

from fer_exp import env_file, machine
from fer_exp.errors import UserError

NAME = env_file.FER2013_ROOT


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    """Without what this machine says; taken back afterwards, as `load` gives it to the process."""
    monkeypatch.setenv(NAME, "")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", ["/data/archive.zip", "/my 'own' $HOME # data\\x"])
def test_what_is_remembered_is_there_the_next_time(path):
    """To the letter, beside what others keep in the file, and the newest in the place of the last."""
    env_file.FILE.write_text("MLFLOW_AUTH_ADMIN_PASSWORD=secret\n")
    for each in ("/before", path):
        env_file.remember(NAME, each)
    env_file.load()
    assert machine.variable(NAME) == path
    assert "MLFLOW_AUTH_ADMIN_PASSWORD" not in machine.variables()
    assert env_file.FILE.read_text().startswith("MLFLOW_AUTH_ADMIN_PASSWORD=secret\n")


def test_the_environment_goes_before_the_file(monkeypatch):
    """As whoever sets a variable for one command expects."""
    env_file.remember(NAME, "/file")
    monkeypatch.setenv(NAME, "/typed")
    env_file.load()
    assert machine.variable(NAME) == "/typed"


def test_no_file_is_no_mistake():
    """Most users have none."""
    env_file.load()
    assert machine.variable(NAME) == ""


def test_a_file_that_is_no_text_is_named():
    """In one line."""
    env_file.FILE.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"\.env: cannot be read"):
        env_file.load()
    with pytest.raises(UserError, match=r"\.env: cannot be written"):
        env_file.remember(NAME, "x")
