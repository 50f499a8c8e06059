"""FER+'s votes as labels."""

import zipfile

import numpy as np
import pytest
from helpers import faces_on_disk
from helpers.photos import FERPLUS, ROOT
from helpers.vote_files import HEADER, load, votes_for, written

from fer_exp.data import datasets, ferplus
from fer_exp.data.faces import Faces
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS


def test_each_face_has_the_label_of_its_own_votes(shuffled, votes, tmp_path):
    """Whatever its place in the file; halves of test stay what they are."""
    found = load(*written(tmp_path, shuffled, votes)).faces
    expected = Faces.of(shuffled.pixels, (shuffled.labels + 1) % 7, shuffled.usage)
    for name in ("pixels", "labels", "usage", "group"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_what_has_no_label_is_left_out_and_counted(shuffled, votes, tmp_path):
    """Ties, other answers and what FER+ dropped; the note of the set says so, and how many labels agree."""
    votes[0], votes[1] = votes_for("fear", "surprise"), votes_for("happiness", "unknown")
    votes[2], votes[3], votes[4] = votes_for("contempt"), votes_for("unknown"), votes_for("NF")
    votes[5] = votes_for("neutral", "neutral", "contempt")
    own = ferplus.OURS[shuffled.labels[6]]
    votes[6] = votes_for(own)
    dataset = load(*written(tmp_path, shuffled, votes, dropped=[7, 8]))
    assert len(dataset.faces) == len(shuffled) - 7
    message = "; ".join(dataset.fingerprint.differences)
    assert "left out: 1 contempt, 2 dropped by FER+, 1 not a face, 2 tied, 1 unknown" in message
    assert f"{1 / len(dataset.faces):.1%} as FER-2013's" in message
    assert dataset.fingerprint.kind == "relabelled"
    again = load(tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv")
    assert again.fingerprint == dataset.fingerprint


def test_labels_of_two_kinds_never_share_a_cache_or_a_fingerprint(shuffled, votes, tmp_path):
    """Other votes are other faces, too; FER-2013's own stay as they were."""
    table, path = written(tmp_path, shuffled, votes)
    before = datasets.load_fer2013(table, tmp_path / "cache", "fail")
    relabelled = load(table, path)
    votes[0] = votes_for("NF")
    written(tmp_path, shuffled, votes)
    changed = load(table, path)
    after = datasets.load_fer2013(table, tmp_path / "cache", "fail")
    assert before.fingerprint == after.fingerprint
    np.testing.assert_array_equal(before.faces.labels, after.faces.labels)
    assert len({each.fingerprint.content for each in (before, relabelled, changed)}) == 3


def test_a_zip_of_the_csv_will_do_as_well(shuffled, votes, tmp_path):
    """As Kaggle serves the original."""
    table, path = written(tmp_path, shuffled, votes)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(table, "fer2013/fer2013.csv")
    assert load(tmp_path / "a.zip", path).fingerprint == load(table, path).fingerprint


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_strange_pictures_do_not_tell_their_row(shuffled, votes, tmp_path, kind):
    """Nothing in a picture's name says which votes are its own, so none are guessed."""
    _, path = written(tmp_path, shuffled, votes)
    root = faces_on_disk.folder(shuffled, tmp_path / "a")
    if kind == "zip":
        root = faces_on_disk.zipped(root, tmp_path / "a.zip")
    with pytest.raises(UserError, match=r"those of 0 of the 70 faces are known; data\.root must"):
        load(root, path)
    assert not list(tmp_path.glob("a/cache/*")) + list(tmp_path.glob("cache/*"))


def test_nine_votes_will_do(shuffled, votes, tmp_path):
    """As one row of the real file has."""
    votes[9]["unknown"], votes[9][ferplus.OURS[(shuffled.labels[9] + 1) % 7]] = 0, 9
    assert len(load(*written(tmp_path, shuffled, votes, dropped=[3, 8])).faces) == len(shuffled) - 2


def test_every_emotion_has_its_name_in_the_file():
    """In our order, which is not the file's."""
    pairs = dict(zip(EMOTIONS, ferplus.OURS, strict=True))
    assert pairs == {
        "angry": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happy": "happiness",
        "sad": "sadness",
        "surprise": "surprise",
        "neutral": "neutral",
    }
    assert set(ferplus.COLUMNS) == set(HEADER[2:])


REAL = FERPLUS / "fer2013new.csv"


@pytest.mark.skipif(not REAL.exists(), reason="FER+'s own file is not here: FERPLUS_ROOT names its folder")
def test_the_real_file_is_read():
    """Votes for every row of fer2013.csv, in its splits, 173 of them without a name."""
    votes = ferplus.read(REAL)
    assert np.bincount(votes.usage).tolist() == [28_709, 3_589, 3_589]
    assert np.count_nonzero(~votes.named) == 173
    assert np.unique(votes.counts.sum(axis=1)).tolist() == [9, 10]


@pytest.mark.slow
@pytest.mark.skipif(not (REAL.exists() and ROOT.is_file()), reason="needs FER2013_ROOT and FERPLUS_ROOT")
def test_the_real_files_have_the_labels_of_their_votes(tmp_path):
    """The zip and its folder alike; 179 files have no row, and the majority agrees with the folder."""
    with zipfile.ZipFile(ROOT) as archive:
        archive.extractall(tmp_path / "folder")
    zipped, folder = (
        datasets.load_fer2013(root, tmp_path, "fail", REAL) for root in (ROOT, tmp_path / "folder")
    )
    assert zipped.fingerprint == folder.fingerprint
    assert (zipped.fingerprint.kind, zipped.fingerprint.copy) == ("relabelled", "kaggle")
    np.testing.assert_array_equal(zipped.faces.csv_row, folder.faces.csv_row)
    votes = ferplus.read(REAL)
    assert [votes.label(row) for row in zipped.faces.csv_row] == zipped.faces.labels.tolist()
    assert zipped.fingerprint.differences == (
        "pixels: kaggle",
        "labels: what most of FER+'s votes say, 65.7% as FER-2013's",
        "left out: 212 contempt, 3 not a face, 179 of unknown row, 1,776 tied, 222 unknown",
    )
    plain = datasets.load_fer2013(ROOT, tmp_path, "fail")
    counts = ferplus.beside(votes, plain.test())
    assert np.count_nonzero(~counts.any(axis=1)) == np.count_nonzero(plain.test().csv_row < 0)
    ferplus.check(votes, plain.faces)
