"""A checkpoint is whole, safe and ours, or it is refused."""

import os
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp import checkpoint
from fer_exp.errors import UserError

CONTENT = {
    "network": {"w": torch.arange(6.0)},
    "epoch": 3,
    "scores": {"val/loss": 1.5},
    "note": [1, "x", None],
}


def test_what_is_saved_is_loaded(tmp_path):
    """Tensors, numbers, texts, lists and dicts come back, with the classes beside them."""
    checkpoint.save(tmp_path / "deep" / "a.pt", CONTENT)
    found = checkpoint.load(tmp_path / "deep" / "a.pt")
    assert torch.equal(found["network"]["w"], CONTENT["network"]["w"])
    assert {key: found[key] for key in ("epoch", "scores", "note")} == {
        key: CONTENT[key] for key in ("epoch", "scores", "note")
    }
    assert found["classes"][3] == "happy"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.pt"]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(share=st.floats(0, 0.99))
def test_a_cut_file_is_refused(tmp_path, share):
    """Wherever the writing of another program ended."""
    path = tmp_path / "a.pt"
    checkpoint.save(path, CONTENT)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"a\.pt: not a whole, safe checkpoint"):
        checkpoint.load(path)


class Planted:
    """Creates a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("writer", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
def test_planted_code_is_refused_and_not_run(tmp_path, writer):
    """A pickle that would act when read is named and does nothing."""
    writer({"format": 1, "network": Planted(tmp_path / "acted")}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="not a whole, safe checkpoint"):
        checkpoint.load(tmp_path / "a.pt")
    assert not (tmp_path / "acted").exists()


@pytest.mark.parametrize("thing", [[1, 2], {"x": 1}, {"format": 99, "classes": []}])
def test_another_programs_file_is_refused(tmp_path, thing):
    """PyTorch can read it, but it is none of ours."""
    torch.save(thing, tmp_path / "a.pt")
    with pytest.raises(UserError, match="not a checkpoint of fer-exp"):
        checkpoint.load(tmp_path / "a.pt")


def test_other_classes_are_refused_by_name(tmp_path):
    """A network of cats and dogs is told from one of emotions."""
    torch.save({"format": checkpoint.FORMAT, "classes": ["cat", "dog"]}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="trained on other classes \\(cat, dog\\)"):
        checkpoint.load(tmp_path / "a.pt")


def test_a_missing_file_is_named(tmp_path):
    """No traceback of PyTorch's."""
    with pytest.raises(UserError, match=r"a\.pt: there is no checkpoint"):
        checkpoint.load(tmp_path / "a.pt")


def test_a_writer_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    """The new file takes its place in one step or not at all, and leaves no litter."""
    path = tmp_path / "a.pt"
    checkpoint.save(path, CONTENT)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"a\.pt: cannot write the checkpoint \(No space left on device\)"):
        checkpoint.save(path, {"epoch": 4})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_is_no_folder_is_named(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write the checkpoint"):
        checkpoint.save(tmp_path / "file" / "a.pt", CONTENT)
