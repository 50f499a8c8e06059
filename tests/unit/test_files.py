"""A file appears whole or not at all."""

import os

import pytest

from fer_exp import files


def test_a_file_takes_its_place_at_the_end(tmp_path):
    """Until the block ends a reader sees the old content; then the new, and nothing beside it."""
    path = tmp_path / "a.bin"
    with files.written_whole(path) as file:
        file.write(b"old")
    with files.written_whole(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_file_leaves_the_old_one(tmp_path, error):
    """A full disk or Ctrl-C in mid-write loses nothing and leaves nothing behind."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write() -> None:
        with files.written_whole(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]
