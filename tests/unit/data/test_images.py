"""Any image becomes a grey 48x48 face, or is refused by name."""

import struct
import zlib

import numpy as np
import pytest
from helpers.images_in_files import FACE, stored
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_exp.data import images
from fer_exp.errors import UserError


def test_a_grey_48x48_image_passes_untouched():
    """Pixel for pixel."""
    np.testing.assert_array_equal(images.decode(stored(Image.fromarray(FACE)), "x"), FACE)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK", "1", "I", "F", "I;16", "YCbCr"])
@pytest.mark.fault("Bad data: images of every mode and size", trials=10, expected="a grey face of 48x48")
def test_every_mode_and_size_becomes_a_face(mode):
    """Whatever it was, it is uint8 [48, 48] then."""
    if mode == "I;16":
        image = Image.fromarray(np.kron(FACE, np.ones((2, 2))).astype(np.uint16) * 257)
    else:
        image = Image.fromarray(FACE).resize((96, 60)).convert(mode)
    kind = "TIFF" if mode in ("CMYK", "F", "I", "YCbCr") else "PNG"
    found = images.decode(stored(image, kind), "x")
    assert (found.shape, found.dtype) == ((48, 48), np.uint8)
    if mode not in ("1", "F", "I"):
        assert found.std() > 10


def test_sixteen_bits_keep_their_upper_eight():
    """White stays white."""
    image = Image.fromarray(FACE.astype(np.uint16) * 257)
    np.testing.assert_array_equal(images.decode(stored(image), "x"), FACE)


def test_a_wide_photo_is_cut_to_its_centre():
    """Squeezing would change the face; the sides go instead."""
    wide = np.zeros((48, 144), np.uint8)
    wide[:, 48:96] = FACE
    np.testing.assert_array_equal(images.decode(stored(Image.fromarray(wide)), "x"), FACE)


@pytest.mark.fault("Bad data: an animation", trials=1, expected="its first frame")
def test_of_an_animation_the_first_frame_counts():
    """A GIF of two frames."""
    frames = [Image.new("L", (48, 48), tone) for tone in (200, 10)]
    data = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(data, "x").min() == 200


def claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares a size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, body, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(9000, 9000), (12000, 12000), (50000, 50000)])
@pytest.mark.fault(
    "Bad data: an image that claims to be huge", trials=3, expected="one line, nothing decoded"
)
def test_a_giant_claim_is_refused_before_decoding(size):
    """Below, between and above Pillow's own two limits."""
    with pytest.raises(UserError, match=r"face\.png: declares .*64,000,000"):
        images.decode(claims(*size), "face.png")


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4 ", b"GIF89a", stored(Image.fromarray(FACE))[:60]])
@pytest.mark.fault("Bad data: what is no image, or is cut", trials=5, expected="one line that names the file")
def test_what_is_no_image_is_refused_by_name(data):
    """Text, other formats, cut files."""
    with pytest.raises(UserError, match=r"face\.jpg: cannot be read as an image"):
        images.decode(data, "face.jpg")


JPEG = stored(Image.fromarray(FACE), "JPEG")


@given(st.integers(0, len(JPEG) - 1), st.integers(0, 255), st.integers(0, len(JPEG)))
@pytest.mark.fault("Bad data: a damaged and cut JPEG", trials=100, expected="a face, or one line")
def test_any_damage_ends_in_a_face_or_one_line(place, byte, length):
    """One byte changed, and the end cut off: never another exception."""
    data = bytearray(JPEG)
    data[place] = byte
    shape, message = (48, 48), "face.jpg: "
    try:
        shape = images.decode(bytes(data[:length]), "face.jpg").shape
    except UserError as error:
        message = str(error)
    assert shape == (48, 48)
    assert message.startswith("face.jpg: ")


