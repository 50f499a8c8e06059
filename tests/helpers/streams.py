"""Streams that nobody reads."""

import os


def reader_gone():
    """A stream into a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")
