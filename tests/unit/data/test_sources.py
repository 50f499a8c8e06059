"""Every source gives the same faces, and what is none is refused in one line."""

import shutil
import zipfile

import numpy as np
import pytest
from helpers import faces_on_disk
from helpers.faces_on_disk import load

from fer_exp.data import fingerprint
from fer_exp.errors import UserError


def laid_out(name, faces, folder):
    """The faces laid out as one source."""
    if name == "folder":
        return faces_on_disk.folder(faces, folder / "a")
    if name == "one level up":
        return faces_on_disk.folder(faces, folder / "a" / "fer2013").parent
    if name == "three-way":
        return faces_on_disk.folder(faces, folder / "a", three_way=True)
    if name == "zip":
        return faces_on_disk.zipped(faces_on_disk.folder(faces, folder / "a"), folder / "a.zip")
    if name == "zip with a top folder":
        return faces_on_disk.zipped(faces_on_disk.folder(faces, folder / "a"), folder / "a.zip", "top/")
    if name == "folder with a zip":
        (folder / "b").mkdir()
        faces_on_disk.zipped(faces_on_disk.folder(faces, folder / "a"), folder / "b" / "archive.zip")
        return folder / "b"
    if name == "zip with a csv":
        faces_on_disk.table(faces, folder / "fer2013.csv")
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.write(folder / "fer2013.csv", "fer2013/fer2013.csv")
        return folder / "a.zip"
    return faces_on_disk.table(faces, folder / f"{name}.csv", icml=name == "icml_face_data")


@pytest.mark.parametrize(
    "name",
    [
        *("folder", "one level up", "three-way", "zip", "zip with a top folder", "folder with a zip"),
        *("zip with a csv", "fer2013", "icml_face_data"),
    ],
)
def test_every_source_gives_the_same_faces(tiny_faces, tmp_path, name):
    """Pixels, labels, splits and groups, and so the fingerprint, do not depend on the layout."""
    found = load(laid_out(name, tiny_faces, tmp_path))
    for column in ("pixels", "labels", "usage", "group"):
        np.testing.assert_array_equal(getattr(found.faces, column), getattr(tiny_faces, column))
    assert found.fingerprint.content == fingerprint.take(tiny_faces, drawn=False).content
    assert (len(found.train()), len(found.test())) == (42, 28)


def wrong_missing(root):
    return root / "nowhere", "there is nothing there"


def wrong_empty(root):
    (root / "empty").mkdir()
    return root / "empty", "the folder is empty"


def wrong_kind(root):
    (root / "a.txt").write_text("x")
    return root / "a.txt", "is neither a folder nor a .zip, .csv or .parquet"


def wrong_no_split(root):
    for name in ("Train_set", "Test_set", "b", "c"):
        (root / "x" / name / "y").mkdir(parents=True)
    message = "no fer2013.csv, no zip and no Parquet file, but Test_set, Train_set, b, ...; see"
    return root / "x", f"holds no train folder, {message}"


def wrong_numbered_class(root):
    (root / "kaggle" / "train" / "happy").rename(root / "kaggle" / "train" / "3")
    return root / "kaggle", "the folder train/3 names no emotion"


def wrong_class_missing(root):
    shutil.rmtree(root / "kaggle" / "train" / "disgust")
    return root / "kaggle", "train has no image of disgust"


def wrong_name_too_long(root):
    return root / ("x" * 5000), "there is nothing there"


def wrong_table_of_nothing(root):
    (root / "a.csv").write_text("emotion,pixels,Usage\n")
    return root / "a.csv", "holds no train/<emotion>/<image> and no row of Training; see 'Get the data'"


def wrong_empty_table(root):
    (root / "a.csv").write_bytes(b"")
    return root / "a.csv", "is empty; get it again"


def wrong_zip_of_nothing(root):
    zipfile.ZipFile(root / "a.zip", "w").close()
    return root / "a.zip", "holds no train/<emotion>/<image> and no row of Training; see 'Get the data'"


