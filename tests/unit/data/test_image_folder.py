"""What lies where in a folder or a zip."""

import os
from pathlib import Path

import pytest

from fer_exp.data import image_folder, sources
from fer_exp.data.faces import Usage
from fer_exp.data.image_folder import ImageFile
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

CONTENT = bytes(range(256)) * 4


def arrange(*paths):
    """The files at these paths; the first that is not known ends it."""

    def stop(error):
        raise error

    return image_folder.arrange(list(paths), "x", stop)


@pytest.mark.parametrize("name", EMOTIONS)
def test_an_emotion_is_known_in_any_case(name):
    """And with blanks around it."""
    assert {image_folder.emotion_label(text) for text in (name, name.upper(), f" {name.title()} ")} == {
        EMOTIONS.index(name)
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("anger", "angry"), ("Disgusted", "disgust"), ("FEARFUL", "fear"), ("happiness", "happy")),
        *(("sadness", "sad"), ("surprised", "surprise")),
    ],
)
def test_synonyms_are_known(name, meant):
    """Those in circulation."""
    assert image_folder.emotion_label(name) == EMOTIONS.index(meant)


@pytest.mark.parametrize("name", ["", "0", "4", "happ", "happyy", "contempt", "angry sad"])
def test_what_names_no_emotion_has_no_label(name):
    """Numbers neither: 4 is sad in the CSV and neutral in alphabetical folders."""
    assert image_folder.emotion_label(name) is None


@pytest.mark.parametrize(
    ("path", "usage"),
    [
        ("train/happy/0.png", Usage.TRAIN),
        ("top/Training/happy/0.png", Usage.TRAIN),
        ("a/b/c/TRAIN/happy/PublicTest_1.png", Usage.TRAIN),
        ("test/happy/PublicTest_1.png", Usage.PUBLIC),
        ("test/happy/privatetest_1.png", Usage.PRIVATE),
        ("test/happy/1.png", Usage.TEST),
        ("Testing/happy/1.png", Usage.TEST),
        ("validation/happy/1.png", Usage.PUBLIC),
        ("PublicTest/happy/1.png", Usage.PUBLIC),
        ("PrivateTest/happy/1.png", Usage.PRIVATE),
    ],
)
def test_a_place_says_the_split(path, usage):
    """By the folder, and for Kaggle's test by the file's name."""
    assert arrange(path) == [ImageFile(path, EMOTIONS.index("happy"), usage)]


def test_beside_a_validation_folder_test_is_the_private_half():
    """Three folders are the three published splits."""
    placed = arrange("test/sad/1.png", "val/sad/2.png", "train/sad/3.png")
    assert [file.usage for file in placed] == [Usage.PRIVATE, Usage.PUBLIC, Usage.TRAIN]


def test_files_outside_an_emotions_folder_are_no_faces():
    """A note, a table, a file right in a split, another tree."""
    assert arrange("README.txt", "train/a.png", "top/a/b.csv", "models/happy/a.png") == []


@pytest.mark.parametrize("path", ["train/bored/0.png", "train/3/0.png", "top/test/bored/0.png"])
def test_a_folder_of_no_emotion_is_named(path):
    """With its path and what would do."""
    with pytest.raises(UserError, match=rf"x: the folder {path[:-6]} names no emotion; known are angry,"):
        arrange(path)


@pytest.mark.parametrize("top", ["", "top/"])
def test_a_folder_beside_the_splits_that_names_none_is_told(top):
    """Laid out as a split, it was meant as one; what holds no emotion, or lies elsewhere, was not."""
    errors = []
    paths = ["train/sad/1.png", "dev/sad/2.png", "dev/happy/3.png", "holdout/sad/4.png", "plots/old/5.png"]
    found = image_folder.arrange([*(top + path for path in paths), "a/b/sad/6.png"], "x", errors.append)
    assert [file.path for file in found] == [f"{top}train/sad/1.png"]
    assert [str(error).partition(";")[0] for error in errors] == [
        f"x: the folder {top}dev names no split",
        f"x: the folder {top}holdout names no split",
    ]


