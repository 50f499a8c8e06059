"""Places are what people mean by them, and no folder comes to be by a mistake."""

from pathlib import Path

import pytest

from fer_exp import places
from fer_exp.config import settings
from fer_exp.errors import UserError


@pytest.fixture(autouse=True)
def home(monkeypatch):
    """A folder of the user's own."""
    monkeypatch.setenv("HOME", "/home/anna")


@pytest.mark.fault(
    "Bad settings: a place as other programs write it",
    trials=9,
    expected="the place that is meant, or one line; no folder called ~, file: or s3:",
)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("~/x", "/home/anna/x"),
        ("file:///x/y%20z", "/x/y z"),
        ("file://localhost/x", "/x"),
        ("./~", "./~"),
        ("a:b.zip", "a:b.zip"),
        ("C:/faces", "C:/faces"),
        ("s3://runs/fer", None),
        ("file://host/x", None),
        ("~nobody-of-this-name/x", None),
    ],
)
def test_a_place_of_this_machine(text, place):
    """A shell leaves `data.root=~/x` as it is, and other programs hand on addresses of files."""
    if place:
        assert places.here(text) == place
    else:
        with pytest.raises(UserError, match=r"no file or folder of this machine|no user of this name"):
            places.here(text)


def test_files_of_runs_may_be_elsewhere():
    """And a store lies where its user means it to."""
    found = settings.Tracking("sqlite:///~/m.db", "s3://runs/fer", "x", False)
    assert (found.uri, found.artifacts) == ("sqlite:////home/anna/m.db", "s3://runs/fer")
    assert settings.Tracking("sqlite:///m.db", "~/files", "x", False).artifacts == "/home/anna/files"


def test_a_path_is_no_address_of_a_store():
    """MLflow would make a folder of that name, or refuse it in a paragraph."""
    with pytest.raises(UserError, match=r"is no address of a store, as sqlite:///mlflow\.db"):
        places.store(str(Path("runs") / "mlflow.db"))
