"""Portrait: a face as filled polygons, from the pull of its muscles, the person and the pose.

Everything drawn is a polygon whose points are plain arithmetic on arrays, so a whole batch of faces
is shaped at once, muscles and pose only move points, and one drawing serves every expression.
Lengths are in half-frames: the picture spans -1 to 1 (24 pixels a unit), x to the right and y down.
The literals below are a drawing: each was placed by eye on the contact sheet of `synthetic`.
"""

from collections import namedtuple
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from fer_exp.fer2013 import SIDE

# Drawn this much larger and averaged down: lines of half a pixel stay smooth.
_SCALE = 4

# What moves a face away from rest (all 0). Lengths, plus is up, outwards or more, but for `close` (brows
# towards each other) and `gaze` (down); from `square` on parts of 1: the opening's shape from round to
# boxy, how much of it teeth fill, the lips rolled in, the strength of folds and of raised cheeks.
Muscles = namedtuple(
    "Muscles",
    "brow_in brow_out close arch lid_up lid_low gaze corner wide gape sneer "
    "square teeth press wrinkle fold frown forehead cheek",
)

# What differs from picture to picture whatever the expression. Lengths; grey levels (skin, hair, back);
# radians (yaw, pitch, roll); worn or there when above 0 (long_hair, glasses, lock, hand).
Traits = namedtuple(
    "Traits",
    "head_w chin jaw eye_x eye_y eye_w eye_h brow_y brow_tilt brow_thick nose_y nose_w "
    "mouth_y mouth_w mouth_curve lip hair_low part skin hair back uneven gaze_x "
    "long_hair glasses lock hand yaw pitch roll shift_x shift_y zoom",
)

# The crop's middle, below the eyes' line, and the camera's distance: near enough for a large nose.
_CENTRE = 0.1
_DISTANCE = 6.5


_Length = np.ndarray | float  # [N, 1], or one for all


class _Layer(NamedTuple):
    """One polygon per face: points [N, K, 2], grey tone [N, 1], which faces have it, how far off the skin."""

    points: np.ndarray
    tone: np.ndarray
    shown: np.ndarray | bool = True
    lift: float = 0.0


def _points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points [N, K, 2] of coordinates that broadcast to [N, K]."""
    return np.stack(np.broadcast_arrays(x, y), -1)


def _oval(x: _Length, y: _Length, rx: _Length, ry: _Length) -> np.ndarray:
    """Points [N, 20, 2] of an upright oval about the middle x, y."""
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    return _points(x + rx * np.cos(turn), y + ry * np.sin(turn))


def _between(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Points [N, 2K, 2] of the area between two curves over one x, all [N, K]."""
    return np.hstack([_points(x, top), _points(x, bottom)[:, ::-1]])


def _stroke(x: np.ndarray, y: np.ndarray, thick: _Length) -> np.ndarray:
    """Points [N, 2K, 2] of a line through x, y that is `thick` wide, all broadcast to [N, K]."""
    x, y, thick = np.broadcast_arrays(x, y, thick)
    dx, dy = np.gradient(x, axis=1), np.gradient(y, axis=1)
    half = thick / 2 / np.maximum(np.hypot(dx, dy), 1e-9)
    return np.hstack([_points(x - dy * half, y + dx * half), _points(x + dy * half, y - dx * half)[:, ::-1]])


