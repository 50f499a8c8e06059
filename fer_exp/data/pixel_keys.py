"""Faces known by their pixels: a short key for each picture.

The table that is shipped for FER-2013 holds keys, so that no picture is shipped and no file name matters.
"""

import hashlib

import numpy as np


def pixel_keys(pixels: np.ndarray) -> np.ndarray:
    """A key of each picture's pixels, uint64 [N]: the first 8 bytes of their SHA-256, the first highest.

    Takes uint8 [N, 48, 48]. Two of 35,887 different pictures share a key with a chance of 4e-11.
    """
    digests = b"".join(hashlib.sha256(face).digest()[:8] for face in np.ascontiguousarray(pixels))
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
