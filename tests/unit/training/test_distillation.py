"""A teacher answers what is shown, each picture once."""

import numpy as np
import pytest
import torch

from fer_exp.training.distillation import EpochTargets

LABELS = torch.arange(10) % 7
FIT = torch.arange(8)


@pytest.fixture
def epoch_targets(compose_settings, tiny_faces):
    """What makes targets for ten faces, of which eight are learnt from."""
    faces = torch.from_numpy(tiny_faces.pixels[:10].copy())

    def make(*overrides, teacher=None):
        config = compose_settings(*overrides)
        return EpochTargets(config.training, config.augmentation, config.seed, faces, LABELS, FIT, teacher)

    return make


class Brightness:
    """A teacher who tells how bright a picture is, and counts the pictures that it is asked about."""

    def __init__(self):
        self.asked = 0

    def __call__(self, pictures):
        self.asked += len(pictures)
        bright = pictures.mean(axis=(1, 2)) / 255
        return np.stack([bright, 1 - bright, *np.zeros((5, len(pictures)))], 1)


def test_without_a_teacher_the_labels_are_the_targets(epoch_targets):
    """And the faces are shown as they are."""
    plain = epoch_targets()
    plain.show(1)
    np.testing.assert_array_equal(plain.targets, np.eye(7)[LABELS])
    assert not plain.augmentation.flip


def test_a_teacher_weighs_in_as_much_as_asked(epoch_targets):
    """Where it was asked: it sees the unchanged faces, once, and only those that are learnt from."""
    teacher = Brightness()
    taught = epoch_targets("training.taught=0.25", "augmentation.flip=0.5", teacher=teacher)
    for epoch in (1, 2):
        taught.show(epoch)
    answers = Brightness()(taught.pixels[FIT].numpy())
    np.testing.assert_allclose(taught.targets[FIT], np.eye(7)[LABELS[FIT]] * 0.75 + answers * 0.25, rtol=1e-6)
    np.testing.assert_array_equal(taught.targets[8:], np.eye(7)[LABELS[8:]])
    assert teacher.asked == len(FIT)
    assert taught.augmentation.flip == 0.5


def test_views_recur_and_are_answered_as_they_are_shown(epoch_targets):
    """Two views: the first and the third epoch are alike, the second is not; each answer is its picture's."""
    teacher = Brightness()
    taught = epoch_targets("augmentation=full", "training.taught=1", "training.views=2", teacher=teacher)
    shown = []
    for epoch in (1, 2, 3, 4):
        taught.show(epoch)
        shown.append(taught.pixels.clone())
        answers = Brightness()(taught.pixels[FIT].numpy())
        np.testing.assert_allclose(taught.targets[FIT], answers, rtol=1e-6)
    assert teacher.asked == 2 * len(FIT)
    assert torch.equal(shown[0], shown[2])
    assert torch.equal(shown[1], shown[3])
    assert not torch.equal(shown[0], shown[1])
    # what is no longer to be done at a step, and what still is
    assert not any((taught.augmentation.flip, taught.augmentation.rotate, taught.augmentation.scale))
    assert taught.augmentation.erase


def test_views_leave_other_draws_alone(epoch_targets):
    """Nobody else's random numbers change by them."""
    taught = epoch_targets(
        "augmentation=moved", "training.taught=1", "training.views=2", teacher=Brightness()
    )
    torch.manual_seed(1)
    untouched = torch.rand(3)
    torch.manual_seed(1)
    taught.show(1)
    assert torch.equal(torch.rand(3), untouched)
