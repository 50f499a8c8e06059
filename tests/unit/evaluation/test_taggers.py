"""The taggers' votes beside a network's errors."""

import numpy as np
import pytest

from fer_exp.evaluation import taggers


def test_shared_errors_are_counted_by_hand():
    """Four faces: right and clear; an error of one tagger; of most of them; of none, on an unclear face."""
    counts = np.zeros((4, 10), int)
    counts[0, 3] = 10
    counts[1, [0, 2]] = 9, 1
    counts[2, [4, 6]] = 3, 7
    counts[3, [1, 5, 8]] = 4, 3, 3
    found = taggers.scores([3, 2, 6, 0], [3, 0, 4, 1], counts)
    assert found == {
        "taggers/clear_n": 3,
        "taggers/clear_accuracy": pytest.approx(1 / 3),
        "taggers/errors_n": 3,
        "taggers/errors_shared": pytest.approx(2 / 3),
        "taggers/errors_of_most": pytest.approx(1 / 3),
    }
    unknown = np.vstack([counts, np.zeros((2, 10), int)])
    assert taggers.scores([3, 2, 6, 0, 1, 1], [3, 0, 4, 1, 1, 2], unknown) == found
    flawless = taggers.scores([3], [3], np.full((1, 10), 1))
    assert flawless == {"taggers/clear_n": 0, "taggers/errors_n": 0}
