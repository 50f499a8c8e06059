"""Any picture becomes a grey 48x48 face, or is refused by name."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_exp import pictures
from fer_exp.errors import UserError

FACE = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)


def stored(image, kind="PNG", **options) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_a_grey_48x48_picture_passes_untouched():
    """Pixel for pixel."""
    np.testing.assert_array_equal(pictures.decode(stored(Image.fromarray(FACE)), "x"), FACE)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK", "1", "I", "F", "I;16", "YCbCr"])
def test_every_mode_and_size_becomes_a_face(mode):
    """Whatever it was, it is uint8 [48, 48] then."""
    if mode == "I;16":
        image = Image.fromarray(np.kron(FACE, np.ones((2, 2))).astype(np.uint16) * 257)
    else:
        image = Image.fromarray(FACE).resize((96, 60)).convert(mode)
    kind = "TIFF" if mode in ("CMYK", "F", "I", "YCbCr") else "PNG"
    found = pictures.decode(stored(image, kind), "x")
    assert (found.shape, found.dtype) == ((48, 48), np.uint8)
    if mode not in ("1", "F", "I"):
        assert found.std() > 10


def test_sixteen_bits_keep_their_upper_eight():
    """White stays white."""
    image = Image.fromarray(FACE.astype(np.uint16) * 257)
    np.testing.assert_array_equal(pictures.decode(stored(image), "x"), FACE)


def test_transparency_lies_over_white():
    """A clear pixel is white paper, not black."""
    clear = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    assert pictures.decode(stored(clear), "x").min() == 255


def test_a_wide_photo_is_cut_to_its_centre():
    """Squeezing would change the face; the sides go instead."""
    wide = np.zeros((48, 144), np.uint8)
    wide[:, 48:96] = FACE
    np.testing.assert_array_equal(pictures.decode(stored(Image.fromarray(wide)), "x"), FACE)


def test_a_turned_photo_is_set_upright():
    """EXIF says how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = 3
    found = pictures.decode(stored(Image.fromarray(FACE), exif=exif), "x")
    np.testing.assert_array_equal(found, FACE[::-1, ::-1])


def test_of_an_animation_the_first_frame_counts():
    """A GIF of two frames."""
    frames = [Image.new("L", (48, 48), tone) for tone in (200, 10)]
    data = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pictures.decode(data, "x").min() == 200


def claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares a size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, body, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(9000, 9000), (12000, 12000), (50000, 50000)])
def test_a_giant_claim_is_refused_before_decoding(size):
    """Below, between and above Pillow's own two limits."""
    with pytest.raises(UserError, match=r"face\.png: declares .*64,000,000"):
        pictures.decode(claims(*size), "face.png")


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4 ", b"GIF89a", stored(Image.fromarray(FACE))[:60]])
def test_what_is_no_picture_is_refused_by_name(data):
    """Text, other formats, cut files."""
    with pytest.raises(UserError, match=r"face\.jpg: cannot be read as a picture"):
        pictures.decode(data, "face.jpg")


JPEG = stored(Image.fromarray(FACE), "JPEG")


@given(st.integers(0, len(JPEG) - 1), st.integers(0, 255), st.integers(0, len(JPEG)))
def test_any_damage_ends_in_a_face_or_one_line(place, byte, length):
    """One byte changed, and the end cut off: never another exception."""
    data = bytearray(JPEG)
    data[place] = byte
    shape, said = (48, 48), "face.jpg: "
    try:
        shape = pictures.decode(bytes(data[:length]), "face.jpg").shape
    except UserError as error:
        said = str(error)
    assert shape == (48, 48)
    assert said.startswith("face.jpg: ")
