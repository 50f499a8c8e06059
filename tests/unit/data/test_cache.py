"""The cache is whole or rebuilt."""

import multiprocessing
import os
import pickle

import numpy as np
import pytest
from helpers.patience import PATIENCE
from helpers.planted import Planted
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.data import cache, fingerprint
from fer_exp.errors import UserError


@pytest.fixture(scope="module")
def entry(tiny_faces):
    """The tiny faces as an entry with one skipped file."""
    return cache.Entry(tiny_faces, fingerprint.take(tiny_faces, drawn=True), ("a.png: broken",))


def test_what_is_written_is_read(entry, tmp_path):
    """Arrays, fingerprint and skipped files."""
    cache.write(tmp_path / "a", "key", entry)
    found = cache.read(tmp_path / "a", "key")
    assert (found.fingerprint, found.skipped) == (entry.fingerprint, entry.skipped)
    for column in ("pixels", "labels", "usage", "group", "csv_row"):
        np.testing.assert_array_equal(getattr(found.faces, column), getattr(entry.faces, column))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_another_key_is_not_served(entry, tmp_path):
    """What was made of another source stays unread."""
    cache.write(tmp_path / "a", "key", entry)
    assert cache.read(tmp_path / "a", "other") is None
    assert cache.read(tmp_path / "b", "key") is None


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@pytest.mark.fault("Disk: a cache with a flipped bit anywhere", trials=60, expected="never read")
def test_a_flipped_bit_is_never_served(entry, tmp_path, share, bit):
    """Anywhere in the file, header and padding too: it reads as nothing."""
    path = tmp_path / "a"
    cache.write(path, "key", entry)
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    path.write_bytes(data)
    found = cache.read(path, "key")
    assert found is None


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(share=st.floats(0, 1, exclude_max=True))
@pytest.mark.fault("Disk: a cache cut anywhere", trials=40, expected="never read")
def test_a_cut_file_is_never_served(entry, tmp_path, share):
    """Cut anywhere."""
    path = tmp_path / "a"
    cache.write(path, "key", entry)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert cache.read(path, "key") is None


@pytest.mark.parametrize("before", [b"", cache.MAGIC + bytes(32) + (99).to_bytes(8, "little")])
@pytest.mark.fault("Security: a malicious pickle as a cache", trials=2, expected="not read and not run")
def test_a_planted_pickle_is_not_run(tmp_path, before):
    """The reader knows no pickles, at the start or behind its own preamble."""
    ran = str(tmp_path / "ran")
    planted = pickle.dumps(Planted(ran))
    (tmp_path / "a").write_bytes(before + planted)
    assert cache.read(tmp_path / "a", "key") is None
    assert not os.path.exists(ran)
    pickle.loads(planted)
    assert os.path.exists(ran)


@pytest.mark.parametrize("header", [b"[]", b"1", b"{", b"{}", b'{"key": "key"}', b'{"key": "key", "n": "x"}'])
def test_a_planted_header_reads_as_nothing(tmp_path, header):
    """Whatever JSON it holds."""
    before = cache.MAGIC + bytes(32) + len(header).to_bytes(8, "little")
    (tmp_path / "a").write_bytes(before + header)
    assert cache.read(tmp_path / "a", "key") is None


def test_what_is_appended_makes_it_another_file(entry, tmp_path):
    """Longer is as wrong as shorter."""
    cache.write(tmp_path / "a", "key", entry)
    with open(tmp_path / "a", "ab") as file:
        file.write(b"x")
    assert cache.read(tmp_path / "a", "key") is None


def test_faces_may_be_written_to_without_the_file(entry, tmp_path):
    """Each reader has its own copy of what it changes."""
    cache.write(tmp_path / "a", "key", entry)
    before = (tmp_path / "a").read_bytes()
    found = cache.read(tmp_path / "a", "key")
    for column in ("pixels", "labels", "usage", "group", "csv_row"):
        getattr(found.faces, column)[:] = 0
    assert not found.faces.pixels.any()
    assert (tmp_path / "a").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(entry, tmp_path):
    """With the setting to change, and nothing is left half written."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"data\.cache_dir=.*file: cannot write the cache .*name a folder"):
        cache.write(tmp_path / "file" / "a", "key", entry)


def write_often(path, entry, ready) -> None:
    """What each of two processes does at once."""
    ready.wait()
    for _ in range(20):
        cache.write(path, "key", entry)


@pytest.mark.slow
def test_two_processes_may_write_at_once(entry, tmp_path):
    """Any reader at any time finds a whole file, and no scraps remain."""
    cache.write(tmp_path / "a", "key", entry)
    context = multiprocessing.get_context("forkserver")
    ready = context.Barrier(3, timeout=PATIENCE)
    writers = [context.Process(target=write_often, args=(tmp_path / "a", entry, ready)) for _ in range(2)]
    for writer in writers:
        writer.start()
    ready.wait()
    found = []
    while any(writer.is_alive() for writer in writers):
        found.append(cache.read(tmp_path / "a", "key"))
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert all(one is not None for one in [*found, cache.read(tmp_path / "a", "key")])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
