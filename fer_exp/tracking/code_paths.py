"""The code that a logged model carries: the modules that rebuild a network and ask it, and no more.

The whole package is seven times as many files, copied twice for every job.
"""

import shutil
from functools import cache
from modulefinder import Module, ModuleFinder
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def copy(module: str, into: Path) -> Path:
    """A folder `fer_exp` in the folder `into`, of `fer_exp.<module>` and all of ours that it imports."""
    whole = into / PACKAGE.name
    for path in files(module):
        place = whole / path.relative_to(PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return whole


@cache
def files(module: str) -> set[Path]:
    """The files of `fer_exp.<module>` and of every module of ours that it imports when it runs."""
    finder = _Ours([str(PACKAGE.parent)])
    finder.import_hook(f"{PACKAGE.name}.{module}")
    # the type stubs do not know of it
    return {Path(vars(found)["__file__"]) for found in finder.modules.values()}


class _Ours(ModuleFinder):
    """Follows imports, and none of what is not ours."""

    def import_hook(
        self, name: str, caller: Module | None = None, fromlist: list[str] | None = None, level: int = -1
    ) -> Module | None:
        """Take a module and what it imports; raises ImportError for one of another package."""
        if name.partition(".")[0] != PACKAGE.name:
            raise ImportError(name)
        return super().import_hook(name, caller, fromlist, level)
