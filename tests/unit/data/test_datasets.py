"""Every source gives the same faces, and says in one line what is wrong with a source."""

import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import faces_on_disk
from PIL import Image

from fer_exp.data import datasets, fingerprint, images
from fer_exp.data.faces import Usage
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

ROOT = Path(os.environ.get("FER2013_ROOT", Path(__file__).parents[4] / "shared" / "data" / "fer2013.zip"))


@pytest.fixture
def kaggle(tiny_faces, tmp_path):
    """The tiny faces as Kaggle lays them out."""
    return faces_on_disk.folder(tiny_faces, tmp_path / "kaggle")


def load(root, on_error="fail"):
    """The set at a root, with a cache of its own beside it."""
    return datasets.load_fer2013(root, root.parent / "cache", on_error)


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


def test_neither_file_names_nor_the_order_of_rows_matter(tiny_faces, kaggle, tmp_path):
    """Other names in a folder and shuffled rows give the same arrays."""
    for file in sorted(kaggle.rglob("*.png")):
        split, number = file.stem.split("_")
        file.rename(file.with_name(f"{split}_{1000 - int(number)}.png"))
    shuffled = tiny_faces[np.random.default_rng(1).permutation(len(tiny_faces))]
    table = faces_on_disk.table(shuffled, tmp_path / "shuffled.csv")
    assert load(kaggle).fingerprint == load(table).fingerprint
    np.testing.assert_array_equal(load(kaggle).faces.group, load(table).faces.group)


def test_copies_are_kept_and_share_a_group(kaggle):
    """Within a class, across classes and across splits."""
    original = sorted((kaggle / "train" / "sad").iterdir())[0]
    shutil.copy(original, kaggle / "train" / "sad" / "copy.png")
    shutil.copy(original, kaggle / "train" / "fear" / "copy.png")
    shutil.copy(original, kaggle / "test" / "sad" / "PublicTest_copy.png")
    found = load(kaggle)
    assert (len(found.train()), len(found.test())) == (44, 29)
    assert sorted(np.bincount(found.faces.group))[-2:] == [1, 4]
    sizes = {name: len(at) for name, at in found.test().parts(found.train().group)}
    assert sizes == {"public": 15, "private": 14, "union": 29, "union_no_copies": 28}


def test_a_test_folder_that_names_no_halves_is_one_part(tiny_faces, kaggle):
    """What is not known is not guessed."""
    for file in sorted((kaggle / "test").rglob("*.png")):
        file.rename(file.with_name(file.name.split("_")[1]))
    test = load(kaggle).test()
    assert set(test.usage) == {Usage.TEST}
    assert [name for name, _ in test.parts(tiny_faces.group[:0])] == ["union", "union_no_copies"]


def test_photos_instead_of_faces_are_read(kaggle):
    """A user's own set: colour, other sizes and formats."""
    for number, file in enumerate(sorted(kaggle.rglob("*.png"))):
        image = Image.open(file).convert("RGB").resize((60 + number, 64))
        image.save(file.with_suffix((".jpg", ".bmp", ".webp")[number % 3]))
        file.unlink()
    assert load(kaggle).fingerprint.train == (6,) * 7


@pytest.mark.fault("Bad data: anything written outside the cache", trials=1, expected="nothing")
def test_nothing_of_a_zip_is_unpacked(kaggle, tmp_path):
    """Reading leaves the cache and nothing else."""
    path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
    load(path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"kaggle", "a.zip", "cache"}


def test_folders_are_not_counted_as_faces(kaggle):
    """The deck's counts were one too many for each class (A1)."""
    for emotion in EMOTIONS:
        (kaggle / "train" / emotion / "folder.png").mkdir()
    (kaggle / "train" / "happy" / ".hidden.png").write_bytes(b"x")
    assert load(kaggle).fingerprint.train == (6,) * 7


def test_the_second_start_reads_the_cache(kaggle, monkeypatch, tiny_faces):
    """No image is decoded again, and what is mapped equals what was decoded."""
    load(kaggle)
    monkeypatch.setattr(images, "decode", lambda *_: pytest.fail("decoded again"))
    np.testing.assert_array_equal(load(kaggle).faces.pixels, tiny_faces.pixels)


