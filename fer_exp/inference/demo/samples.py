"""Drawn faces to try, for whoever has no picture at hand."""

import functools

import numpy as np

from fer_exp.data import images, synthetic
from fer_exp.fer2013 import EMOTIONS

# Faces of a set are drawn by its own seeds, so that none of these has been learnt.
_SEED = 2013


@functools.cache
def png(emotion: str) -> bytes:
    """A drawn face of an emotion as a PNG, the same each time."""
    face = synthetic.draw_face(emotion, np.random.default_rng([_SEED, EMOTIONS.index(emotion)]))
    return images.png(face)
