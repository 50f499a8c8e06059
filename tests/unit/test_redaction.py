"""What leaves the program tells nothing of a login or of this machine."""

import pwd
from pathlib import Path

import pytest

from fer_exp import redaction
from fer_exp.errors import UserError


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("train.py tracking.uri=http://anna:s3cr:et@host:5000/x", "train.py tracking.uri=http://host:5000/x"),
        ("postgresql://anna@host/db and http://:s@h", "postgresql://host/db and http://h"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
    ],
)
def test_a_login_in_an_address_is_left_out(text, kept):
    """Commands, errors and logs are passed on."""
    assert redaction.without_login(text) == kept
    assert str(UserError(f"{text}: a mistake")) == f"{kept}: a mistake"


def test_folders_are_left_out_by_whoever_has_none(tmp_path, monkeypatch):
    """A container's user may have no home, and the current folder may be gone while a run fails."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert redaction.without_folders(f"{tmp_path}/a and /b/c", tmp_path) == "a and /b/c"
    said = redaction.without_folders("/mnt/data/a, sqlite:////data/b", Path("/data"))
    assert said == "/mnt/data/a, sqlite:///b"
    assert redaction.without_folders("http://host/x", Path("/")) == "http://host/x"


def test_a_command_to_repeat_tells_nothing_of_this_machine():
    """Not where its files, its store and its output lie, nor how many cores it has; all else stays."""
    typed = "python train.py -m optimizer=sgd,adam 'seed=range(0,2)' data=fer2013 data.root=/home/me/fer.zip "
    typed += (
        "tracking.uri=http://server n_jobs=2 hydra/launcher=joblib data.cache_dir=/tmp/c training.epochs=3"
    )
    kept = "python train.py -m optimizer=sgd,adam 'seed=range(0,2)' data=fer2013 data.root=PATH "
    assert redaction.repeatable(typed) == kept + "training.epochs=3"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("faces of /mnt/disk/fer.zip, cut", "faces of fer.zip, cut"),
        ("python train.py data.root=/mnt/fer.zip seed=1", "python train.py data.root=PATH seed=1"),
        ("python train.py +x=~/a tracking.uri=http://a:b@c/d", "python train.py +x=PATH"),
        ("python train.py 'unclosed", "python train.py 'unclosed"),
        ("stored at http://anna:secret@host/x", "stored at http://host/x"),
    ],
)
def test_what_is_archived_names_no_place(text, kept):
    """A path keeps its last part, a command what holds elsewhere."""
    assert redaction.without_places(text) == kept
