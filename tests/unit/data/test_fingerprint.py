"""What tells the real FER-2013 from its copies."""

import dataclasses

import numpy as np
import pytest

from fer_exp import fer2013
from fer_exp.data import fingerprint
from fer_exp.data.faces import Faces

# as published, before a test lets a small set stand for it
TRAIN, TEST = fer2013.CANONICAL_TRAIN, fer2013.CANONICAL_TEST


def canonical_like(scale: int = 100, tone: int = 0) -> Faces:
    """FER-2013's counts divided by `scale`, of pixels with about its mean."""
    counts = [(0, np.array(TRAIN)), (3, np.array(TEST))]
    labels = np.concatenate([np.repeat(np.arange(7), n // scale + 1) for _, n in counts])
    usage = np.concatenate([np.full((n // scale + 1).sum(), part) for part, n in counts])
    pixels = np.random.default_rng(0).integers(0, 256 - tone, (len(labels), 48, 48), dtype=np.uint8)
    return Faces.of(pixels, labels, usage)


@pytest.fixture
def as_canonical(monkeypatch):
    """Let a small set stand for the canonical one."""
    taken = fingerprint.take(canonical_like(), drawn=False)
    monkeypatch.setattr(fer2013, "CANONICAL_TRAIN", taken.train)
    monkeypatch.setattr(fer2013, "CANONICAL_TEST", taken.test)
    figures = (round(taken.mean, 4), round(taken.std, 4))
    monkeypatch.setattr(
        fer2013, "COPIES", {"kaggle": figures, "original": (figures[0], round(figures[1] - 0.0001, 4))}
    )


@pytest.mark.usefixtures("as_canonical")
def test_each_copy_of_the_set_has_its_name(monkeypatch):
    """Counts and pixel statistics agree, whichever of the two it is."""
    taken = fingerprint.take(canonical_like(), drawn=False)
    assert (taken.kind, taken.differences) == ("kaggle", ())
    copies = dict(zip(("original", "kaggle"), fer2013.COPIES.values(), strict=True))
    monkeypatch.setattr(fer2013, "COPIES", copies)
    taken = fingerprint.take(canonical_like(), drawn=False)
    assert (taken.kind, taken.differences) == ("original", ())
    assert taken.describe().startswith("original: ")


@pytest.mark.usefixtures("as_canonical")
@pytest.mark.parametrize("change", ["blurred", "darker", "class-filled"])
def test_an_altered_copy_is_neither(change):
    """As they circulate: by its pixels or by its counts."""
    whole = canonical_like()
    if change == "class-filled":
        extra = np.flatnonzero((whole.labels == 1) & (whole.usage == 0))
        made = whole[np.concatenate([np.arange(len(whole)), extra])]
    elif change == "blurred":
        made = dataclasses.replace(whole, pixels=(whole.pixels // 2 + np.roll(whole.pixels, 1, 2) // 2))
    else:
        made = dataclasses.replace(whole, pixels=whole.pixels // 2)
    taken = fingerprint.take(made, drawn=False)
    assert taken.kind == "altered"
    assert taken.describe().startswith("altered: ")
    if change == "darker":
        assert taken.differences[0].startswith("train pixel mean is 0.24")


@pytest.mark.usefixtures("as_canonical")
def test_a_thinned_copy_is_altered_and_a_small_set_another():
    """A few faces less is a copy; a tenth of them is not FER-2013 any more."""
    whole = canonical_like()
    assert fingerprint.take(whole[5:], drawn=False).kind == "altered"
    assert fingerprint.take(canonical_like(1000), drawn=False).kind == "other"


def test_statistics_are_numpys(tiny_faces):
    """Mean and deviation of the training pixels, of 255."""
    taken = fingerprint.take(tiny_faces, drawn=True)
    train = tiny_faces.pixels[tiny_faces.usage == 0] / 255
    assert taken.mean == pytest.approx(train.mean())
    assert taken.std == pytest.approx(train.std())
    assert taken.kind == "synthetic"
    assert taken.flat()["train_happy"] == 6


def test_content_changes_with_any_pixel_label_or_split(tiny_faces):
    """One of each, by one."""
    found = {fingerprint.take(tiny_faces, drawn=True).content}
    for column in ("pixels", "labels", "usage"):
        changed = getattr(tiny_faces, column).copy()
        changed.flat[-1] ^= 1
        found.add(fingerprint.take(dataclasses.replace(tiny_faces, **{column: changed}), drawn=True).content)
    assert len(found) == 4


@pytest.mark.usefixtures("as_canonical")
def test_it_is_said_which_counts_differ():
    """By split and emotion, with both numbers."""
    whole = canonical_like()
    first_test = int(np.flatnonzero(whole.usage != 0)[0])
    taken = fingerprint.take(whole[np.delete(np.arange(len(whole)), first_test)], drawn=False)
    name = fingerprint.EMOTIONS[whole.labels[first_test]]
    expected = fer2013.CANONICAL_TEST[whole.labels[first_test]]
    assert taken.differences == (f"test has {expected - 1:,} {name}, FER-2013 {expected:,}",)
    assert taken.describe().endswith(f"; {taken.differences[0]}")
    assert taken.flat()["differences"] == taken.differences[0]


def test_published_counts_add_up():
    """28,709 faces to train on and 7,178 to test on."""
    assert (sum(TRAIN), sum(TEST)) == (28_709, 7_178)


def test_drawn_faces_are_never_compared_with_the_real(tiny_faces):
    """Nothing differs from what they do not claim to be."""
    drawn = fingerprint.take(tiny_faces, drawn=True)
    other = fingerprint.take(tiny_faces, drawn=False)
    assert (drawn.kind, drawn.differences) == ("synthetic", ())
    assert other.kind == "other"
    assert len(other.differences) == 16
    assert drawn.content == other.content


def test_it_is_flat_enough_to_log(tiny_faces):
    """Plain values under one level of names, and one line to print."""
    taken = fingerprint.take(tiny_faces, drawn=True)
    flat = taken.flat()
    assert {type(value) for value in flat.values()} <= {str, int, float}
    assert (flat["train"], flat["test"], flat["test_sad"]) == (42, 28, 4)
    assert taken.describe().startswith("synthetic: 42 train, 28 test, pixel mean 0.")
    assert "\n" not in taken.describe()


def test_a_set_without_train_has_statistics_too(tiny_faces):
    """Zero, not a warning."""
    taken = fingerprint.take(tiny_faces[tiny_faces.usage != 0], drawn=False)
    assert (taken.mean, taken.std, sum(taken.train)) == (0.0, 0.0, 0)
