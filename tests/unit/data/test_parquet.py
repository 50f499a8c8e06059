"""Parquet files of dataset hubs give the faces of any other source."""

import numpy as np
import pyarrow as pa
import pytest
from helpers.faces_on_disk import PREFIX
from helpers.parquet_sets import ALPHABETICAL, folder, load, single, table, write
from pyarrow import parquet

from fer_exp.data import datasets, parquet_cells, parquet_reader
from fer_exp.data.faces import Usage
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS


@pytest.mark.parametrize("column", ["image", "img_bytes", "pixels", "list", "rows"])
def test_a_hubs_files_give_the_faces_of_any_other_source(tiny_faces, tmp_path, column):
    """Pictures or pixels, alphabetical labels, two files of train; the halves of test are told apart."""
    found = load(folder(tiny_faces, tmp_path / "hub", column=column))
    for name in ("pixels", "labels", "usage", "group"):
        np.testing.assert_array_equal(getattr(found.faces, name), getattr(tiny_faces, name))


def test_one_file_may_say_the_split_of_each_row(shuffled, tmp_path):
    """As a hub keeps fer2013.csv; then its rows are known, too."""
    found = load(single(shuffled, tmp_path / "anything.parquet", column="pixels")).faces
    np.testing.assert_array_equal(shuffled.pixels[found.csv_row], found.pixels)
    np.testing.assert_array_equal(shuffled.usage[found.csv_row], found.usage)


def test_folders_may_name_the_splits(tiny_faces, tmp_path):
    """As a hub lays out what it converted."""
    for name, usage in (("train", Usage.TRAIN), ("test", Usage.PRIVATE)):
        part = tiny_faces[tiny_faces.usage == usage]
        write(tmp_path / "hub" / "default" / name / "0000.parquet", table(part), EMOTIONS)
    found = load(tmp_path / "hub")
    assert found.fingerprint.train == (6,) * 7
    assert set(found.test().usage) == {Usage.TEST}


def test_the_names_of_pictures_may_say_the_halves_of_test(tiny_faces, tmp_path):
    """As Kaggle's files do, which hubs keep beside the bytes; so such a copy is the zip's, digest and all."""
    for split, part in (
        ("train", tiny_faces[tiny_faces.usage == 0]),
        ("test", tiny_faces[tiny_faces.usage > 0]),
    ):
        columns = table(part)
        for number, (cell, usage) in enumerate(zip(columns["image"], part.usage, strict=True)):
            cell["path"] = f"{PREFIX[usage]}_{number}.jpg"
        write(tmp_path / "hub" / f"{split}.parquet", columns, EMOTIONS)
    np.testing.assert_array_equal(load(tmp_path / "hub").faces.usage, tiny_faces.usage)


def test_the_order_of_labels_may_be_named(tiny_faces, tmp_path):
    """Where the file does not say it, and against what it says."""
    usage = [PREFIX[each] for each in tiny_faces.usage]
    silent = write(tmp_path / "a.parquet", table(tiny_faces, ALPHABETICAL, Usage=usage))
    wrong = write(tmp_path / "b.parquet", table(tiny_faces, ALPHABETICAL, Usage=usage), EMOTIONS)
    for path in (silent, wrong):
        np.testing.assert_array_equal(load(path, ALPHABETICAL).faces.labels, tiny_faces.labels)
    assert load(wrong).fingerprint.content != load(wrong, ALPHABETICAL).fingerprint.content


def test_a_job_may_name_the_order(compose_settings, tiny_faces, tmp_path):
    """As `data.label_names`; the settings can be a key, as those of a sweep's jobs are."""
    path = write(tmp_path / "train.parquet", table(tiny_faces, ALPHABETICAL))
    of_it = [
        f"data.root={path}",
        f"data.cache_dir={tmp_path}",
        f"data.label_names=[{','.join(ALPHABETICAL)}]",
    ]
    data = compose_settings("data=fer2013", *of_it).data
    assert datasets.faces_of_sweep("a", data).fingerprint.train == (10,) * 7


def test_a_row_may_be_left_out(tiny_faces, tmp_path):
    """By its number, with on_error=skip."""
    columns = table(tiny_faces, Usage=[PREFIX[each] for each in tiny_faces.usage])
    columns["label"][3] = 9
    [message] = load(write(tmp_path / "a.parquet", columns, EMOTIONS), on_error="skip").skipped
    assert message == "a.parquet, row 4: the label is '9', not a whole number of 0..6"


def test_names_for_what_says_its_emotions_itself_are_refused(kaggle):
    """They would have no effect."""
    with pytest.raises(UserError, match=r"data\.label_names: .*kaggle says itself which emotion is which"):
        load(kaggle, EMOTIONS)


@pytest.mark.parametrize("packed", [False, True])
def test_memory_is_bounded_by_the_faces(tmp_path, monkeypatch, packed):
    """Of rows that are kept together a few are read at a time, fewer where each may unpack to much."""
    monkeypatch.setattr(parquet_cells, "_BYTES", 4 << 20)
    path = tmp_path / "train.parquet"
    if packed:
        pictures = pa.DictionaryArray.from_arrays(
            pa.array([0] * 1000, pa.int32()), pa.array([bytes(1 << 20)])
        )
        parquet.write_table(pa.table({"image": pictures, "label": [0] * 1000}), path, store_schema=False)
    else:
        noise = np.random.default_rng(0).bytes(3000)
        pictures = [noise + each.to_bytes(2, "big") for each in range(5000)]
        write(path, {"image": pictures, "label": [0] * 5000}, EMOTIONS, use_dictionary=False)
    pool = pa.default_memory_pool()
    before, seen = pool.bytes_allocated(), []

    def on_broken(error):
        seen.append(pool.bytes_allocated() - before)
        if len(seen) == 20:
            raise error

    with pytest.raises(UserError, match="row 20: cannot be read as an image"):
        list(parquet_reader.read([path], EMOTIONS, "a", on_broken))
    # all would be 15 MB, or 1 GB
    assert max(seen) < 10 << 20
