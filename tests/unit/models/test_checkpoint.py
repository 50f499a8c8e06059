"""A checkpoint is whole, safe and ours, or it is refused."""

import os
import pickle
import zipfile

import pytest
import torch
from helpers.planted import Planted
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.models import checkpoint

CONTENT = {
    "network": {"w": torch.arange(6.0)},
    "epoch": 3,
    "scores": {"loss/val": 1.5},
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
@pytest.mark.fault("Disk: a checkpoint cut anywhere", trials=30, expected="one line that names the file")
def test_a_cut_file_is_refused(tmp_path, share):
    """Wherever the writing of another program ended."""
    path = tmp_path / "a.pt"
    checkpoint.save(path, CONTENT)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"a\.pt: not a whole, safe checkpoint"):
        checkpoint.load(path)


def test_noise_is_refused_in_one_line(tmp_path):
    """Neither an empty file, a text nor a zip of something else is a checkpoint."""
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.txt", "x")
    for noise in (b"", b"hello", b"\x80", b"\x80\x02.", bytes(1000), (tmp_path / "a.zip").read_bytes()):
        path.write_bytes(noise)
        with pytest.raises(UserError, match=r"a\.pt: not a") as caught:
            checkpoint.load(path)
        assert "\n" not in str(caught.value)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.data(), modern=st.booleans())
@pytest.mark.fault(
    "Disk: a checkpoint with changed bytes", trials=100, expected="one line that names the file"
)
def test_a_damaged_file_never_ends_in_another_error(tmp_path, data, modern):
    """Any bytes may be wrong, in PyTorch's old format too; it is read or refused."""
    path = tmp_path / "a.pt"
    whole = {"format": checkpoint.FORMAT, "classes": list(EMOTIONS), **CONTENT}
    torch.save(whole, path, _use_new_zipfile_serialization=modern)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        outcome = checkpoint.load(path)
    except UserError as error:
        outcome = str(error)
    if isinstance(outcome, dict):
        assert outcome["classes"] == list(EMOTIONS)
    else:
        assert outcome.startswith(f"{path}: ")
        assert "\n" not in outcome


@pytest.mark.parametrize("writer", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
@pytest.mark.fault(
    "Security: a malicious pickle as a checkpoint", trials=2, expected="refused with one line and not run"
)
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
    with pytest.raises(UserError, match=r"trained on other classes \(.*cat.*dog"):
        checkpoint.load(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [{}, {"classes": None}, {"classes": 7}])
def test_a_file_without_classes_is_refused(tmp_path, content):
    """Our format, but nobody knows which emotions it means."""
    torch.save({"format": checkpoint.FORMAT, **content}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="trained on other classes"):
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


def test_a_flipped_byte_of_a_weight_is_refused(tmp_path):
    """PyTorch alone would load it with another weight."""
    path = tmp_path / "a.pt"
    checkpoint.save(path, {"network": {"w": torch.full((1000,), 1.0)}})
    data = bytearray(path.read_bytes())
    data[data.index(torch.full((4,), 1.0).numpy().tobytes()) + 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"not a whole, safe checkpoint .*is damaged"):
        checkpoint.load(path)
