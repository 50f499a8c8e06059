"""Obtaining the data, or saying how."""

import sys

import pytest

from fer_exp import download


def test_without_kagglehub_it_says_what_to_do_by_hand(monkeypatch, capsys, tmp_path):
    """Two lines to follow, then the reason."""
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    monkeypatch.setattr(sys, "argv", ["download", str(tmp_path / "fer2013")])
    with pytest.raises(SystemExit) as caught:
        download.main()
    assert caught.value.code == 2
    by_hand, name_it, reason = capsys.readouterr().err.splitlines()
    assert "msambare/fer2013" in by_hand
    assert "data.root=" in name_it
    assert reason.startswith("error: kagglehub is not installed")
    assert not (tmp_path / "fer2013").exists()


def test_an_existing_folder_is_left_alone(monkeypatch, capsys, tmp_path):
    """Nobody's data is overwritten."""
    monkeypatch.setattr(sys, "argv", ["download", str(tmp_path)])
    with pytest.raises(SystemExit):
        download.main()
    assert "exists already" in capsys.readouterr().err
