"""A face to send to the demo page, and the refusals that it answers with."""

import json

import numpy as np

from fer_exp.data import synthetic


def face(emotion="happy"):
    """A drawn face, uint8 [48, 48]."""
    return synthetic.draw_face(emotion, np.random.default_rng(0))


def reason(answer, status):
    """The one line of JSON that a refusal consists of."""
    assert answer[0] == status
    assert "\n" not in answer[2]
    found = json.loads(answer[2])
    assert list(found) == ["error"]
    return found["error"]
