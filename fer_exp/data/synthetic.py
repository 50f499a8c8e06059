"""Synthetic faces: drawn images of the seven expressions that need no download.

Each face is an emotion's row of muscle pulls, from a hint to in full and a little mixed with another,
on a person, pose and light drawn at random; `portrait` draws it. Hard enough that a small network has
something to learn, and nameable by a person: `python -m fer_exp faces sheet.png` draws a sheet.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fer_exp import console, files
from fer_exp.data import images
from fer_exp.data.faces import Faces, Row, Usage
from fer_exp.data.synthetic_renderer import Muscles, Traits, render
from fer_exp.errors import UserError
from fer_exp.fer2013 import CANONICAL_TRAIN, EMOTIONS, SIDE
from fer_exp.seeds import derive

# fmt: off
# Pulls at full strength, in hundredths (of a half-frame or of one, see `Muscles`). The parts that move are
# the action units that EMFACS names for the emotion (angry 4+5+7+23/25, disgust 9+10+15, fear
# 1+2+4+5+20+25, happy 6+12, sad 1+4+15, surprise 1+2+5+26); how far is by eye, on the contact sheet.
EXPRESSIONS = {
    #          brows             lids          mouth                               folds
    #          in   out clo arc  up low gaze   corn wide gape sneer squ teeth lips nose cheek brow front apple
    "angry":    (-19,   9, 9,  0, -3,  4, 0,    -8,   0,  26,  0,  110,  74,  88,    0,  44, 110,   0,   0),
    "disgust":  (-12,  -4, 6,  0, -9,  9, 0,   -12,  -2,  15, 13,   66,  58,   0,  110, 110,  55,   0,   0),
    "fear":     ( 18,   1, 9, -4, 10, -1, 0,    -9,   9,  22,  0,   88,  41,   0,    0,   0,  66, 100,   0),
    "happy":    (  0,   2, 0,  3, -3,  7, 0,    24,  13,  22,  0,   22,  66,   0,    0,  88,   0,   0, 110),
    "sad":      ( 19, -13, 6,  0, -8,  0, 4,   -20,  -4,   5,  0,    0,   0, -44,    0,  44,  44,  44,   0),
    "surprise": ( 19,  19, 0,  9, 12, -2, 0,     0, -11,  44,  0,    0,   0,   0,    0,   0,   0, 110,   0),
    "neutral":  (  0,   0, 0,  0,  0,  0, 0,     0,   0,   0,  0,    0,   0,   0,    0,   0,   0,   0,   0),
}
# Percent of faces whose mouth is open at all: pressed lips are anger too, and a shut smile is a smile.
OPEN = {"angry": 70, "disgust": 95, "fear": 95, "happy": 90, "sad": 20, "surprise": 100, "neutral": 0}

# (middle, spread) of a normal draw; units as in `Traits`. What is worn has its share by the middle:
# -1.3 is one in ten. The zoom crops as tightly as FER-2013's face detector did, and pose is what it left.
TRAITS = {
    "head_w": (0.73, 0.04), "chin": (0.90, 0.04), "jaw": (0.0, 0.10),
    "eye_x": (0.30, 0.02), "eye_y": (-0.16, 0.02), "eye_w": (0.195, 0.015), "eye_h": (0.095, 0.012),
    "brow_y": (-0.385, 0.02), "brow_tilt": (0.0, 0.02), "brow_thick": (0.048, 0.01),
    "nose_y": (0.17, 0.025), "nose_w": (0.105, 0.014),
    "mouth_y": (0.48, 0.022), "mouth_w": (0.28, 0.02), "mouth_curve": (0.0, 0.018), "lip": (0.058, 0.01),
    "hair_low": (-0.62, 0.07), "part": (0.0, 0.35), "uneven": (0.0, 0.12), "gaze_x": (0.0, 0.025),
    "skin": (165.0, 20.0), "hair": (60.0, 30.0), "back": (120.0, 40.0),
    "long_hair": (-0.2, 1.0), "glasses": (-1.3, 1.0), "lock": (-1.5, 1.0), "hand": (-1.7, 1.0),
    "yaw": (0.0, 0.20), "pitch": (0.0, 0.10), "roll": (0.0, 0.10),
    "shift_x": (0.0, 0.08), "shift_y": (0.0, 0.08), "zoom": (1.3, 0.05),
}
# fmt: on
TONES = {"skin": (90, 215), "hair": (12, 200), "back": (5, 250)}  # what a fair exposure leaves of them

BATCH = 500  # faces whose points are held at once: 70 MB
ENLARGED = 3  # a face on the sheet: the least at which a mouth reads well on a screen
LABEL = 72  # pixels of a row's name on the sheet
WIDEST = 100  # faces in a row that an image viewer still opens


def _pulls(labels: np.ndarray, rng: np.random.Generator) -> Muscles:
    """Muscles [N, 1] that show `labels`, from a hint to in full, mixed with a little of another emotion."""
    count = len(labels)
    rows = np.array([EXPRESSIONS[name] for name in EMOTIONS]) / 100
    strength = 0.4 + 0.75 * rng.beta(2, 1.5, (count, 1))  # below 0.4 a person guesses, too
    mixed = 0.35 * rng.beta(1, 3, (count, 1)) * rows[rng.integers(len(rows), size=count)]
    apart = rng.normal(1, 0.2, (count, rows.shape[1]))  # no two people pull alike
    m = Muscles(*((strength * rows[labels] + mixed) * apart).T[:, :, None])
    opened = rng.random((count, 1)) < np.array([OPEN[name] for name in EMOTIONS])[labels, None] / 100
    # some show their teeth and some do not: bright or dark, it is the same mouth
    shown = rng.random((count, 1)) < m.teeth
    return m._replace(gape=m.gape * opened, teeth=shown * rng.uniform(0.5, 1, (count, 1)))


def _persons(count: int, rng: np.random.Generator) -> Traits:
    """Traits [N, 1] of as many persons, each before the camera once."""
    t = Traits(**{name: rng.normal(*pair, (count, 1)) for name, pair in TRAITS.items()})
    return t._replace(**{name: np.clip(getattr(t, name), *ends) for name, ends in TONES.items()})


def _lit(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side, blur, exposure and noise on float pixels [N, 48, 48]; uint8 out."""
    each = (len(pixels), 1, 1)
    # ranges by eye: as uneven as photographs from the web, yet no face is lost in them
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    angle, slope = rng.uniform(0, 2 * np.pi, each), rng.uniform(0, 0.3, each)
    pixels = pixels * (1 + slope * (np.cos(angle) * axis + np.sin(angle) * axis[:, None]))
    blur = rng.uniform(0, 0.3, each)  # share of a pixel that its neighbours take over
    for way in (1, 2):
        pixels = pixels + blur * ((np.roll(pixels, 1, way) + np.roll(pixels, -1, way)) / 2 - pixels)
    contrast, level = rng.uniform(0.85, 1.3, each), rng.normal(125, 15, each)
    noise = rng.uniform(0, 6, each) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return np.clip(np.rint((pixels - 125) * contrast + level + noise), 0, 255).astype(np.uint8)