def test_a_changed_file_is_noticed_though_its_time_is_set_back(kaggle):
    """Same name, size and modification time, another content: decoded anew."""
    before = load(kaggle).fingerprint.content
    one, two = sorted((kaggle / "train" / "happy").iterdir())[:2]
    state = one.stat()
    padded = two.read_bytes()
    one.write_bytes(padded)
    os.utime(one, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert load(kaggle).fingerprint.content != before


@pytest.mark.parametrize("kind", ["zip", "csv"])
def test_a_changed_zip_or_table_is_noticed(kaggle, tiny_faces, tmp_path, kind):
    """By its content, though length and time stay."""
    if kind == "zip":
        path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
        old = f"train/angry/{min(file.name for file in (kaggle / 'train' / 'angry').iterdir())}"
        new = old.replace("angry", "happy")
    else:
        path = faces_on_disk.table(tiny_faces, tmp_path / "a.csv")
        old, new = "\n0,", "\n3,"
    assert load(path).fingerprint.train == (6,) * 7
    data, state = path.read_bytes(), path.stat()
    # a zip names each file twice: before its content and in the directory
    path.write_bytes(data.replace(old.encode(), new.encode(), 2))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    taken = load(path).fingerprint
    assert sum(taken.train) + sum(taken.test) == 70
    assert taken.train[0] + taken.test[0] < 10


def test_a_set_that_changes_while_it_is_read_is_refused(kaggle, monkeypatch):
    """What was read is neither the old set nor the new one."""
    real = images.decode

    def decode(data, place):
        (kaggle / "train" / "sad" / "new.png").write_bytes(data)
        return real(data, place)

    monkeypatch.setattr(images, "decode", decode)
    with pytest.raises(UserError, match="changed while it was read; try again"):
        load(kaggle)
    assert not (kaggle.parent / "cache").exists()


@pytest.mark.fault("Disk: a cache with a flipped byte", trials=1, expected="rebuilt")
def test_a_damaged_cache_is_rebuilt(kaggle, tiny_faces):
    """A flipped byte anywhere in the payload is found."""
    load(kaggle)
    [path] = (kaggle.parent / "cache").iterdir()
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    np.testing.assert_array_equal(load(kaggle).faces.pixels, tiny_faces.pixels)
    assert path.read_bytes() != bytes(data)


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


def wrong_missing(root):
    return root / "nowhere", "there is nothing there"


def wrong_empty(root):
    (root / "empty").mkdir()
    return root / "empty", "the folder is empty"


def wrong_kind(root):
    (root / "a.txt").write_text("x")
    return root / "a.txt", "is neither a folder nor a .zip or .csv"


def wrong_no_split(root):
    for name in ("Train_set", "Test_set", "b", "c"):
        (root / "x" / name / "y").mkdir(parents=True)
    return (
        root / "x",
        "holds no train folder, no fer2013.csv and no zip, but Test_set, Train_set, b, ...; see",
    )


def wrong_unknown_class(root):
    (root / "kaggle" / "train" / "bored").mkdir()
    (root / "kaggle" / "train" / "bored" / "a.png").write_bytes(b"x")
    return root / "kaggle", "the folder train/bored names no emotion"


def wrong_numbered_class(root):
    (root / "kaggle" / "train" / "happy").rename(root / "kaggle" / "train" / "3")
    return root / "kaggle", "the folder train/3 names no emotion"


def wrong_class_missing(root):
    shutil.rmtree(root / "kaggle" / "train" / "disgust")
    return root / "kaggle", "train has no image of disgust"


def wrong_class_empty(root):
    for file in (root / "kaggle" / "train" / "disgust").iterdir():
        file.unlink()
    return root / "kaggle", "train has no image of disgust"


def wrong_name_too_long(root):
    return root / ("x" * 5000), "there is nothing there"


def wrong_table_of_nothing(root):
    (root / "a.csv").write_text("emotion,pixels,Usage\n")
    return root / "a.csv", "holds no train/<emotion>/<image> and no row of Training; see 'Get the data'"


def wrong_empty_table(root):
    (root / "a.csv").write_bytes(b"")
    return root / "a.csv", "has no column emotion, pixels, usage, but begins ''; it needs"


def wrong_zip_of_nothing(root):
    zipfile.ZipFile(root / "a.zip", "w").close()
    return root / "a.zip", "holds no train/<emotion>/<image> and no row of Training; see 'Get the data'"


def wrong_two_tables(root):
    for name in ("fer2013.csv", "icml_face_data.csv"):
        (root / "tables" / name).parent.mkdir(exist_ok=True)
        (root / "tables" / name).write_text("emotion,pixels,Usage\n")
    return root / "tables", "holds more than one set, fer2013.csv and icml_face_data.csv; name one"


def wrong_two_tables_in_a_zip(root):
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.writestr("b/icml_face_data.csv", "emotion,pixels,Usage\n")
        archive.writestr("a/FER2013.csv", "emotion,pixels,Usage\n")
    message = "holds more than one set, a/FER2013.csv and b/icml_face_data.csv; unpack it and name one"
    return root / "a.zip", message


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


def wrong_cut_zip(root):
    path = faces_on_disk.zipped(root / "kaggle", root / "a.zip")
    path.write_bytes(path.read_bytes()[:-500])
    return path, "cannot be opened as a zip"


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
    return faces_on_disk.zipped(root / "both", root / "a.zip", "both/"), "holds more than one set"


def wrong_deeper(root):
    (root / "kaggle" / "train" / "happy" / "more").mkdir()
    (root / "kaggle" / "train" / "happy" / "more" / "a.png").write_bytes(b"x")
    return root / "kaggle", "is a folder below an emotion's"


def wrong_dangling_link(root):
    (root / "kaggle" / "train" / "happy" / "gone.png").symlink_to("nowhere.png")
    return root / "kaggle", "gone.png: cannot be read (No such file or directory)"


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            wrong_two_sets,
            wrong_two_sets_in_a_zip,
            wrong_deeper,
            wrong_dangling_link,
        ),
        *(wrong_two_tables, wrong_two_tables_in_a_zip, wrong_unknown_split),
        *(wrong_name_too_long, wrong_table_of_nothing, wrong_empty_table, wrong_zip_of_nothing),
        *(wrong_two_zips, wrong_damaged_table_in_a_zip, wrong_text_as_image, wrong_cut_zip),
        *(wrong_missing, wrong_empty, wrong_kind, wrong_no_split, wrong_unknown_class),
        *(wrong_numbered_class, wrong_class_missing, wrong_class_empty, wrong_broken_zip),
    ],
)
@pytest.mark.fault(
    "Bad data: sets that are none, or two, or laid out otherwise",
    trials=24,
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


def test_a_folder_that_names_no_split_is_listed_where_others_may_be(kaggle):
    """Once, whatever it holds; and the set is that of the splits that are known."""
    shutil.copytree(kaggle / "test", kaggle / "holdout")
    found = load(kaggle, "skip")
    [text] = found.skipped
    assert text.startswith("kaggle: the folder holdout names no split")
    assert (len(found.train()), len(found.test())) == (42, 28)


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


@pytest.mark.fault("Bad data: files that other systems leave", trials=5, expected="left out")
def test_litter_of_other_systems_is_no_face(kaggle):
    """A look into a folder with Windows or macOS leaves files there."""
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "Icon\r", "ehthumbs.db"):
        (kaggle / "train" / "happy" / name).write_bytes(b"x")
    assert load(kaggle).fingerprint.train == (6,) * 7


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


