"""A set is the same however it lies there, is decoded once, and then mapped from the cache."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import faces_on_disk
from helpers.faces_on_disk import load
from PIL import Image

from fer_exp.data import datasets, images
from fer_exp.data.faces import Usage
from fer_exp.errors import UserError

ROOT = Path(os.environ.get("FER2013_ROOT", Path(__file__).parents[4] / "shared" / "data" / "fer2013.zip"))


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


def test_faces_that_were_read_before_are_known_by_their_content(kaggle, tmp_path, monkeypatch):
    """Wherever they came from; not what other code has made of them, or a file that is cut."""
    found = load(kaggle)
    cache_dir = found.cache_dir
    shutil.rmtree(kaggle)
    (cache_dir / "cut.faces").write_bytes(next(cache_dir.glob("fer2013-*.faces")).read_bytes()[:100])
    known = datasets.cached_faces(found.digest, cache_dir)
    np.testing.assert_array_equal(known.faces.pixels, found.faces.pixels)
    assert (known.name, known.fingerprint) == ("fer2013", found.fingerprint)
    assert datasets.cached_faces("other", cache_dir) is None
    assert datasets.cached_faces(found.digest, tmp_path / "nowhere") is None
    monkeypatch.setitem(datasets._CODE, "fer2013", ("cache.py",))
    assert datasets.cached_faces(found.digest, cache_dir) is None
