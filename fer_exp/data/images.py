"""An image as the network sees it: grey, 48x48, 0 black to 255 white.

A grey 48x48 image passes untouched. Anything else is turned upright (EXIF), laid over white where
it is transparent, made grey, cut to its central square (squeezing would change the face) and
resized with Lanczos filtering, which keeps edges when a large photo shrinks. Of an animation the
first frame counts.
"""

import contextlib
import io
import struct
import warnings
from pathlib import PurePath

import numpy as np
from PIL import Image, ImageOps

from fer_exp.errors import UserError, first_line
from fer_exp.fer2013 import SIDE


def png(pixels: np.ndarray) -> bytes:
    """Pixels uint8 [H, W], or [H, W, 4] with transparency, as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


# Only formats that hold an image of known size; Pillow would also open PDFs, fonts and scripts.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")

# A file of a few bytes can declare any size; 64 million pixels is more than any camera's photo needs.
MOST_PIXELS = 64_000_000

# Pillow takes some files of these formats apart in Python: up to half a second for so many pixels, and ten
# seconds for a megabyte of comments in a PPM of plain text.
_SLOW_FORMATS = ("BMP", "PPM")
_MOST_SLOW_PIXELS = 1_000_000
_PLAIN_PPM, _LARGEST_PLAIN_PPM = (b"P1", b"P2", b"P3"), 1 << 16

# What Pillow raises on metadata that are none.
_METADATA_ERRORS = (SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OSError, struct.error)

# What an image may say of itself that changes how it looks.
_REMARKS = {"exif", "transparency"}


def decode(data: bytes, place: str) -> np.ndarray:
    """The bytes of an image file as uint8 [48, 48]; raises UserError that names `place`."""
    return cut(upright(data, place))


def is_called_image(name: str) -> bool:
    """Whether a file's name ends as one of these formats does."""
    return Image.registered_extensions().get(PurePath(name).suffix.lower()) in FORMATS


def upright(data: bytes, place: str) -> Image.Image:
    """The bytes of an image file as a grey image of its own size; raises UserError that names `place`."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that are refused below, and of harmless metadata
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _refuse_large(image, data, place)
                return _as_grey(image)
    except Image.DecompressionBombError:
        raise UserError(f"{place}: declares more than {MOST_PIXELS:,} pixels; make it smaller") from None
    # Pillow's decoders raise all of these on broken files
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, MemoryError) as error:
        reason = first_line(error)
        if isinstance(error, Image.UnidentifiedImageError):
            reason = f"not a {', '.join(FORMATS)} image"
        raise UserError(f"{place}: cannot be read as an image ({reason})") from None


def _refuse_large(image: Image.Image, data: bytes, place: str) -> None:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        size = f"{image.width}x{image.height}"
        raise UserError(f"{place}: declares {size} pixels, more than {MOST_PIXELS:,}; make it smaller")
    long_text = data.startswith(_PLAIN_PPM) and len(data) > _LARGEST_PLAIN_PPM
    if image.format in _SLOW_FORMATS and (pixels > _MOST_SLOW_PIXELS or long_text):
        raise UserError(
            f"{place}: a {image.format} of {image.width}x{image.height} pixels and {len(data):,} bytes takes "
            "long to read; save it as PNG"
        )


def _as_grey(image: Image.Image) -> Image.Image:
    # before its metadata, some of which may follow the pixels
    image.load()
    if image.mode == "L" and image.size == (SIDE, SIDE) and not _REMARKS & image.info.keys():
        return image
    with contextlib.suppress(*_METADATA_ERRORS):
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        # 32-bit grey has no agreed white: Pillow clips it to 0..255
        image = image.convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("L")


def cut(grey: Image.Image, square: tuple[int, int, int] | None = None) -> np.ndarray:
    """A square of a grey image as uint8 [48, 48].

    square: its left, top and side in pixels; the central one if not given.
    """
    if square is not None:
        left, top, side = square
        grey = grey.crop((left, top, left + side, top + side))
    if grey.size != (SIDE, SIDE):
        grey = ImageOps.fit(grey, (SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(grey)
