"""What a job shows while it trains."""

import sys
from dataclasses import replace

import pytest

from fer_exp.experiment.progress import EpochBar, conclusion, log_line
from fer_exp.metrics import Scores
from fer_exp.training.trainer import Epoch

EPOCH = Epoch(6, 0.001, Scores(1.436, 0.4448, 0.4, 80), Scores(1.6027, 0.3866, 0.3, 20), True, 2.5)


def test_an_epoch_is_a_line_that_fits_a_terminal():
    """In percent as elsewhere, with the split named right: the deck called it `Test` (A2)."""
    assert log_line(EPOCH, 100) == ("[6/100] train loss 1.4360, 44.48 %; val loss 1.6027, 38.66 %; lr 0.001")


def test_without_a_terminal_each_epoch_is_a_line(capsys):
    """Plain text, as a log wants it."""
    with EpochBar("main", 100) as bar:
        bar(EPOCH)
    assert capsys.readouterr().out == log_line(EPOCH, 100) + "\n"


def test_on_a_terminal_a_bar_stands_for_all_epochs(capsys, monkeypatch):
    """With the newest figures beside it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with EpochBar("main", 100) as bar:
        bar(EPOCH)
    shown = capsys.readouterr().out
    assert "main · epoch 6 · loss 1.6027 · accuracy 38.66 %" in shown
    assert log_line(EPOCH, 100) not in shown


@pytest.mark.parametrize(
    ("name", "cut"),
    [("seed 79 · sgd · epochs 2000 · none", "seed 79 · sgd · …"), ("얼굴" * 20, "얼굴얼굴얼굴얼굴…")],
)
def test_a_long_name_leaves_room_for_the_bar_and_the_time(capsys, monkeypatch, name, cut):
    """On 80 columns, two of which a Korean letter takes; the line that concludes the job has it whole."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with EpochBar(name, 2000) as bar:
        bar(EPOCH)
    shown = capsys.readouterr().out
    assert f"{cut} · epoch 6 · loss 1.6027 · accuracy 38.66 % " in shown
    assert shown.rstrip("\x1b[?25h\n").endswith("-:--:--")


def test_a_job_concludes():
    """With the size of validation."""
    assert conclusion([EPOCH], 0, "abc") == (
        "38.66 % of validation (n = 20), lowest loss 1.6027, in epoch 6 of 6 (2 s)"
    )
    assert conclusion([EPOCH], 1, "abc") == "nothing was left to train (run abc)"


def test_a_resumed_job_concludes_by_all_of_its_epochs():
    """The best may lie before; the seconds are those of the new ones."""
    worse = replace(EPOCH, number=7, validation=replace(EPOCH.validation, loss=2.0))
    said = conclusion([EPOCH, worse, worse], 1, "abc")
    assert "lowest loss 1.6027, in epoch 6 of 7 (5 s)" in said
