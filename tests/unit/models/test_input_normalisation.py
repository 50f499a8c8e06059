"""The network takes raw pictures and scales them itself."""

import numpy as np
import pytest
import torch
from helpers.networks import model

from fer_exp.models import factory
from fer_exp.models.input_normalisation import pixel_scaling
from fer_exp.models.network import PIXELS, logits


def entering(settings, pixels) -> np.ndarray:
    """What reaches the first linear layer."""
    network = factory.build(settings, 0, pixels)
    seen = []
    network.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    logits(network, pixels)
    return torch.cat(seen).numpy()


def test_global_has_one_mean_and_deviation_of_all_pixels(pixels):
    """Of the fitted faces; faces of one grey throughout pass without a division by zero."""
    entered = entering(model(normalisation="global"), pixels)
    assert (entered.mean(), entered.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
    grey = np.full((4, 48, 48), 7, np.uint8)
    assert np.abs(entering(model(normalisation="global"), grey)).max() == 0


def test_unit_and_centred_are_what_they_say(pixels):
    """0..255 becomes 0..1 or -1..1."""
    flat = pixels.reshape(len(pixels), -1)
    np.testing.assert_allclose(entering(model(), pixels), flat / 255, rtol=1e-6)
    centred = entering(model(normalisation="centred"), pixels)
    np.testing.assert_allclose(centred, flat / 127.5 - 1, atol=1e-6)


def test_standardised_has_mean_0_and_deviation_1_per_pixel(pixels):
    """As numpy says, and a pixel that never changes becomes 0 instead of NaN."""
    found = entering(model(normalisation="standardised"), pixels)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=0)[1:], 1, atol=1e-4)
    np.testing.assert_array_equal(found[:, 0], 0)
    flat = pixels.reshape(len(pixels), -1).astype(float)
    np.testing.assert_allclose(
        found[:, 1:], ((flat - flat.mean(axis=0)) / flat.std(axis=0).clip(1e-9))[:, 1:], atol=1e-4
    )


def test_a_constant_pixel_is_never_divided_by_zero():
    """Whatever its value and however many the faces, also past the block that statistics are summed in."""
    values = (np.arange(PIXELS) % 256).astype(np.uint8).reshape(1, 48, 48)
    for n in (1, 7, 1500):
        shift, scale = pixel_scaling("standardised", np.repeat(values, n, axis=0))
        np.testing.assert_array_equal(shift, values.ravel())
        np.testing.assert_array_equal(scale, 1)


def test_statistics_of_many_faces_are_numpys():
    """More faces than are summed at a time."""
    many = np.random.default_rng(0).integers(0, 256, (1500, 48, 48), dtype=np.uint8)
    shift, scale = pixel_scaling("standardised", many)
    np.testing.assert_allclose(shift, many.reshape(1500, -1).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale, many.reshape(1500, -1).std(axis=0), rtol=1e-5)


def test_face_brings_each_picture_to_its_own_mean_and_deviation(pixels):
    """Whatever its light, and a picture of one grey becomes zeros."""
    dark = np.concatenate([pixels[:5] // 2 + 10, np.full((1, 48, 48), 77, np.uint8)])
    found = entering(model(normalisation="face"), dark)
    np.testing.assert_allclose(found[:5].mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(found[:5].std(axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(found[5], 0, atol=1e-6)
