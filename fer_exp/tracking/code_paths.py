"""The code that a logged model carries: the modules that rebuild a network and ask it, and no more.

The whole package is seven times as many files, copied twice for every job.
"""

import ast
import shutil
from collections.abc import Iterator
from functools import cache
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
    found: set[Path] = set()
    waiting = [f"{PACKAGE.name}.{module}"]
    while waiting:
        for path in _files_of(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting += _imported(path)
    return found


def _files_of(name: str) -> Iterator[Path]:
    """The files that Python runs to import a dotted name, which may be one of something in a module."""
    at = PACKAGE
    yield at / "__init__.py"
    for part in name.split(".")[1:]:
        at /= part
        module = at / "__init__.py" if at.is_dir() else at.with_suffix(".py")
        if module.is_file():
            yield module


def _imported(path: Path) -> Iterator[str]:
    """The dotted names of ours that a file imports when it runs, anywhere in it."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            # what only a type checker reads
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        yield from (name for name in names if name.split(".")[0] == PACKAGE.name)
        waiting += ast.iter_child_nodes(node)
