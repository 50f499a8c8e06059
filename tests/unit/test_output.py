"""What is printed where nobody takes it, or not every letter."""

import io
import sys

from helpers.streams import reader_gone

from fer_exp import console


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
