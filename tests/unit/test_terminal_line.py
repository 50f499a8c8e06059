"""A line at the bottom of a terminal that others print above."""

import io
import logging
import os
import sys

import pytest

from fer_exp import console


def open_terminal(monkeypatch):
    """Let stdout be a terminal of 20 columns; in the test itself, as pytest changes stdout before it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")


def said():
    """A log message as the formatter gives it."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "a %s", ("b",), None)
    return console.LineFormatter("%(message)s").format(record)


def test_the_line_is_cut_to_the_terminal(capsys, monkeypatch):
    """It must not wrap, or it could not be drawn over."""
    open_terminal(monkeypatch)
    console.draw("x" * 50)
    assert capsys.readouterr().out == "\r" + "x" * 19 + "\x1b[K\r"


def reader_gone():
    """A stream into a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def test_what_nobody_takes_is_given_up(monkeypatch):
    """Once and for all: also what the stream held back, and would write when the program ends."""
    with reader_gone() as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        with console.outliving_output() as output, console.outliving_output() as inner:
            print("a line", flush=True)
            assert isinstance(output.lost, BrokenPipeError)
            assert inner.lost is None
            print("another")
            assert sys.stdout.encoding == stream.encoding
        assert sys.stdout is stream
        stream.flush()


def test_letters_that_an_encoding_lacks_are_written_out(monkeypatch):
    """A table has lines and dots that not every terminal knows."""
    taken = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(taken, "ascii"))
    with console.outliving_output():
        print("a · b")
    assert taken.getvalue() == b"a \\xb7 b\n"


def test_output_that_is_closed_is_none_lost(monkeypatch):
    """Python leaves no stream at all where a shell says >&-."""
    monkeypatch.setattr(sys, "stdout", None)
    with console.outliving_output() as output:
        print("a line", flush=True)
        assert not sys.stdout.isatty()
    assert output.lost is None


def test_messages_wipe_the_line_first(monkeypatch):
    """On a terminal alone, and one that can be drawn over."""
    assert said() == "a b"
    open_terminal(monkeypatch)
    assert said() == "\r\x1b[2Ka b"
    monkeypatch.setenv("TERM", "dumb")
    assert said() == "a b"


def test_a_log_that_a_full_disk_does_not_take_is_given_up_quietly(tmp_path, monkeypatch, capsys):
    """Else logging prints a traceback for each line."""
    log = console.LogFile(tmp_path / "log")

    def full():
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(log, "flush", full)
        log.handle(logging.makeLogRecord({"msg": "an epoch"}))
    log.close()
    with reader_gone() as stream:
        console.LogStream(stream).handle(logging.makeLogRecord({"msg": "an epoch"}))
        # as the stream does at its end, with what it could not write
        with pytest.raises(BrokenPipeError):
            stream.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    assert capsys.readouterr().err == ""