def wrong_two_tables(root):
    for name in ("fer2013.csv", "icml_face_data.csv"):
        (root / "tables" / name).parent.mkdir(exist_ok=True)
        (root / "tables" / name).write_text("emotion,pixels,Usage\n")
    message = "holds more than one set, fer2013.csv and icml_face_data.csv; name one, or move one away"
    return root / "tables", message


def wrong_table_beside_images(root):
    (root / "kaggle" / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    return root / "kaggle", "holds more than one set, train and fer2013.csv; name one, or move one away"


def wrong_table_beside_images_in_a_zip(root):
    path = faces_on_disk.zipped(root / "kaggle", root / "a b.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n")
    return path, f"sets, fer2013.csv and test/angry/; take one out: unzip '{path}' fer2013.csv -d FOLDER"


def wrong_zip_of_another_archive(root):
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.writestr("fer2013.tar.gz", b"x")
    return root / "a.zip", "holds no train/<emotion>/<image>, but fer2013.tar.gz; see 'Get the data'"


def wrong_two_tables_in_a_zip(root):
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.writestr("b/icml_face_data.csv", "emotion,pixels,Usage\n")
        archive.writestr("a/FER2013.csv", "emotion,pixels,Usage\n")
    message = "sets, a/FER2013.csv and b/icml_face_data.csv; take one out: unzip "
    return root / "a.zip", f"{message}{root}/a.zip a/FER2013.csv -d FOLDER"


def wrong_two_zips(root):
    (root / "zips").mkdir()
    for name in ("a", "b"):
        faces_on_disk.zipped(root / "kaggle", root / "zips" / f"{name}.zip")
    return root / "zips", "holds more than one set, a.zip and b.zip; name one"


def wrong_unknown_split(root):
    (root / "kaggle" / "test").rename(root / "kaggle" / "holdout")
    return root / "kaggle", "the folder holdout names no split; known are train, training, test, testing, "


def wrong_damaged_table_in_a_zip(root):
    with zipfile.ZipFile(root / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n" * 100)
    data = bytearray((root / "a.zip").read_bytes())
    data[45:50] = b"\xff" * 5
    (root / "a.zip").write_bytes(data)
    return root / "a.zip", "fer2013.csv: cannot be unpacked"


def wrong_text_as_image(root):
    (root / "kaggle" / "train" / "happy" / "note.jpg").write_text("not an image")
    return root / "kaggle", "train/happy/note.jpg: cannot be read as an image (not a JPEG"


def wrong_broken_zip(root):
    (root / "a.zip").write_bytes(b"PK not a zip")
    return root / "a.zip", "cannot be opened as a zip"


def wrong_two_sets(root):
    shutil.copytree(root / "kaggle", root / "both" / "a")
    shutil.copytree(root / "kaggle", root / "both" / "b")
    return root / "both", "holds more than one set"


def wrong_two_sets_in_a_zip(root):
    shutil.copytree(root / "kaggle", root / "both" / "a")
    shutil.copytree(root / "kaggle", root / "both" / "b")
    path = faces_on_disk.zipped(root / "both", root / "a.zip", "both/")
    return path, f"sets, both/a and both/b; take one out: unzip {path} 'both/b/*' -d FOLDER"


def wrong_deeper(root):
    (root / "kaggle" / "train" / "happy" / "more").mkdir()
    (root / "kaggle" / "train" / "happy" / "more" / "a.png").write_bytes(b"x")
    return root / "kaggle", "is a folder below an emotion's"


def wrong_dangling_link(root):
    (root / "kaggle" / "train" / "happy" / "gone.png").symlink_to("nowhere.png")
    return root / "kaggle", "gone.png: cannot be read (No such file or directory)"


WRONG = [make for name, make in list(globals().items()) if name.startswith("wrong_")]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.fault(
    "Bad data: sets that are none, or two, or laid out otherwise",
    trials=len(WRONG),
    expected="one line that names the place; nothing cached",
)
def test_a_wrong_source_is_told_in_one_line(kaggle, wrong):
    """What is wrong and where; nothing is cached."""
    root, message = wrong(kaggle.parent)
    with pytest.raises(UserError) as caught:
        load(root)
    assert message in str(caught.value)
    assert str(root) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (root.parent / "cache").exists()
