"""The user's browser, where there is one with windows."""

import os
import sys


def has_windows() -> bool:
    """Whether a browser with windows can open; without a display Python may find one for the terminal."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in screens)
