"""A line at the bottom of a terminal that others print above."""

import logging
import sys

import pytest

from fer_exp import terminal


@pytest.fixture
def screen(capsys, monkeypatch):
    """What is written to a terminal of 20 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    return capsys


def said():
    """A log message as the formatter gives it."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "a %s", ("b",), None)
    return terminal.LineFormatter("%(message)s").format(record)


def test_the_line_is_cut_to_the_terminal(screen):
    """It must not wrap, or it could not be drawn over."""
    terminal.draw("x" * 50)
    assert screen.readouterr().out == "\r" + "x" * 19 + "\x1b[K\r"


@pytest.mark.usefixtures("screen")
def test_messages_wipe_the_line_first():
    """On a terminal alone."""
    assert said() == "\r\x1b[2Ka b"


@pytest.mark.usefixtures("screen")
def test_a_terminal_that_only_prints_is_left_alone(monkeypatch):
    """As a file is."""
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.is_terminal()
    assert said() == "a b"


def test_a_file_holds_the_message_alone():
    """Nothing in it can be wiped."""
    assert said() == "a b"