def laid_out(root):
    """A folder of three faces among what is none."""
    for name in ("train/sad/b.png", "train/sad/a.png", "test/sad/c.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(CONTENT)
    of_windows = ("Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini", "ehthumbs.db")
    for name in (".DS_Store", "._a.png", "Icon\r", *of_windows):
        (root / "train" / "sad" / name).write_bytes(b"litter")
    (root / "train" / "sad" / "empty.png").mkdir()
    (root / "train" / "note.txt").write_bytes(b"x")
    (root / ".hidden" / "train" / "sad").mkdir(parents=True)
    return root


@pytest.mark.fault("Bad data: files that other systems leave", trials=8, expected="left out")
def test_a_folder_lists_its_images_alone(tmp_path):
    """Sorted; no litter, no empty folder, of which the deck counted one a class (A1), nothing from beside."""
    paths, _ = image_folder.list_folder(laid_out(tmp_path))
    assert paths == ["test/sad/c.png", "train/sad/a.png", "train/sad/b.png"]


def test_litter_does_not_change_a_folders_key(tmp_path):
    """A look into the folder on a Mac must not cost a new decode."""
    before = image_folder.list_folder(laid_out(tmp_path))
    (tmp_path / "train" / "sad" / ".localized").write_bytes(b"x")
    (tmp_path / "train" / "sad" / "Thumbs.db").write_bytes(b"longer than before")
    assert image_folder.list_folder(tmp_path) == before


@pytest.mark.parametrize("change", ["rename", "remove", "add", "rewrite"])
def test_any_change_of_an_image_changes_a_folders_key(tmp_path, change):
    """Also a rewrite of the same length whose modification time is set back."""
    before = image_folder.list_folder(laid_out(tmp_path))[1]
    file = tmp_path / "train" / "sad" / "a.png"
    if change == "rename":
        file.rename(file.with_name("z.png"))
    elif change == "remove":
        file.unlink()
    elif change == "add":
        file.with_name("z.png").write_bytes(CONTENT)
    else:
        state = file.stat()
        file.write_bytes(CONTENT[::-1])
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert image_folder.list_folder(tmp_path)[1] != before


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    """Root may list all, so the refusal is played."""
    laid_out(tmp_path)
    real = os.scandir

    def closed(path):
        if str(path).endswith("sad"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(UserError, match=r"test/sad: cannot be listed \(Permission denied\)"):
        image_folder.list_folder(tmp_path)


@pytest.mark.fault("Bad data: a pipe or a device among the files", trials=3, expected="one line, no waiting")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    """Whoever opens one waits until somebody writes to it; a link to nothing is left to the reader."""
    laid_out(tmp_path)
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    link = tmp_path / "train" / "sad" / "z.png"
    link.symlink_to(tmp_path / "nowhere")
    assert "train/sad/z.png" in image_folder.list_folder(tmp_path)[0]
    for target in (pipe, Path("/dev/zero")):
        link.unlink()
        link.symlink_to(target)
        with pytest.raises(UserError, match=r"train/sad/z\.png: is no file"):
            image_folder.list_folder(tmp_path)
    pipe.rename(tmp_path / "fer2013.csv")
    with pytest.raises(UserError, match=r"fer2013\.csv: is no file"):
        sources.CsvSource(tmp_path / "fer2013.csv").key()


@pytest.mark.fault(
    "Bad data: unreadable and oversized files", trials=3, expected="one line that names the file"
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    """Gone, closed or far too large."""
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate(image_folder.LARGEST_FILE + 1)
    (tmp_path / "a.png").write_bytes(CONTENT)
    assert image_folder.read_file(tmp_path / "a.png") == CONTENT
    with pytest.raises(UserError, match=r"gone\.png: cannot be read \(No such file"):
        image_folder.read_file(tmp_path / "gone.png")
    monkeypatch.setattr(image_folder, "LARGEST_FILE", len(CONTENT) - 1)
    with pytest.raises(UserError, match=r"a\.png: is larger than"):
        image_folder.read_file(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"huge\.png: is larger than"):
        image_folder.read_file(tmp_path / "huge.png")
