"""Portrait: muscles, person and pose each move what they name and nothing else."""

import numpy as np
import pytest

from fer_exp.data.synthetic import TRAITS
from fer_exp.data.synthetic_renderer import Muscles, Traits, render

BROWS, EYES, MOUTH = slice(4, 18), slice(14, 24), slice(28, 46)
# an open mouth lowers the chin, and with it the cheeks' outline
BELOW_EYES = slice(24, 48)
MIDDLE = slice(18, 30)


def face(muscles: dict | None = None, **traits: float) -> np.ndarray:
    """One picture [48, 48] of the average person, at rest but for what is given."""
    pulled = dict.fromkeys(Muscles._fields, 0.0) | (muscles or {})
    person = {name: middle for name, (middle, _) in TRAITS.items()} | traits
    one = [{name: np.array([[value]]) for name, value in values.items()} for values in (pulled, person)]
    return render(Muscles(**one[0]), Traits(**one[1]))[0]


def test_shift_moves_the_whole_picture():
    """Two pixels of shift are the same picture two pixels on."""
    np.testing.assert_array_equal(face(shift_x=2 / 24)[:, 2:], face()[:, :-2])
    np.testing.assert_array_equal(face(shift_y=2 / 24)[2:], face()[:-2])


def test_open_mouth_is_dark_and_teeth_are_bright():
    """An opening darkens the middle of the mouth, and teeth fill it again."""
    shut, opened, teeth = face(), face({"gape": 0.35}), face({"gape": 0.35, "teeth": 1.0})
    assert opened[MOUTH, MIDDLE].mean() < shut[MOUTH, MIDDLE].mean() - 10
    assert teeth[MOUTH, MIDDLE].mean() > opened[MOUTH, MIDDLE].mean() + 10


def test_a_smile_lifts_the_corners():
    """With the corners up, the ends of the mouth are darker above than with the corners down."""
    ends = np.r_[14:19, 30:35]
    up, down = face({"corner": 0.2}), face({"corner": -0.2})
    assert up[30:35][:, ends].mean() < down[30:35][:, ends].mean() - 5
    assert up[37:42][:, ends].mean() > down[37:42][:, ends].mean() + 5


def test_wide_lids_show_more_white():
    """Raised lids add bright pixels beside the irises."""
    wide, narrow = ((face({"lid_up": up})[EYES] > 190).sum() for up in (0.1, -0.05))
    assert wide > narrow + 5


@pytest.mark.parametrize(("muscle", "rows"), [("gape", BELOW_EYES), ("brow_out", BROWS), ("lid_low", EYES)])
def test_a_muscle_leaves_the_other_parts_alone(muscle, rows):
    """What changes lies within the rows of the part that the muscle moves."""
    changed = np.flatnonzero((face({muscle: 0.1}) != face()).any(axis=1))
    assert len(changed)
    assert rows.start <= changed.min()
    assert changed.max() < rows.stop


@pytest.mark.parametrize("trait", ["glasses", "lock", "hand", "long_hair"])
def test_what_is_worn_shows(trait):
    """Above zero it is drawn, below it is not."""
    assert (face(**{trait: 1.0}) != face(**{trait: -1.0})).sum() > 10


def test_faces_of_a_batch_do_not_touch_each_other():
    """Each picture of a batch is the one drawn alone."""
    values = {name: np.array([[middle], [middle]]) for name, (middle, _) in TRAITS.items()}
    values["skin"] = np.array([[120.0], [200.0]])
    pair = render(Muscles(*np.zeros((len(Muscles._fields), 2, 1))), Traits(**values))
    np.testing.assert_array_equal(pair[0], face(skin=120.0))
    np.testing.assert_array_equal(pair[1], face(skin=200.0))
