"""A Parquet file that is no set of faces is refused in one line that names the row, and nothing is cached."""

import numpy as np
import pyarrow as pa
import pytest
from helpers.faces_on_disk import PREFIX, png
from helpers.parquet_sets import ALPHABETICAL, load, single, table, write
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from fer_exp.data import label_order, parquet_cells, parquet_reader
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS


def changed(**columns):
    """A change of some cells of the columns, each given as (row from 0, value)."""

    def change(found):
        for name, (row, value) in columns.items():
            found[name][row] = value

    return change


SMALL = png(np.zeros((48, 64), np.uint8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop("label"), "has no column label or labels or emotion, but image, Usage"),
        (
            lambda found: found.update(label=["happy"] * 70),
            "its column label holds texts; a label is a whole number there",
        ),
        (
            lambda found: found.update(label=[2.0] * 70),
            "row 1: the label is '2.0', not a whole number of 0..6",
        ),
        (lambda found: found.update(label=[[1]] * 70), "has no column label or"),
        (changed(label=(5, 7)), "row 6: the label is '7', not a whole number of 0..6"),
        (changed(label=(5, -1)), "row 6: the label is '-1', not a whole number of 0..6"),
        (changed(label=(69, None)), "row 70: holds no label"),
        (changed(image=(4, None)), "row 5: holds no picture"),
        (changed(image=(4, {"bytes": None, "path": "a.png"})), "row 5: holds no picture"),
        (
            changed(image=(4, {"bytes": SMALL, "path": None})),
            "row 5: the picture has 64x48 pixels, a face has 48",
        ),
        (changed(image=(4, {"bytes": SMALL[:60], "path": None})), "row 5: cannot be read as an image"),
        (
            changed(Usage=(1, "train")),
            "row 2: Usage is 'train', not one of Training, PublicTest, PrivateTest",
        ),
        (changed(Usage=(1, None)), "row 2: Usage is 'None'"),
        (lambda found: found.pop("Usage"), "its name says no split, as that of train-0.parquet does, and no"),
        (
            lambda found: found.pop("image"),
            "has no column of pictures as bytes and none of pixels (pixels or",
        ),
        (
            lambda found: found.update(photo=[SMALL] * 70),
            "has more than one column of pictures, image and photo",
        ),
        (
            lambda found: found.update(emotion=found["label"]) or found.pop("label"),
            "does not say which emotion",
        ),
    ],
)
@pytest.mark.fault(
    "Bad data: a Parquet file without a column, of other types and sizes, with null rows",
    trials=17,
    expected="one line that names the row or the column; nothing cached",
)
def test_a_file_that_is_none_is_refused_by_row(tiny_faces, tmp_path, change, message):
    """What is wrong and where; nothing is cached."""
    columns = table(tiny_faces, Usage=[PREFIX[each] for each in tiny_faces.usage])
    change(columns)
    names = EMOTIONS if "label" in columns else None
    refused(write(tmp_path / "a.parquet", columns, names), message)


def refused(path, message, names=()):
    """Loading is refused in one line that names the file, and nothing is cached."""
    with pytest.raises(UserError) as caught:
        load(path, names)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (path.parent / "cache").exists()


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ([[7] * 2303], "has 2,303 pixels, a face has 48 rows of 48"),
        ([[7] * 2303 + [256]], "has a pixel of 7 or 256, they go from 0 to 255"),
        ([[7] * 2303 + [None]], "pixels holds something else than whole numbers 0..255"),
        ([[0.5] * 2304], "pixels holds something else than whole numbers 0..255"),
        ([[[7] * 36] * 64], "has 2,304 pixels, a face has 48 rows of 48"),
        ([[[7] * 48] * 47 + [None]], "has 2,256 pixels, a face has 48 rows of 48"),
        ([None, [7] * 2304], "holds no pixels"),
        (["7 " * 2303], "has 2,303 pixels, a face has 2,304"),
        (["7 " * 2303 + "x"], "pixels holds something else than whole numbers 0..255"),
    ],
)
def test_pixels_that_are_no_face_are_refused(tmp_path, pixels, message):
    """Too few, too large, none at all, or in other rows."""
    columns = {"pixels": pixels, "label": [0] * len(pixels)}
    refused(write(tmp_path / "train.parquet", columns, EMOTIONS), f"row 1: {message}")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["0", "1", "2", "3", "4", "5", "6"],
            "0, 1, 2, 3, 4, 5, 6 are not the seven emotions; data.label_names=",
        ),
        ([*EMOTIONS, "contempt"], "neutral, contempt are not the seven emotions"),
        ([*EMOTIONS[:6], "angry"], "surprise, angry are not the seven emotions"),
    ],
)
def test_names_that_are_not_the_emotions_are_refused(tiny_faces, tmp_path, names, message):
    """Of the file or of the user."""
    path = write(tmp_path / "train.parquet", table(tiny_faces), names)
    refused(path, message)
    with pytest.raises(UserError, match=r"data\.label_names: .* are not the seven emotions"):
        load(path, names)


