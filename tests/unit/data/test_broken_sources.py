"""What is broken in a source stops the load by name, or is left out and listed."""

import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from helpers import faces_on_disk
from helpers.faces_on_disk import load

from fer_exp.data import datasets, fingerprint
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS


def test_a_broken_image_stops_or_is_listed(kaggle):
    """By name in either case, and the count is right."""
    broken = sorted((kaggle / "train" / "sad").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(UserError, match=rf"train/sad/{broken.name}: cannot be read.*data\.on_error=skip"):
        load(kaggle)
    found = load(kaggle, "skip")
    assert len(found.skipped) == 1
    assert broken.name in found.skipped[0]
    assert found.fingerprint.train[EMOTIONS.index("sad")] == 5
    assert load(kaggle, "skip").skipped == found.skipped


def test_a_closed_folder_beside_the_set_does_not_matter(kaggle, monkeypatch):
    """A disk's lost+found, say; root may list it, so the refusal is played."""
    (kaggle.parent / "lost+found").mkdir()
    real = Path.iterdir

    def closed(folder):
        if folder.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(Path, "iterdir", closed)
    found = datasets.load_fer2013(kaggle.parent, kaggle / "cache", "fail")
    assert found.fingerprint.train == (6,) * 7


@pytest.mark.parametrize("kind", ["folder", "zip", "csv"])
@pytest.mark.fault(
    "Bad data: a source without the right to read it", trials=3, expected="one line that names the file"
)
def test_a_source_that_cannot_be_read_is_named(kaggle, tiny_faces, tmp_path, monkeypatch, kind):
    """Root may read all, so the refusal is played."""
    path = kaggle
    if kind == "zip":
        path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
    elif kind == "csv":
        path = faces_on_disk.table(tiny_faces, tmp_path / "a.csv")
    real = open

    def closed(file, *arguments, **options):
        if str(file).endswith((".png", ".zip", ".csv")):
            raise PermissionError(13, "Permission denied")
        return real(file, *arguments, **options)

    monkeypatch.setattr("builtins.open", closed)
    with pytest.raises(UserError, match=r"(png|zip|csv): cannot be read \(Permission denied\)"):
        load(path)


def test_what_is_left_out_is_counted_and_named_in_the_log(kaggle, caplog):
    """Every broken file of every kind, the first by name, and the set is called another."""
    for emotion, data in (("sad", b""), ("fear", b"text"), ("happy", b"\x89PNG\r\n\x1a\n")):
        (kaggle / "train" / emotion / "broken.png").write_bytes(data)
    found = load(kaggle, "skip")
    assert len(found.skipped) == 3
    assert found.fingerprint.train == (6,) * 7
    assert "3 files were left out, the first: " in caplog.text
    assert "is not FER-2013, other: 42 train, 28 test" in caplog.text


def test_a_broken_row_stops_or_is_listed(tiny_faces, tmp_path):
    """By its line in either case."""
    path = faces_on_disk.table(tiny_faces, tmp_path / "a.csv")
    with open(path, "a") as file:
        file.write("9,1 2 3,Training\n")
    with pytest.raises(UserError, match=r"a\.csv, line 72: has 3 pixels.*data\.on_error=skip"):
        load(path)
    [message] = load(path, "skip").skipped
    assert "line 72" in message
    assert load(path, "skip").fingerprint.content == fingerprint.take(tiny_faces, drawn=False).content


@pytest.mark.parametrize("rows", [datasets._MOST_SKIPPED, datasets._MOST_SKIPPED + 1])
@pytest.mark.fault(
    "Bad data: 10,000 broken rows, and one more", trials=2, expected="left out and counted; one line"
)
def test_more_broken_rows_than_a_slip_explains_are_refused(tiny_faces, tmp_path, rows):
    """Their list would fill the memory, and what is left is no set to study."""
    path = faces_on_disk.table(tiny_faces, tmp_path / "a.csv")
    with open(path, "a") as file:
        file.write("x\n" * rows)
    outcome = ""
    try:
        outcome = f"{len(load(path, 'skip').skipped):,} left out"
    except UserError as error:
        outcome = str(error)
    expected = "10,000 left out"
    if rows > datasets._MOST_SKIPPED:
        expected = f"{path}, line 10072: has 1 values, the header names more; so are 10,000 before it"
    assert outcome.startswith(expected)


@pytest.mark.slow
@pytest.mark.fault("Bad data: 100,000 empty folders", trials=1, expected="one line, under 100 MB")
def test_a_hundred_thousand_empty_folders_cost_little(tmp_path):
    """Beside the split folders or in their place: refused, within the memory of their names."""
    (tmp_path / "set").mkdir()
    for number in range(100_000):
        os.mkdir(f"{tmp_path}/set/{number}")
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="holds no train folder"):
            load(tmp_path / "set")
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
        # all are empty; rmtree would look into each, and pytest keeps what is left
        for number in range(100_000):
            os.rmdir(f"{tmp_path}/set/{number}")


@pytest.mark.slow
@pytest.mark.fault("Bad data: 100,000 empty folders in a zip", trials=1, expected="left out")
def test_a_zip_of_a_hundred_thousand_folders_costs_little(kaggle, tmp_path):
    """They are left out, whatever they are called."""
    path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(100_000):
            archive.mkdir(f"train/{number}")
    assert load(path).fingerprint.train == (6,) * 7
