"""What would act if a reader took a file of a stranger's for a pickle of its own."""

import os
from pathlib import Path


class Planted:
    """Makes a folder when a pickle of it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)