@pytest.mark.fault(
    "Bad data: a Parquet file cut short, or of a pointer to a large file",
    trials=4,
    expected="one line; nothing cached",
)
@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ("half", "is no whole Parquet file ("),
        ("without its end", "is no whole Parquet file ("),
        ("a pointer", "is a pointer of Git LFS; `git lfs pull` brings the file itself"),
        ("empty", "is empty; get it again"),
    ],
)
def test_a_file_cut_short_is_refused(tiny_faces, tmp_path, cut, said):
    """As by a download that ended early, or a clone without its large files."""
    path = single(tiny_faces, tmp_path / "a.parquet")
    data = path.read_bytes()
    cuts = {"half": data[: len(data) // 2], "without its end": data[:-1], "empty": b""}
    path.write_bytes(cuts.get(cut, b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"))
    refused(path, said)


def test_damage_within_is_refused(tiny_faces, tmp_path):
    """Pages carry a checksum where the writer made one."""
    columns = table(tiny_faces, Usage=[PREFIX[each] for each in tiny_faces.usage])
    path = write(tmp_path / "a.parquet", columns, EMOTIONS, write_page_checksum=True, use_dictionary=False)
    chunk = parquet.ParquetFile(path).metadata.row_group(0).column(0)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset + chunk.total_compressed_size - 100] ^= 255
    path.write_bytes(data)
    refused(path, "is no whole Parquet file (could not verify page integrity")


def test_what_is_kept_for_the_hub_may_be_broken(tiny_faces, tmp_path):
    """It is the file's word on its labels, so it is not passed over."""
    found = pa.table(table(tiny_faces)).replace_schema_metadata({"huggingface": "{"})
    parquet.write_table(found, tmp_path / "train.parquet")
    refused(tmp_path / "train.parquet", "what its schema keeps for dataset hubs is no JSON")


def test_the_order_is_checked_as_the_file_is_read(tiny_faces, tmp_path, monkeypatch):
    """By training faces alone."""
    monkeypatch.setattr(label_order, "CANONICAL_TRAIN", (5, 1, 5, 8, 6, 3, 7))
    train = tiny_faces[:0]
    for label, count in enumerate(label_order.CANONICAL_TRAIN):
        of_label = np.flatnonzero(tiny_faces.labels == label)
        train = joined(train, tiny_faces[np.resize(of_label, count)])
    path = write(tmp_path / "train.parquet", table(train, ALPHABETICAL), EMOTIONS)
    refused(path, "sad (7) are its neutral (7)")
    assert load(path, ALPHABETICAL).fingerprint.train == (5, 1, 5, 8, 6, 3, 7)


def joined(one, other):
    """Two sets as one."""
    return type(one)(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in vars(one)))


def test_a_column_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    """Before it is read: a few kilobytes can hold a list of a billion zeros."""
    monkeypatch.setattr(parquet_cells, "_LARGEST_COLUMN", 1 << 20)
    path = write(tmp_path / "train.parquet", {"pixels": [[0] * 1_000_000], "label": [0]}, EMOTIONS)
    assert path.stat().st_size < 10_000
    refused(path, "keeps 7 MiB of one column together; write it in smaller row groups")


@pytest.fixture(scope="module")
def whole(tiny_faces, tmp_path_factory):
    """The bytes of a small file, and a path for a changed one."""
    path = single(tiny_faces[::4], tmp_path_factory.mktemp("fuzz") / "a.parquet", column="pixels")
    return path.read_bytes(), path


@settings(max_examples=50)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
@pytest.mark.fault("Bad data: a Parquet file with a changed byte", trials=50, expected="faces, or one line")
def test_any_changed_byte_gives_faces_or_one_line(whole, place, value):
    """Never another exception."""
    data, path = whole
    changed = bytearray(data)
    changed[-1 - place % len(data)] = value
    path.write_bytes(changed)
    message = str(path)
    try:
        found = list(parquet_reader.read([path], (), str(path), lambda _: None))
        assert all(pixels.shape == (48, 48) and 0 <= label < 7 for pixels, label, _ in found)
    except UserError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert "\n" not in message
