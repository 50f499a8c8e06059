"""A line at the bottom of a terminal that others print above."""

import logging
import sys

from fer_exp import terminal


def open_terminal(monkeypatch):
    """Let stdout be a terminal of 20 columns; in the test itself, as pytest changes stdout before it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")


def said():
    """A log message as the formatter gives it."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "a %s", ("b",), None)
    return terminal.LineFormatter("%(message)s").format(record)


def test_the_line_is_cut_to_the_terminal(capsys, monkeypatch):
    """It must not wrap, or it could not be drawn over."""
    open_terminal(monkeypatch)
    terminal.draw("x" * 50)
    assert capsys.readouterr().out == "\r" + "x" * 19 + "\x1b[K\r"


def test_messages_wipe_the_line_first(monkeypatch):
    """On a terminal alone, and one that can be drawn over."""
    assert said() == "a b"
    open_terminal(monkeypatch)
    assert said() == "\r\x1b[2Ka b"
    monkeypatch.setenv("TERM", "dumb")
    assert said() == "a b"


def test_a_log_that_a_full_disk_does_not_take_is_given_up_quietly(tmp_path, monkeypatch, capsys):
    """Else logging prints a traceback for each line."""
    log = terminal.LogFile(tmp_path / "log")

    def full():
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(log, "flush", full)
        log.handle(logging.makeLogRecord({"msg": "an epoch"}))
    log.close()
    assert capsys.readouterr().err == ""
