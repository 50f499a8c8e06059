"""Obtaining the data, or saying how."""

import sys
import types

import pytest

from fer_exp import console
from fer_exp.data import command, download
from fer_exp.errors import UserError


def test_without_kagglehub_it_says_what_to_do_by_hand(monkeypatch, capsys, tmp_path):
    """Two lines to follow, then the reason."""
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(SystemExit) as caught, console.mistakes_in_one_line():
        command.main(["--download", str(tmp_path / "fer2013")])
    assert caught.value.code == 2
    by_hand, name_it, reason = capsys.readouterr().err.splitlines()
    assert "msambare/fer2013" in by_hand
    assert "data.root=" in name_it
    assert reason.startswith("error: the download needs kagglehub, which is not installed: ")
    assert not (tmp_path / "fer2013").exists()


def test_an_existing_folder_is_left_alone(capsys, tmp_path):
    """Nobody's data is overwritten."""
    with pytest.raises(SystemExit), console.mistakes_in_one_line():
        command.main(["--download", str(tmp_path)])
    assert "exists already" in capsys.readouterr().err


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    """A stand-in for kagglehub whose answer a test may replace."""
    (tmp_path / "kept" / "train").mkdir(parents=True)
    (tmp_path / "kept" / "train" / "a.png").write_bytes(b"x")
    module = types.ModuleType("kagglehub")
    module.dataset_download = lambda handle: str(tmp_path / "kept") if handle == download.HANDLE else None
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return module


@pytest.mark.usefixtures("kaggle")
def test_what_kaggle_gives_is_put_there(tmp_path):
    """In a folder that need not exist before."""
    download.download(tmp_path / "new" / "fer2013")
    assert (tmp_path / "new" / "fer2013" / "train" / "a.png").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionError("no route\nto host"), "no route to host"),
        (ConnectionError(), "ConnectionError"),
        (Exception("403"), "403"),
    ],
)
def test_what_kaggle_refuses_is_told_in_one_line(kaggle, tmp_path, error, message):
    """Also where its error says nothing."""

    def refuse(_):
        raise error

    kaggle.dataset_download = refuse
    with pytest.raises(UserError) as caught:
        download.download(tmp_path / "new")
    assert str(caught.value) == f"Kaggle did not give msambare/fer2013 ({message})"
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("kaggle")
def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """A file stands in the way."""
    with pytest.raises(UserError, match=r"a\.png/fer2013: cannot be written \(.+\)"):
        download.download(tmp_path / "kept" / "train" / "a.png" / "fer2013")
