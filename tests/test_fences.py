"""Who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "fer_exp").rglob("*.py"))
# A subpackage counts as one module.
PARTS = {path: path.relative_to(ROOT / "fer_exp").parts[0].removesuffix(".py") for path in MODULES}
NAMES = set(PARTS.values())
SCRIPTS = [ROOT / "train.py", ROOT / "evaluate.py"]

# Below these nothing of ours may be imported except among themselves.
WORDS = {"errors", "faces", "metrics", "schema", "seeds", "settings", "statistics", "tables", "published"}


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def ours(path: Path) -> set[str]:
    """Modules of ours that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("fer_exp.")} & NAMES


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=lambda path: path.name)
def test_only_tracking_knows_mlflow(path):
    """One module to change when the tracker does."""
    knows = any(name.split(".")[0] == "mlflow" for name in imports(path))
    assert knows <= (path.parent.name == "tracking")


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=lambda path: path.name)
def test_only_the_scripts_know_hydra(path):
    """Below them a config is plain data."""
    knows = any(name.split(".")[0] in ("hydra", "omegaconf") for name in imports(path))
    assert knows == (path in SCRIPTS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_words_import_only_words(path):
    """The lowest row stands on its own."""
    if path.stem in WORDS:
        assert ours(path) <= WORDS


def test_imports_point_one_way():
    """No module imports, over any number of steps, what imports it; for types alone it may."""
    # jobs names two types for readers of its signatures and imports nothing when it runs
    arrows: dict[str, set[str]] = {name: set() for name in NAMES}
    for path, name in PARTS.items():
        if name != "jobs":
            arrows[name] |= ours(path) - {name}
    order: list[str] = []
    while arrows:
        free = sorted(name for name, needs in arrows.items() if not needs & set(arrows))
        assert free, f"a circle among {sorted(arrows)}"
        order += free
        for name in free:
            del arrows[name]
    assert order.index("faces") < order.index("training") < order.index("experiment") < order.index("sweep")
