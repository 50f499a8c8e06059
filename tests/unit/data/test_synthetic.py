"""Synthetic faces: seeded, in FER-2013's proportions, split as promised and tellable apart."""

import numpy as np
import pytest
from helpers.refused import refusal
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_exp.data import synthetic
from fer_exp.data.faces import Usage
from fer_exp.errors import UserError
from fer_exp.fer2013 import CANONICAL_TRAIN, EMOTIONS


@pytest.fixture(scope="module")
def faces():
    """A set of 700 and 300 faces."""
    return synthetic.draw(700, 300, seed=0)


def test_same_seed_same_faces_other_seed_other_faces():
    """A seed determines every pixel and label, and another seed repeats no picture."""
    one, again, other = (synthetic.draw(40, 20, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.pixels, again.pixels)
    np.testing.assert_array_equal(one.labels, again.labels)
    np.testing.assert_array_equal(one.usage, again.usage)
    assert not {p.tobytes() for p in one.pixels} & {p.tobytes() for p in other.pixels}


def test_global_random_state_is_neither_read_nor_moved():
    """Drawing depends on its seed alone, and leaves NumPy's global generator where it was."""
    np.random.seed(1)
    before = synthetic.draw(10, 10, 0)
    after = np.random.random()
    np.random.seed(1)
    assert after == np.random.random()
    np.testing.assert_array_equal(before.pixels, synthetic.draw(10, 10, 0).pixels)


def test_test_faces_do_not_depend_on_the_number_of_train_faces():
    """Train and test are streams of their own."""
    few, many = synthetic.draw(10, 30, 0), synthetic.draw(60, 30, 0)
    np.testing.assert_array_equal(few.pixels[few.usage != 0], many.pixels[many.usage != 0])


def test_arrays_have_the_promised_shapes(faces):
    """All of one length, pixels uint8 [N, 48, 48] that use the grey scale."""
    assert faces.pixels.shape == (1000, 48, 48)
    assert faces.pixels.dtype == np.uint8
    assert np.ptp(faces.pixels.reshape(1000, -1), axis=1).min() > 60
    assert (faces.usage == Usage.TRAIN).sum() == 700


def test_test_faces_are_halved_within_each_emotion(faces):
    """Public and private hold the same number of faces, of each emotion too, give or take one."""
    public, private = (faces[faces.usage == usage].counts() for usage in (Usage.PUBLIC, Usage.PRIVATE))
    assert sum(public.values()) == sum(private.values()) == 150
    assert all(abs(public[name] - private[name]) <= 1 for name in EMOTIONS)


def test_no_picture_occurs_twice(faces):
    """Neither within a split nor across train and test."""
    assert len(np.unique(faces.group)) == len(faces)


def test_counts_of_fer_2013_come_back_exactly():
    """Asked for as many faces as FER-2013 trains on, each emotion has its published number."""
    assert synthetic.counts(28709).tolist() == list(CANONICAL_TRAIN)


@given(st.integers(7, 100_000))
def test_counts_sum_up_follow_the_shares_and_leave_no_emotion_out(n):
    """Every emotion is within one face of its share, but for those that gave or got a face."""
    found, share = synthetic.counts(n), n * np.array(CANONICAL_TRAIN) / sum(CANONICAL_TRAIN)
    assert found.sum() == n
    assert found.min() >= 1
    assert np.abs(found - share).max() < (1 if n >= 70 else 2)


def test_twenty_faces_show_every_emotion():
    """The rarest emotion takes its one face from the most frequent."""
    assert synthetic.draw(20, 20, 0).counts() == dict(
        zip(EMOTIONS, (2 * synthetic.counts(20)).tolist(), strict=True)
    )
    assert synthetic.counts(20).tolist() == [3, 1, 3, 4, 3, 2, 4]


@pytest.mark.parametrize(("n_train", "n_test"), [(6, 20), (20, 0), (-1, 20)])
def test_too_few_faces_are_refused(n_train, n_test):
    """Fewer faces than emotions is a mistake, not a set with holes."""
    with pytest.raises(UserError, match="each of 7 emotions"):
        synthetic.draw(n_train, n_test, 0)


def test_batches_leave_no_face_undrawn(monkeypatch):
    """A number of faces that is no multiple of the batch gives that many different faces."""
    monkeypatch.setattr(synthetic, "BATCH", 8)
    faces = synthetic.draw(21, 9, 0)
    assert len(np.unique(faces.group)) == 30
    assert faces.pixels.reshape(30, -1).std(axis=1).min() > 5


def test_one_face_is_drawn_by_name():
    """A face by name repeats with the generator's seed; a name that is none is refused."""
    one, again = (synthetic.draw_face("happy", np.random.default_rng(0)) for _ in range(2))
    assert one.shape == (48, 48)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert (one != synthetic.draw_face("sad", np.random.default_rng(0))).any()
    with pytest.raises(ValueError, match="not in tuple"):
        synthetic.draw_face("bored", np.random.default_rng(0))


def test_emotions_can_be_told_apart(faces):
    """Nearest class mean, fitted on train, beats the most frequent emotion on test by far."""
    train, test = faces[faces.usage == Usage.TRAIN], faces[faces.usage != Usage.TRAIN]
    flat = [
        (part.pixels - part.pixels.mean(axis=(1, 2), keepdims=True)).reshape(len(part), -1)
        for part in (train, test)
    ]
    means = np.stack([flat[0][train.labels == label].mean(axis=0) for label in range(len(EMOTIONS))])
    nearest = ((flat[1][:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    majority = max(test.counts().values()) / len(test)
    assert (nearest == test.labels).mean() > majority + 0.1


def test_every_table_names_the_same_emotions():
    """The tables of pulls and of open mouths have a row for each emotion."""
    assert tuple(synthetic.EXPRESSIONS) == tuple(synthetic.OPEN) == EMOTIONS
    assert len(CANONICAL_TRAIN) == len(EMOTIONS)


def test_sheet_has_a_named_row_per_emotion(tmp_path, capsys):
    """The command writes a PNG of seven rows, with ink in the margin of each."""
    path = tmp_path / "sheet.png"
    synthetic.main([str(path), "--per-class", "3", "--seed", "1"])
    assert capsys.readouterr().err == ""
    side = 48 * synthetic.ENLARGED
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (synthetic.LABEL + 3 * side, 7 * side)
        margin = np.asarray(image)[:, : synthetic.LABEL].reshape(7, side, synthetic.LABEL)
    assert (margin.min(axis=(1, 2)) < 100).all()
    assert [path] == list(tmp_path.iterdir())


def test_sheets_of_two_seeds_differ():
    """The seed chooses the faces on the sheet."""
    assert (
        synthetic.sheet(0, 1).tobytes() == synthetic.sheet(0, 1).tobytes() != synthetic.sheet(1, 1).tobytes()
    )


@pytest.mark.parametrize("name", ["no/folder/sheet.png", "file/sheet.png", "folder.png", "a" * 300 + ".png"])
def test_a_path_that_cannot_be_written_is_one_line_and_code_2(tmp_path, capsys, name):
    """No folder, a file as folder, a folder as file, too long a name: named in one line, nothing left."""
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    before = sorted(tmp_path.rglob("*"))
    line = refusal(capsys, synthetic.main, tmp_path / name, "--per-class", 1)
    assert f"{tmp_path / name}: cannot be written" in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["sheet.jpg"], "name it sheet.png"), (["sheet.png", "--per-class", 0], "1 to 100")],
)
def test_a_wrong_request_is_one_line_and_code_2(tmp_path, capsys, monkeypatch, arguments, message):
    """Another format or no faces is refused before anything is written."""
    monkeypatch.chdir(tmp_path)
    assert message in refusal(capsys, synthetic.main, *arguments)
    assert not list(tmp_path.iterdir())
