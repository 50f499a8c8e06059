"""How much a source may hold: what is larger is refused in one line, before it fills memory or takes hours.

FER-2013 is 35,887 faces and 83 MB of pixels, so a whole set is held in memory, for a moment twice.
"""

import time
from typing import NoReturn

from fer_exp.errors import UserError

# 1.2 GB of pixels; fourteen times FER-2013.
MOST_FACES = 500_000

# Of all files, or of all lines; 35,887 photos of a phone take this much.
MOST_BYTES = 64 << 30

# FER-2013 takes 6 s, and so many photos of a phone an hour and a half.
MOST_SECONDS = 3 * 3600


class Budget:
    """What one reading of a source has left of these."""

    def __init__(self, place: str):
        self._place = place
        self._items = self._bytes = 0
        self._end = time.monotonic() + MOST_SECONDS

    def spend(self, size: int) -> None:
        """Count an image or a line of `size` bytes; raises UserError that names the place past a limit."""
        self._items += 1
        self._bytes += size
        if self._items > MOST_FACES:
            self._refuse(f"holds more than {MOST_FACES:,} images or lines")
        if self._bytes > MOST_BYTES:
            self._refuse(f"holds more than {MOST_BYTES >> 30} GiB")
        if time.monotonic() > self._end:
            self._refuse(f"took more than {MOST_SECONDS // 3600} hours to read")

    def _refuse(self, text: str) -> NoReturn:
        raise UserError(f"{self._place}: {text}; take a part of it, or smaller images")
