"""A set sorted on disk is the set sorted in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.data import external_sort
from fer_exp.data.faces import Faces
from fer_exp.errors import UserError

COLUMNS = ("pixels", "labels", "usage", "group")


def rows(faces, order):
    """The faces one by one, in an order of their own."""
    return zip(faces.pixels[order], faces.labels[order].tolist(), faces.usage[order].tolist(), strict=True)


@given(st.integers(0, 1000))
def test_it_gives_the_very_arrays_that_memory_would(tiny_faces, tmp_path_factory, seed):
    """Whatever order they come in, and more of them than are moved at once."""
    order = np.random.default_rng(seed).integers(0, len(tiny_faces), 1500)
    expected = Faces.of(*(getattr(tiny_faces, name)[order] for name in ("pixels", "labels", "usage")))
    folder = tmp_path_factory.mktemp("sorted")
    found = external_sort.on_disk(rows(tiny_faces, order), folder)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    # nameless: whatever ends the program leaves nothing behind
    assert list(folder.iterdir()) == []


def test_no_row_gives_a_set_of_none(tmp_path):
    """A CSV of a header alone is refused by who knows its name."""
    assert len(external_sort.on_disk(iter(()), tmp_path)) == 0


@pytest.mark.parametrize("there", [False, True])
def test_rows_that_end_in_an_error_leave_no_folder(tiny_faces, tmp_path, there):
    """Unless it was there before."""
    folder = tmp_path / "cache"
    if there:
        folder.mkdir()

    def broken():
        yield from rows(tiny_faces, np.arange(3))
        raise UserError("no more")

    with pytest.raises(UserError, match="no more"):
        external_sort.on_disk(broken(), folder)
    assert folder.exists() == there
