"""A sheet of near-copies to look at: whether two faces show one photo is for an eye to say."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fer_exp.data import images
from fer_exp.data.near_copies import Pairs
from fer_exp.fer2013 import SIDE
from fer_exp.files import write

# Pairs in a row, and on a sheet: as many as can be looked at on one screen.
ACROSS, MOST = 8, 64

# Each pixel of a face is drawn so many times as wide and high; the caption below is so many pixels high.
_SCALE, _CAPTION, _GAP = 2, 14, 8


def near_copy_sheet(pixels: np.ndarray, pairs: Pairs, path: Path) -> int:
    """Write a PNG of up to `MOST` pairs from the lowest correlation to the highest; how many it shows.

    pixels: uint8 [N, 48, 48], to which the pairs' positions belong. The second face of a mirrored pair is
    turned. A caption holds the correlation, how far the first lies lower and further right, and `m` where the
    second was mirrored. Raises UserError if the file cannot be written.
    """
    # evenly among the ranks, both ends too
    ranks = np.linspace(0, len(pairs) - 1, min(len(pairs), MOST)).round().astype(np.int64)
    shown = pairs[np.argsort(pairs.correlation, kind="stable")[ranks]]
    width, height = 2 * SIDE * _SCALE + _GAP, SIDE * _SCALE + _CAPTION + _GAP
    rows = max(-(-len(shown) // ACROSS), 1)
    sheet = Image.new("L", (ACROSS * width + _GAP, rows * height + _GAP), 255)
    draw = ImageDraw.Draw(sheet)
    for number in range(len(shown)):
        row, column = divmod(number, ACROSS)
        left, top = _GAP + column * width, _GAP + row * height
        second = pixels[shown.second[number]]
        for place, face in enumerate(
            (pixels[shown.first[number]], second[:, ::-1] if shown.mirrored[number] else second)
        ):
            drawn = Image.fromarray(np.kron(face, np.ones((_SCALE, _SCALE), np.uint8)))
            sheet.paste(drawn, (left + place * SIDE * _SCALE, top))
        draw.text((left, top + SIDE * _SCALE + 1), _caption(shown, number), fill=0)
    write(path, images.png(np.asarray(sheet)))
    return len(shown)


def _caption(pairs: Pairs, number: int) -> str:
    shift = f"{pairs.down[number]:+d} {pairs.right[number]:+d}"
    return f"{pairs.correlation[number]:.3f}  {shift}{'  m' if pairs.mirrored[number] else ''}"
