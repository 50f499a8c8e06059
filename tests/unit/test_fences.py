"""What the scripts and plugins import, how long a file may be, and where its tests lie.

Of the package itself `make lint` tells: who may import whom stands in pyproject.toml.
"""

import ast
import importlib.util
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "fer_exp").rglob("*.py"))
SCRIPTS = sorted({*ROOT.glob("*.py")} - {ROOT / "setup.py"})
# What Hydra itself looks for, beside the scripts.
PLUGINS = sorted((ROOT / "hydra_plugins" / "fer_exp").glob("*[a-z].py"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of all that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name}:{node.lineno}: a relative import, which is not followed here"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return frozenset(found)


def packages(path: Path) -> set[str]:
    """The packages that a file imports from."""
    return {name.split(".")[0] for name in imports(path)}


def test_there_is_something_to_look_at():
    """An empty list would pass every fence, and a fence around nothing guards nothing."""
    assert {path.name for path in SCRIPTS} == {"train.py", "evaluate.py"}
    assert any("mlflow" in imports(path) for path in MODULES)
    assert {"sweeper.py", "joblib_launcher.py"} < {path.name for path in PLUGINS}


# What only a part of the package may know, and only the launcher of an engine that runs jobs elsewhere.
SHUT = {"mlflow", "cv2", "fastapi", "starlette", "uvicorn", "onnx", "onnxruntime", "onnxscript"}
ENGINES = {"ray": "ray_launcher.py", "submitit": "submitit_launcher.py"}


def test_scripts_and_plugins_know_hydra_and_no_tracker_or_extra():
    """Each optional extra is imported where its lack is said in a line."""
    known = {path.name: packages(path) & (SHUT | ENGINES.keys()) for path in SCRIPTS + PLUGINS}
    assert {name: found for name, found in known.items() if found} == {
        launcher: {engine} for engine, launcher in ENGINES.items()
    }
    assert all({"hydra", "hydra_plugins"} & packages(path) for path in SCRIPTS + PLUGINS)


def test_no_module_imports_a_script():
    """Scripts are where things end."""
    scripts = {script.stem for script in SCRIPTS}
    assert [path for path in MODULES if packages(path) & scripts] == []


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_what_a_benchmark_imports_of_ours_is_there(path):
    """No other test runs them, and a module that was renamed would be missed when it is too late."""
    siblings = {sibling.stem for sibling in path.parent.glob("*.py")}
    # an extra of their own
    elsewhere = packages(path) - siblings - {"lightning", "jax", "optax"}
    assert all(importlib.util.find_spec(name) for name in elsewhere), elsewhere
    for whole in {name for name in imports(path) if name.startswith("fer_exp.")}:
        place, _, last = whole.rpartition(".")
        assert hasattr(importlib.import_module(place), last) or importlib.util.find_spec(whole), whole


def python_files() -> list[Path]:
    """What git tracks, or all of the source where this is no checkout."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--", "*.py"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        # one that is deleted and not yet committed is still listed
        return [path for name in listed.split("\0")[:-1] if (path := ROOT / name).exists()]
    folders = ("fer_exp", "hydra_plugins", "tests", "benchmarks")
    return SCRIPTS + [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_no_file_is_longer_than_250_lines():
    """One that grows past it holds two things."""
    paths = python_files()
    assert {*SCRIPTS, Path(__file__)} < {*paths}
    lines = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > 250} == {}


def test_the_unit_tests_mirror_the_package():
    """A folder of tests is named after the subpackage whose modules it tests."""
    folders = {
        path.parent.relative_to(ROOT / "tests/unit") for path in (ROOT / "tests/unit").rglob("test_*.py")
    }
    assert {str(each) for each in folders if not (ROOT / "fer_exp" / each / "__init__.py").exists()} == set()


def test_no_page_is_longer_than_200_lines():
    """A reader should see its end; the list of all options, which is generated, is looked up."""
    pages = {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "docs" / "configuration.md"}
    lines = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in pages}
    assert {name: count for name, count in lines.items() if count > 200} == {}