def _head(m: Muscles, t: Traits) -> Iterator[_Layer]:
    """Hair behind, neck, ears and the face itself, lighter towards its middle."""
    yield _Layer(_oval(0, -0.12, t.head_w + 0.07, 0.95), t.hair, lift=-0.25)
    strands = (t.head_w + 0.09) * np.array([-0.95, 0.95, 1.05, 1.0, -1.0, -1.05])
    yield _Layer(_points(strands, np.array([-0.4, -0.4, 0.3, 1.0, 1.0, 0.3])), t.hair, t.long_hair > 0, -0.25)
    neck = t.head_w * np.array([-0.55, 0.55, 0.62, 1.3, -1.3, -0.62])
    yield _Layer(_points(neck, np.array([0.5, 0.5, 1.0, 1.4, 1.4, 1.0])), 0.72 * t.skin, lift=-0.1)
    for side in (-1, 1):
        yield _Layer(_oval(side * (t.head_w + 0.01), 0, 0.07, 0.17), 0.8 * t.skin, t.long_hair <= 0)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    down = np.maximum(np.sin(turn), 0)
    x = t.head_w * np.cos(turn) * (1 + t.jaw * down**2)
    y = np.where(down > 0, t.chin + 0.3 * m.gape, 0.92) * np.sin(turn)
    for part, tone in ((1.0, 0.86), (0.9, 0.94), (0.76, 1.0)):
        yield _Layer(_points(part * x, part * y + 0.02), tone * t.skin)


def _folds(m: Muscles, t: Traits, side: int) -> Iterator[_Layer]:
    """What a pull leaves in one side's skin; folds too faint to see are left out, not drawn flat."""
    u = np.linspace(-1, 1, 7)
    v = (u + 1) / 2
    apple = _oval(side * (t.eye_x + 0.1), t.eye_y + 0.34, 0.15, 0.09)
    yield _Layer(apple, (1 + 0.1 * m.cheek) * t.skin, m.cheek > 0.2)
    x = side * (0.38 + 0.16 * u)
    yield _Layer(_stroke(x, t.eye_y + 0.2 - 0.05 * u**2, 0.02), (1 - 0.2 * m.cheek) * t.skin, m.cheek > 0.2)
    for step in (0, 1):
        y = t.brow_y - 0.12 - 0.07 * step - 0.3 * np.maximum(m.brow_in, 0) - 0.02 * (1 - v**2)
        yield _Layer(_stroke(side * 0.3 * v, y, 0.018), (1 - 0.28 * m.forehead) * t.skin, m.forehead > 0.2)
    x, y = side * (0.05 + 0.01 * u), t.brow_y + 0.06 + 0.09 * u
    yield _Layer(_stroke(x, y, 0.024), (1 - 0.4 * m.frown) * t.skin, m.frown > 0.2)
    for step in (0, 1, 2):
        x, y = side * (0.075 + 0.05 * u), t.eye_y + 0.06 + 0.075 * step + 0.03 * u
        yield _Layer(_stroke(x, y, 0.02), (1 - 0.38 * m.wrinkle) * t.skin, m.wrinkle > 0.2)
    start, end = t.nose_w + 0.04, t.mouth_w + m.wide + 0.07
    x = side * (start + (end - start) * v + 0.04 * np.sin(np.pi * v))
    y = t.nose_y - 0.06 + (t.mouth_y - 0.6 * m.corner - t.nose_y + 0.04) * v
    yield _Layer(_stroke(x, y, 0.022), (1 - 0.32 * m.fold) * t.skin, m.fold > 0.15)


