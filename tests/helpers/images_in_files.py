"""A made face, and images as the bytes of files."""

import io

import numpy as np

FACE = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)


def stored(image, kind="PNG", **options) -> bytes:
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
