"""The cache is whole or rebuilt."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp import cache, fingerprint


@pytest.fixture(scope="module")
def entry(tiny_faces):
    """The tiny faces as an entry with one skipped file."""
    return cache.Entry(tiny_faces, fingerprint.take(tiny_faces, drawn=True), ("a.png: broken",))


def test_what_is_written_is_read(entry, tmp_path):
    """Arrays, fingerprint and skipped files."""
    cache.write(tmp_path / "a", "key", entry)
    found = cache.read(tmp_path / "a", "key")
    assert (found.fingerprint, found.skipped) == (entry.fingerprint, entry.skipped)
    for column in ("pixels", "labels", "usage", "group"):
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
def test_a_cut_file_is_never_served(entry, tmp_path, share):
    """Cut anywhere."""
    path = tmp_path / "a"
    cache.write(path, "key", entry)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert cache.read(path, "key") is None


def test_a_planted_pickle_is_not_run(tmp_path):
    """The reader knows no pickles."""
    (tmp_path / "a").write_bytes(pickle.dumps({"key": "key"}))
    assert cache.read(tmp_path / "a", "key") is None