def _eye(m: Muscles, t: Traits, side: int) -> Iterator[_Layer]:
    """Crease, white, iris and pupil cut off by the lids, and the lids' edges."""
    # a closed eye is still a line
    up, low = np.maximum(1.15 * t.eye_h + m.lid_up, 0.008), np.maximum(0.75 * t.eye_h - m.lid_low, 0.006)
    middle = side * t.eye_x

    def lids(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        arch = np.clip(1 - ((x - middle) / t.eye_w) ** 2, 0, 1) ** 0.7
        return t.eye_y - up * arch, t.eye_y + low * arch

    x = middle + t.eye_w * np.linspace(-1, 1, 11)
    top, bottom = lids(x)
    yield _Layer(_stroke(x, top - 0.045, 0.02), 0.84 * t.skin)
    yield _Layer(_between(x, top, bottom), 120 + 0.6 * t.skin)
    for part, tone in ((1.15, 0.32), (0.6, 0.1)):
        iris = _oval(middle + t.gaze_x, t.eye_y + m.gaze, part * t.eye_h, part * t.eye_h)
        iris[..., 1] = np.clip(iris[..., 1], *lids(iris[..., 0]))
        yield _Layer(iris, tone * t.skin)
    yield _Layer(_stroke(x, top, 0.034), 0.3 * t.skin)
    yield _Layer(_stroke(x, bottom + 0.008, 0.014), 0.68 * t.skin)


def _brow(m: Muscles, t: Traits, side: int) -> Iterator[_Layer]:
    """A brow from its thick inner to its thin outer end; darker than the skin even where hair is not."""
    v = np.linspace(0, 1, 8)
    x = side * (0.14 - m.close + (0.37 + 0.5 * m.close) * v)
    raised = (m.brow_in + t.brow_tilt) * (1 - v) ** 1.3 + m.brow_out * v**1.3
    y = t.brow_y - raised - (0.035 + m.arch) * np.sin(np.pi * v)
    yield _Layer(_stroke(x, y, 2 * t.brow_thick * (1.1 - 0.7 * v)), 0.7 * np.minimum(t.hair, 0.7 * t.skin))


def _nose(m: Muscles, t: Traits) -> Iterator[_Layer]:
    """Ridge, tip and nostrils; a sneer pulls them up."""
    v = np.linspace(0, 1, 5)
    y = t.nose_y - 0.4 * m.sneer
    ridge = _stroke(0.035 + (0.6 * t.nose_w - 0.035) * v, t.eye_y + (y - t.eye_y) * v, 0.03)
    yield _Layer(ridge, 0.86 * t.skin, lift=0.06)
    yield _Layer(_oval(0, y, t.nose_w, 0.055), 0.88 * t.skin, lift=0.1)
    yield _Layer(_oval(0, y - 0.03, 0.55 * t.nose_w, 0.05), 1.08 * t.skin, lift=0.12)
    for side in (-1, 1):
        yield _Layer(_oval(side * 0.5 * t.nose_w, y + 0.025, 0.028, 0.016), 0.4 * t.skin, lift=0.1)


def _mouth(m: Muscles, t: Traits) -> Iterator[_Layer]:
    """Lips around an opening with teeth; shut, the opening is a line."""
    u = np.linspace(-1, 1, 15)
    room = np.clip(1 - u**2, 0, 1)
    x = (t.mouth_w + m.wide) * u
    middle = t.mouth_y - (m.corner * (1 + t.uneven * np.sign(u)) + t.mouth_curve) * (u**2 - 0.35)
    opening = room ** (0.5 - 0.3 * np.clip(m.square, 0, 1))
    top = middle - (0.35 * m.gape + m.sneer) * opening
    bottom = np.maximum(middle + (0.65 * m.gape - 0.4 * m.sneer) * opening, top + 0.02)
    lip = t.lip * (1 - 0.6 * np.clip(m.press, -1, 1)) * room**0.6
    dip = 1 - 0.25 * np.exp(-((u / 0.15) ** 2))
    yield _Layer(_between(x, top - lip * dip, bottom + 1.2 * lip), 0.72 * t.skin)
    yield _Layer(_between(x, top, bottom), 0.22 * t.skin)
    filled = top + 0.95 * np.clip(m.teeth, 0, 1) * (bottom - top)
    teeth = _between(x[:, 1:-1], (top + 0.01)[:, 1:-1], filled[:, 1:-1])
    yield _Layer(teeth, 110 + 0.6 * t.skin, (m.gape > 0.04) & (m.teeth > 0.1))
    yield _Layer(_stroke(0.1 * u, t.mouth_y + 0.65 * m.gape + 0.13 - 0.02 * u**2, 0.02), 0.86 * t.skin)


def _extras(t: Traits) -> Iterator[_Layer]:
    """Fringe, and what may hide a part of the face: a lock of hair, glasses, a hand."""
    u = np.linspace(-1, 1, 15)
    v = np.linspace(0, 1, 6)[None]
    low = t.hair_low + 0.08 * t.part * u + 0.35 * np.abs(u) ** 6 - 0.1 * np.abs(u - t.part)
    crown = -0.1 - 0.95 * np.sqrt(1 - 0.98 * u**2)
    yield _Layer(_between(1.04 * t.head_w * u, crown, np.minimum(low, 0)), t.hair)
    lock = _stroke(-0.12 - 0.36 * v - 0.12 * v**2, t.hair_low - 0.1 + 0.65 * v, 0.26 * (1.05 - v))
    yield _Layer(lock, t.hair, t.lock > 0, 0.08)
    ring = np.linspace(0, 2 * np.pi, 21)
    for side in (-1, 1):
        x, y = side * (t.eye_x + 0.01) + 0.24 * np.cos(ring), t.eye_y + 0.02 + 0.18 * np.sin(ring)
        yield _Layer(_stroke(x, y, 0.03), 0.5 * t.hair, t.glasses > 0, 0.08)
    yield _Layer(_stroke(0.06 * u, t.eye_y, 0.03), 0.5 * t.hair, t.glasses > 0, 0.1)
    for finger in range(4):
        x = 0.75 - (0.35 + 0.12 * finger) * v
        y = 1.1 + 0.08 * finger - (0.62 - 0.1 * finger) * v
        yield _Layer(_stroke(x, y, 0.13), (0.95 - 0.09 * (finger % 2)) * t.skin, t.hand > 0, 0.1)


def _layers(m: Muscles, t: Traits) -> Iterator[_Layer]:
    """Yield the layers from back to front."""
    sides = [(Muscles(*(pull * (1 + side * t.uneven) for pull in m)), t, side) for side in (-1, 1)]
    yield from _head(m, t)
    for part in (_folds, _eye):
        for side in sides:
            yield from part(*side)
    yield from _nose(m, t)
    yield from _mouth(m, t)
    for side in sides:
        yield from _brow(*side)
    yield from _extras(t)


def _on_canvas(points: np.ndarray, lift: float, t: Traits) -> list[list[int]]:
    """A layer's points under each face's pose: one flat x, y, x, y... list a face, in canvas pixels."""
    x, y = points[..., 0], points[..., 1] - _CENTRE
    # half an egg, highest at the nose
    z = 0.4 * np.clip(1 - (x / 0.8) ** 2 - (y / 1.1) ** 2, 0, 1) + lift
    x, z = x * np.cos(t.yaw) + z * np.sin(t.yaw), z * np.cos(t.yaw) - x * np.sin(t.yaw)
    y, z = y * np.cos(t.pitch) + z * np.sin(t.pitch), z * np.cos(t.pitch) - y * np.sin(t.pitch)
    near = t.zoom / (1 - z / _DISTANCE)
    x, y = near * x, near * y
    x, y = x * np.cos(t.roll) - y * np.sin(t.roll), x * np.sin(t.roll) + y * np.cos(t.roll)
    pixels = (_points(x + t.shift_x, y + t.shift_y) + 1) * (SIDE * _SCALE / 2)
    return np.rint(pixels).reshape(len(t.skin), -1).astype(int).tolist()


def render(m: Muscles, t: Traits) -> np.ndarray:
    """Draw N faces in even light: float32 [N, 48, 48] of 0..255; every value of m and t is [N, 1]."""

    def column(values: np.ndarray | bool) -> list:
        return np.broadcast_to(values, t.skin.shape)[:, 0].tolist()

    layers = []
    for points, tone, where, lift in _layers(m, t):
        grey = np.clip(tone, 0, 255).astype(int)
        layers.append((_on_canvas(points, lift, t), column(grey), column(where)))
    canvas = Image.new("L", (SIDE * _SCALE, SIDE * _SCALE))
    pen = ImageDraw.Draw(canvas)
    drawn = np.empty((len(t.skin), SIDE, SIDE), np.float32)
    for face, back in enumerate(column(t.back.astype(int))):
        canvas.paste(back, (0, 0, *canvas.size))
        for coordinates, tones, shown in layers:
            if shown[face]:
                pen.polygon(coordinates[face], fill=tones[face])
        drawn[face] = np.asarray(canvas.reduce(_SCALE))
    return drawn
