"""A line at the bottom of a terminal that others print above."""

import logging
import os
import sys

import pytest
from helpers.streams import reader_gone

from fer_exp import logs


def open_terminal(monkeypatch):
    """Let stdout be a terminal of 20 columns; in the test itself, as pytest changes stdout before it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")


def said():
    """A log message as the formatter gives it."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "a %s", ("b",), None)
    return logs.LineFormatter("%(message)s").format(record)


def test_the_line_is_cut_to_the_terminal(capsys, monkeypatch):
    """It must not wrap, or it could not be drawn over."""
    open_terminal(monkeypatch)
    logs.draw("x" * 50)
    assert capsys.readouterr().out == "\r" + "x" * 19 + "\x1b[K\r"


def test_messages_wipe_the_line_first(monkeypatch):
    """On a terminal alone, and one that can be drawn over."""
    assert said() == "a b"
    open_terminal(monkeypatch)
    assert said() == "\r\x1b[2Ka b"
    monkeypatch.setenv("TERM", "dumb")
    assert said() == "a b"


@pytest.mark.parametrize("formatter", [logs.LineFormatter, logs.FileFormatter])
def test_no_login_is_logged(formatter):
    """MLflow quotes the whole address of a server that does not answer, in a traceback, too."""
    try:
        raise OSError("no answer from http://anna:secret@example.org/api")
    except OSError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed: %s", (error,), sys.exc_info())
    assert "//example.org/api" in formatter("%(message)s").format(record)
    assert "secret" not in formatter("%(message)s").format(record)


def test_a_log_that_a_full_disk_does_not_take_is_given_up_quietly(tmp_path, monkeypatch, capsys):
    """Else logging prints a traceback for each line."""
    log = logs.LogFile(tmp_path / "log")

    def full():
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(log, "flush", full)
        log.handle(logging.makeLogRecord({"msg": "an epoch"}))
    log.close()
    with reader_gone() as stream:
        logs.LogStream(stream).handle(logging.makeLogRecord({"msg": "an epoch"}))
        # as the stream does at its end, with what it could not write
        with pytest.raises(BrokenPipeError):
            stream.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    assert capsys.readouterr().err == ""


def test_a_job_among_others_keeps_no_file_open(tmp_path):
    """A line is there at once, and one that the disk or the encoding does not take is given up."""
    log = logs.JobLog(str(tmp_path / "log"))
    for message in ("an epoch", "no text \ud800", "another"):
        log.handle(logging.makeLogRecord({"msg": message}))
    assert (tmp_path / "log").read_text(encoding="utf-8") == "an epoch\nanother\n"
    logs.JobLog(str(tmp_path / "nowhere" / "log")).handle(logging.makeLogRecord({"msg": "lost"}))


def test_a_signal_that_comes_through_a_library_leaves_no_traceback(capsys):
    """SQLAlchemy logs whatever interrupts it as an error of its pool."""
    log = logging.getLogger("a library")
    log.addHandler(handler := logs.LogStream(sys.stdout))
    for error in (SystemExit(143), KeyboardInterrupt(), ValueError("odd")):
        try:
            raise error
        except BaseException:
            log.exception("failed by %r", error)
    log.removeHandler(handler)
    assert "failed by ValueError" in (out := capsys.readouterr().out)
    assert out.count("Traceback") == 1
