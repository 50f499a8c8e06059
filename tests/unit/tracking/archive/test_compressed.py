"""A file of runs that is compressed."""

import gzip
from contextlib import nullcontext

import pytest
from helpers.archived import job, named, sweep

from fer_exp.errors import UserError
from fer_exp.tracking.archive import archive_runs


@pytest.fixture
def kept(store, tmp_path):
    """A plain file of a sweep with its job."""
    sweep(store, "ladder", "deck0")
    job(store, "deck0")
    path = tmp_path / "runs.jsonl"
    archive_runs.main([str(path), *named(store)])
    return path


def test_a_compressed_file_holds_the_same(kept, store, tmp_path):
    """Byte for byte, however often; what is read of it is told by its content, not by its name."""
    small = tmp_path / "runs.jsonl.gz"
    archive_runs.main([str(small), *named(store)])
    first = small.read_bytes()
    assert gzip.decompress(first) == kept.read_bytes()
    archive_runs.main([str(small), *named(store)])
    assert small.read_bytes() == first
    renamed = small.rename(tmp_path / "renamed.jsonl")
    assert [line.text() for line in archive_runs.read(renamed)] == [
        line.text() for line in archive_runs.read(kept)
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-40],
        lambda data: data[:40] + bytes([data[40] ^ 255]) + data[41:],
        lambda data: data + b"more",
    ],
    ids=["cut short by a download", "a wrong byte", "more than it was written with"],
)
def test_a_compressed_file_that_is_damaged_is_refused(kept, tmp_path, spoil):
    """In a line, and before a run of it is restored."""
    path = tmp_path / "runs.jsonl.gz"
    path.write_bytes(spoil(gzip.compress(kept.read_bytes())))
    with pytest.raises(UserError, match="is damaged or cut short; get it anew"):
        archive_runs.read(path)


def test_a_compressed_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    """However small it is itself."""
    monkeypatch.setattr(archive_runs, "_MOST", 1000)
    path = tmp_path / "runs.jsonl.gz"
    for size, refused in ((1000, False), (1001, True)):
        path.write_bytes(gzip.compress(b"\n" * size))
        with pytest.raises(UserError, match="holds more than") if refused else nullcontext():
            archive_runs.read(path)