def _faces(labels: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """An image uint8 [48, 48] of each emotion of int [N]."""
    for start in range(0, len(labels), BATCH):
        part = labels[start : start + BATCH]
        yield from _lit(render(_pulls(part, rng), _persons(len(part), rng)), rng)


def draw_face(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """One image, uint8 [48, 48], of an emotion out of `EMOTIONS` (ValueError for any other)."""
    return next(_faces(np.array([EMOTIONS.index(emotion)]), rng))


def counts(n: int) -> np.ndarray:
    """Faces per emotion, int [7], of n in all: FER-2013's shares by largest remainder.

    An emotion left without a face takes one from the most frequent. Raises UserError below 7 faces.
    """
    if n < len(EMOTIONS):
        raise UserError(f"{n} drawn faces cannot show each of {len(EMOTIONS)} emotions; ask for more")
    whole, remainder = np.divmod(n * np.array(CANONICAL_TRAIN), sum(CANONICAL_TRAIN))
    whole[np.argsort(-remainder, kind="stable")[: n - whole.sum()]] += 1
    for missing in np.flatnonzero(whole == 0):
        whole[whole.argmax()] -= 1
        whole[missing] = 1
    return whole


def rows(n_train: int, n_test: int, seed: int) -> Iterator[Row]:
    """Faces to train and to test on, the latter half public and half private in each emotion.

    One seed gives one set; train and test come from streams of their own, so the size of one leaves
    the other as it is. Raises UserError below 7 faces of either.
    """
    sizes = {"train": counts(n_train), "test": counts(n_test)}
    for part, each in sizes.items():
        emotions = np.repeat(np.arange(len(EMOTIONS)), each)
        # every other one within the sorted emotions
        usages = (Usage.PUBLIC, Usage.PRIVATE) if part == "test" else (Usage.TRAIN,)
        images = _faces(emotions, np.random.default_rng(derive(seed, "synthetic", part)))
        yield from zip(images, emotions.tolist(), itertools.cycle(usages), strict=False)


def draw(n_train: int, n_test: int, seed: int) -> Faces:
    """The faces of `rows` as one set in memory."""
    return Faces.from_rows(rows(n_train, n_test, seed))


def sheet(seed: int, per_class: int) -> Image.Image:
    """A contact sheet, one named row per emotion in the order of `EMOTIONS`, `per_class` faces wide."""
    labels = np.repeat(np.arange(len(EMOTIONS)), per_class)
    pixels = np.stack(list(_faces(labels, np.random.default_rng(derive(seed, "synthetic", "sheet")))))
    rows = pixels.reshape(len(EMOTIONS), per_class, SIDE, SIDE).swapaxes(1, 2)
    grid = Image.fromarray(rows.reshape(len(EMOTIONS) * SIDE, per_class * SIDE))
    grid = grid.resize((grid.width * ENLARGED, grid.height * ENLARGED), Image.Resampling.BICUBIC)
    whole = Image.new("L", (LABEL + grid.width, grid.height), 255)
    whole.paste(grid, (LABEL, 0))
    pen = ImageDraw.Draw(whole)
    for row, name in enumerate(EMOTIONS):
        pen.text((4, (row + 0.5) * SIDE * ENLARGED), name, fill=0, anchor="lm", font_size=14)
    return whole


def write_sheet(path: Path, seed: int, per_class: int) -> None:
    """Write `sheet` as a PNG, whole or not at all. Raises UserError for what cannot be written."""
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: the sheet is a PNG; name it {path.stem or 'sheet'}.png")
    files.write(path, images.png(np.asarray(sheet(seed, per_class))))


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m fer_exp faces sheet.png`; a mistake of the user's is one line and exit code 2."""
    parser = console.Options("faces", "Draw a contact sheet.")
    parser.add_argument("path", type=console.path, help="the PNG to write")
    parser.add_argument("--seed", type=console.seed, default=0, help="which faces (default %(default)s)")
    parser.add_argument(
        "--per-class", type=console.whole(1, WIDEST), default=10, help="faces in a row (default %(default)s)"
    )
    args = parser.parse_args(arguments)
    write_sheet(args.path, args.seed, args.per_class)