@pytest.mark.parametrize("size", [(48, 48), (96, 96)])
@pytest.mark.parametrize("mode", ["L", "P", "RGB", "LA", "RGBA"])
def test_clear_is_white_however_it_is_written(mode, size):
    """An alpha band, or a colour that is declared clear, in a small image and a large one."""
    if mode.endswith("A"):
        data = stored(Image.new(mode, size, (0,) * len(mode)))
    else:
        data = stored(Image.new(mode, size), transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert images.decode(data, "x").min() == 255


def test_half_clear_black_over_white_is_grey():
    """The layer is mixed, not cut out."""
    half = Image.new("RGBA", (48, 48), (0, 0, 0, 128))
    assert set(images.decode(stored(half), "x").flat) == {127}


@pytest.mark.parametrize(
    ("image", "kind", "grey"),
    [
        (Image.new("1", (60, 60), 1), "PNG", 255),
        (Image.new("RGB", (60, 60), (255, 0, 0)), "PNG", 76),
        (Image.new("CMYK", (60, 60), (0, 0, 0, 255)), "TIFF", 0),
        (Image.new("CMYK", (60, 60)), "JPEG", 255),
        (Image.new("I;16", (60, 60), 0x8000), "PNG", 128),
        (Image.new("I", (60, 60), 300), "TIFF", 255),
        (Image.new("F", (60, 60), -3.0), "TIFF", 0),
    ],
)
def test_a_plain_colour_keeps_its_brightness(image, kind, grey):
    """Black stays black and white white in every mode; 32 bits are clipped."""
    assert set(images.decode(stored(image, kind), "x").flat) == {grey}


@pytest.mark.parametrize("size", [(144, 48), (48, 144), (300, 100), (49, 48)])
def test_a_photo_is_cut_not_squeezed(size):
    """A disc stays a disc: as wide as high."""
    width, height = size
    y, x = np.ogrid[:height, :width]
    disc = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) < min(size) / 4
    face = images.decode(stored(Image.fromarray(disc.astype(np.uint8) * 255)), "x") > 127
    assert abs(int(face.any(0).sum()) - int(face.any(1).sum())) <= 1
    assert 22 <= face.any(0).sum() <= 26


def test_a_cut_jpeg_is_refused_and_not_filled_with_grey():
    """Half a face is no face."""
    with pytest.raises(UserError, match=r"face\.jpg: cannot be read as an image \(image file is truncated"):
        images.decode(JPEG[: len(JPEG) * 2 // 3], "face.jpg")


SMALL = Image.fromarray(FACE).resize((30, 20))
KINDS = {kind: stored(SMALL.convert("RGB" if kind == "WEBP" else "L"), kind) for kind in images.FORMATS}
KINDS["packed TIFF"] = stored(SMALL, "TIFF", compression="packbits")
KINDS["16 bits"] = stored(Image.fromarray(np.asarray(SMALL).astype(np.uint16)))


@given(kind=st.sampled_from(sorted(KINDS)), share=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@pytest.mark.fault("Bad data: a changed byte in any format", trials=100, expected="a face, or one line")
def test_a_changed_byte_in_any_format_ends_in_a_face_or_one_line(kind, share, byte):
    """Also in those that fewer people's decoders have seen; and no warning gets out."""
    data = bytearray(KINDS[kind])
    # headers are where it matters, so half of the changes go there
    data[int(share * (len(data) if byte % 2 else min(80, len(data))))] = byte
    shape, message = (48, 48), "x: "
    try:
        shape = images.decode(bytes(data), "x").shape
    except UserError as error:
        message = str(error)
    assert shape == (48, 48)
    assert message.startswith("x: ")
    assert "\n" not in message


def run_length_bmp(width: int, height: int) -> bytes:
    """A BMP of lines of one bright pixel and nothing more: four bytes a line, whatever its width."""
    palette = bytes(4 * 256)
    lines = b"\x01\xff\x00\x00" * height
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(lines), 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(lines), 0, 0, start) + header + palette + lines


def test_a_run_length_bmp_is_read_where_it_is_small():
    """An image of 48 lines is one as any other."""
    assert images.decode(run_length_bmp(48, 48), "a.bmp").shape == (48, 48)


@pytest.mark.fault("Bad data: an image that takes minutes to decode", trials=4, expected="one line, at once")
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (run_length_bmp(60_000, 1000), "BMP of 60000x1000 pixels and 5,078 bytes"),
        (b"P2\n48 48\n255\n" + b"#\n" * 500_000, "PPM of 48x48 pixels and 1,000,013 bytes"),
        (b"P3\n48 48\n255\n" + b"1 " * 500_000, "PPM of 48x48 pixels and 1,000,013 bytes"),
        (b"P5\n8000 8000\n100\n" + bytes(100), "PPM of 8000x8000 pixels and 117 bytes"),
    ],
    ids=["run-length BMP", "comments", "plain text", "odd white"],
)
def test_what_pillow_decodes_in_python_is_refused_where_it_is_large(data, text):
    """A few bytes would keep a core busy for very long, as a search for bad inputs found."""
    with pytest.raises(UserError, match=f"a.img: a {text} takes long to read; save it as PNG"):
        images.decode(data, "a.img")


@pytest.mark.parametrize("kind", ["P2", "P3"])
def test_a_ppm_of_plain_text_is_read_where_it_is_small(kind):
    """With a comment in it."""
    values = " ".join(str(tone) for tone in FACE.flat for _ in range(1 if kind == "P2" else 3))
    found = images.decode(f"{kind}\n# a face\n48 48\n255\n{values}\n".encode(), "x")
    np.testing.assert_array_equal(found, FACE)
