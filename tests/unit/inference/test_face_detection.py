"""The face is found, cut out with a margin, and what was done is said."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_exp.data import images, synthetic
from fer_exp.inference import face_detection
from fer_exp.inference.face_detection import BoundingBox

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120), dtype=np.uint8))


def finder_of(*squares):
    """A finder that finds these squares in whatever it is given."""
    return lambda _: list(squares)


def test_a_face_is_cut_out():
    """What the network sees is the square, and the note says which."""
    (view,) = face_detection.views(PHOTO, finder_of(BoundingBox(10, 20, 48)))
    np.testing.assert_array_equal(view.pixels, np.asarray(PHOTO)[20:68, 10:58])
    assert view.face == (10, 20, 48)
    assert view.note == "the face found at 48x48+10+20"


def test_of_several_faces_each_is_marked():
    """A view each, counted from left to right."""
    left, right = face_detection.views(PHOTO, finder_of(BoundingBox(0, 0, 40), BoundingBox(60, 10, 50)))
    assert left.note == "face 1 of 2, from left to right, found at 40x40+0+0"
    assert right.note.startswith("face 2 of 2")
    assert (left.pixels.shape, right.face) == ((48, 48), (60, 10, 50))


@pytest.mark.parametrize(
    ("finder", "said"), [(finder_of(), "no face was found"), (None, "no face was looked for")]
)
def test_without_a_face_the_middle_is_used_and_said_to_be(finder, said):
    """The same pixels whether nothing was found or nothing could look; the latter says how to get it."""
    (view,) = face_detection.views(PHOTO, finder)
    np.testing.assert_array_equal(view.pixels, images.cut(PHOTO))
    assert view.face is None
    assert view.note.startswith(said)
    assert view.note.endswith("the central square is used")
    assert ("pip install" in view.note) == (finder is None)


def test_a_picture_of_the_networks_size_is_a_face_already():
    """It is not searched, and passes untouched."""

    def never(_):
        raise AssertionError

    face = PHOTO.crop((0, 0, 48, 48))
    (view,) = face_detection.views(face, never)
    np.testing.assert_array_equal(view.pixels, np.asarray(face))
    assert view.note == "48x48: taken as a face already"


@given(
    shape=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1)),
)
def test_a_margin_never_leaves_the_picture(shape, share):
    """Moved inwards at the border, and shrunk only where the picture is too small."""
    side = share[2] * min(shape)
    left, top = share[0] * (shape[1] - side), share[1] * (shape[0] - side)
    found = face_detection.with_margin(left, top, side, shape)
    assert found.side == min(round(side * (1 + 2 * face_detection.MARGIN)), *shape)
    assert 0 <= found.left <= shape[1] - found.side
    assert 0 <= found.top <= shape[0] - found.side


def test_a_margin_is_the_same_on_every_side():
    """A tenth of the face's side."""
    assert face_detection.with_margin(100, 50, 100, (400, 400)) == (90, 40, 120)


@pytest.fixture
def finder():
    """The real cascade."""
    pytest.importorskip("cv2", reason="the extra `faces` (OpenCV) is not installed")
    found = face_detection.load()
    if found is None:
        pytest.skip("this OpenCV has no cascades; the extra `faces` asks for OpenCV 4")
    return found


def scene(*corners, size=(900, 400)):
    """A grey wall with one drawn face of 192 pixels at each corner."""
    wall = Image.new("L", size, 200)
    face = Image.fromarray(synthetic.draw_face("neutral", np.random.default_rng(3)))
    for corner in corners:
        wall.paste(face.resize((192, 192), Image.Resampling.BICUBIC), corner)
    return wall


@pytest.mark.parametrize("corners", [(), ((600, 100),), ((600, 150), (100, 60))])
def test_the_cascade_finds_drawn_faces_where_they_are(finder, corners):
    """None, one or two, from left to right; each square holds the middle of its face."""
    found = finder(np.asarray(scene(*corners)))
    assert len(found) == len(corners)
    for square, (left, top) in zip(found, sorted(corners), strict=True):
        assert abs(square.left + square.side / 2 - (left + 96)) < 30
        assert abs(square.top + square.side / 2 - (top + 96)) < 60


def test_a_large_picture_gives_its_own_coordinates(finder):
    """It is shrunk for the search only."""
    small, large = scene((600, 100)), scene((600, 100)).resize((2700, 1200))
    (near,), (far,) = finder(np.asarray(small)), finder(np.asarray(large))
    np.testing.assert_allclose(np.array(far) / 3, near, atol=25)


def test_a_turned_photo_is_searched_upright(finder):
    """The cascade knows no lying faces, so EXIF's turn comes first."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    scene((600, 100)).transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    picture = images.upright(file.getvalue(), "x")
    assert picture.size == (900, 400)
    (view,) = face_detection.views(picture, finder)
    assert view.face == finder(np.asarray(scene((600, 100))))[0]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000), (23, 23)])
def test_a_picture_too_small_for_a_face_has_none(finder, shape):
    """Nothing is found, and nothing breaks."""
    assert finder(np.zeros(shape, np.uint8)) == []
