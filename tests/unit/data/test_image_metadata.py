"""What is written beside a picture's pixels turns it where it should, and costs it nothing."""

import numpy as np
import pytest
from helpers.images_in_files import FACE, stored
from PIL import Image

from fer_exp.data import images


def test_how_a_camera_was_held_may_be_told_after_the_pixels():
    """A PNG's metadata may follow them, of a grey 48x48 picture, too."""
    exif = Image.Exif()
    exif[0x0112] = 3
    data = stored(Image.fromarray(FACE), exif=exif)
    begin = data.index(b"eXIf") - 4
    chunk = data[begin : begin + 12 + int.from_bytes(data[begin : begin + 4], "big")]
    end = data.index(b"IEND") - 4
    moved = data[:begin] + data[begin + len(chunk) : end] + chunk + data[end:]
    np.testing.assert_array_equal(images.decode(moved, "x"), FACE[::-1, ::-1])


@pytest.mark.parametrize("turn", range(2, 9))
def test_every_way_to_hold_a_camera_is_undone(turn):
    """EXIF's seven turns and mirrors, each against Pillow's own of the array."""
    exif = Image.Exif()
    exif[0x0112] = turn
    flat = FACE.T if turn >= 5 else FACE
    undone = {
        2: FACE[:, ::-1],
        3: FACE[::-1, ::-1],
        4: FACE[::-1],
        5: FACE,
        6: np.rot90(flat, -1),
        7: flat.T[::-1, ::-1],
        8: np.rot90(flat, 1),
    }[turn]
    np.testing.assert_array_equal(images.decode(stored(Image.fromarray(flat), exif=exif), "x"), undone)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "TIFF"])
def test_metadata_that_is_none_costs_no_picture(kind):
    """The pixels are whole, whatever a camera or an editor has written beside them."""
    options = {"exif": b"Exif\0\0" + b"\xff" * 50} if kind != "TIFF" else {"tiffinfo": {274: 99}}
    plain, odd = stored(Image.fromarray(FACE), kind), stored(Image.fromarray(FACE), kind, **options)
    np.testing.assert_array_equal(images.decode(odd, "x"), images.decode(plain, "x"))