@pytest.mark.fault("Bad data: a zip bomb", trials=1, expected="one line that names the entry")
def test_a_bomb_in_a_zip_is_refused(kaggle, tmp_path):
    """100 MB of zeros in 100 kB is no image."""
    path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/happy/bomb.png", bytes(100 * 1024 * 1024))
    with pytest.raises(UserError, match=r"train/happy/bomb\.png: is larger than 64 MiB"):
        load(path)


@pytest.mark.fault(
    "Bad data: a zip entry that holds more than it declares",
    trials=1,
    expected="one line that names the entry",
)
def test_an_entry_that_holds_more_than_it_declares_is_refused(kaggle, tmp_path):
    """Only what it declares is unpacked, and that does not fit its checksum."""
    path = faces_on_disk.zipped(kaggle, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/happy/more.png", bytes(10_000_000))
    data = path.read_bytes()
    path.write_bytes(data.replace((10_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(UserError, match=r"train/happy/more\.png: cannot be unpacked \(Bad CRC-32"):
        load(path)


def test_an_unwritable_cache_is_named(kaggle):
    """The setting to change is said."""
    with pytest.raises(UserError, match=r"data\.cache_dir=/proc/x: cannot write the cache"):
        datasets.load_fer2013(kaggle, Path("/proc/x"), "fail")


def test_a_set_without_test_trains_and_says_so_when_tested(kaggle):
    """Only evaluation needs test."""
    shutil.rmtree(kaggle / "test")
    found = load(kaggle)
    assert len(found.train()) == 42
    with pytest.raises(UserError, match="the set has no test faces"):
        found.test()


def test_drawn_faces_are_cached_and_the_same_each_time(tmp_path):
    """By numbers and seed."""
    one = datasets.load_synthetic(70, 14, 0, tmp_path)
    again = datasets.load_synthetic(70, 14, 0, tmp_path)
    other = datasets.load_synthetic(70, 14, 1, tmp_path)
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert len(list(tmp_path.iterdir())) == 2


def test_mapped_faces_are_writable_in_memory_alone(tmp_path):
    """PyTorch wants writable memory; the file must not change with it."""
    found = datasets.load_synthetic(70, 14, 0, tmp_path)
    first = found.faces.pixels[0, 0, 0]
    found.faces.pixels[0, 0, 0] = first ^ 255
    assert datasets.load_synthetic(70, 14, 0, tmp_path).faces.pixels[0, 0, 0] == first


@pytest.mark.slow
@pytest.mark.skipif(not ROOT.exists(), reason="the real FER-2013 is not here: FER2013_ROOT names it")
def test_the_real_set_is_what_its_papers_say(tmp_path):
    """Counts by class, halves of test, distinct faces and copies; its CSV gives the same."""
    found = datasets.load_fer2013(ROOT, tmp_path / "cache", "fail")
    assert found.fingerprint.kind == "kaggle"
    assert found.fingerprint.train == (3995, 436, 4097, 7215, 4830, 3171, 4965)
    assert found.fingerprint.test == (958, 111, 1024, 1774, 1247, 831, 1233)
    parts = {name: len(at) for name, at in found.test().parts(found.train().group)}
    assert parts == {"public": 3589, "private": 3589, "union": 7178, "union_no_copies": 7178 - 568}
    assert len(np.unique(found.faces.group)) == 34_034
    assert found.skipped == ()
    table = faces_on_disk.table(found.faces, tmp_path / "fer2013.csv")
    again = datasets.load_fer2013(table, tmp_path / "cache", "fail")
    assert again.fingerprint == found.fingerprint
    np.testing.assert_array_equal(again.faces.pixels, found.faces.pixels)
