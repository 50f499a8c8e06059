"""What is done to a face before it is learnt from, and what is left alone."""

import pytest
import torch

from fer_exp.config import settings
from fer_exp.data.augmentation import Augmentation


def augmentation(**chosen) -> Augmentation:
    """The changes that are named, and no other."""
    return Augmentation(settings.Augmentation(**chosen))


@pytest.fixture
def pixels() -> torch.Tensor:
    """Pictures of noise, uint8 [64, 48, 48]."""
    return torch.randint(0, 256, (64, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_nothing_asked_for_is_nothing_done(pixels):
    """The same tensors come back, and no draw is taken."""
    none = augmentation()
    before = torch.random.get_rng_state()
    inputs, targets = torch.rand(4, 2304, generator=torch.Generator().manual_seed(1)), torch.eye(7)[:4]
    assert not none
    assert none.warp(pixels) is pixels
    assert none.cover(inputs) is inputs
    assert none.mix(inputs, targets) == (inputs, targets)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_flip_mirrors_the_face(pixels):
    """Each or none at the two ends; about half of them in between."""
    mirrored = pixels.flip(2).float()
    torch.testing.assert_close(augmentation(flip=1).warp(pixels), mirrored, atol=0.05, rtol=0)
    torch.manual_seed(0)
    found = augmentation(flip=0.5).warp(pixels)
    turned = ((found - mirrored).abs().amax((1, 2)) < 0.05).sum()
    kept = ((found - pixels).abs().amax((1, 2)) < 0.05).sum()
    assert turned + kept == 64
    assert 20 < turned < 44


def test_a_shift_moves_by_no_more_than_it_says():
    """A bright spot is found again within so many pixels, and not always where it was."""
    spot = torch.zeros(200, 48, 48)
    spot[:, 24, 24] = 255
    torch.manual_seed(0)
    found = augmentation(shift=3).warp(spot)
    across = (found.sum(1) * torch.arange(48)).sum(1) / found.sum((1, 2))
    assert (across - 24).abs().max() <= 3.01
    assert (across - 24).abs().max() > 2


def test_a_turned_or_grown_face_keeps_its_middle():
    """Rotation and scale are about the middle of the picture."""
    disc = ((torch.arange(48) - 23.5) ** 2)[:, None] + (torch.arange(48) - 23.5) ** 2 < 100
    disc = (255 * disc.float()).expand(50, 48, 48)
    torch.manual_seed(0)
    turned = augmentation(rotate=90).warp(disc)
    assert (turned - disc).abs().mean() < 5
    areas = augmentation(scale=0.2).warp(disc).sum((1, 2)) / disc.sum((1, 2))
    assert 0.6 < areas.min() < 0.85
    assert 1.15 < areas.max() < 1.5


def test_covered_inputs_are_zero_in_one_rectangle():
    """Of every face where erase is 1; nothing outside changes."""
    inputs = torch.ones(30, 2304)
    torch.manual_seed(0)
    gone = augmentation(erase=1).cover(inputs).view(30, 48, 48) == 0
    for each in gone:
        rows, columns = each.any(1), each.any(0)
        assert each.sum() == rows.sum() * columns.sum()
    assert gone.any((1, 2)).float().mean() > 0.9


def test_mixed_faces_have_mixed_targets():
    """One share for both, so that a face whose inputs say its class still does."""
    targets = torch.eye(7)[torch.arange(28) % 7]
    torch.manual_seed(0)
    inputs, mixed = augmentation(mixup=1.0).mix(targets.clone(), targets)
    torch.testing.assert_close(inputs, mixed)
    torch.testing.assert_close(mixed.sum(1), torch.ones(28))
    assert not torch.equal(mixed, targets)


def test_the_same_seed_changes_faces_alike(pixels):
    """A run that is resumed sees what it would have seen."""
    every = augmentation(flip=0.5, rotate=10, shift=3, scale=0.1)
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(every.warp(pixels))
    assert torch.equal(*found)
