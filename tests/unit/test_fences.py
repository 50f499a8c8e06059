"""Who may import whom, how long a file may be, and where its tests lie."""

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
ALL = MODULES + SCRIPTS + PLUGINS


class RunningCode(ast.NodeTransformer):
    """Leaves out what only a type checker reads."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Keep the `else` of an `if TYPE_CHECKING`."""
        self.generic_visit(node)
        return node.orelse if ast.unparse(node.test).endswith("TYPE_CHECKING") else node


@cache
def imports(path: Path, running: bool = False) -> frozenset[str]:
    """Full names of all that a file imports, anywhere in it; running: without what is for types alone."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(RunningCode().visit(tree) if running else tree):
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


def test_only_tracking_knows_mlflow():
    """One module to change when the tracker does."""
    knows = {path for path in ALL if "mlflow" in packages(path)}
    assert [path for path in knows if ROOT / "fer_exp" / "tracking" not in path.parents] == []


def test_only_the_face_finder_knows_opencv():
    """It is an optional extra, so whoever else imported it would fail without."""
    assert [path.name for path in MODULES + SCRIPTS if "cv2" in imports(path)] == ["face_detection.py"]


def test_only_the_demo_pages_server_knows_fastapi():
    """An optional extra, too; the command says in a line if it is missing."""
    web = {"fastapi", "starlette", "uvicorn"}
    knows = [path.name for path in MODULES + SCRIPTS if packages(path) & web]
    assert knows == ["server.py"]


def test_only_export_knows_onnx():
    """An optional extra, too; the command says in a line if it is missing."""
    onnx = {"onnx", "onnxruntime", "onnxscript"}
    knows = [path.name for path in MODULES + SCRIPTS if packages(path) & onnx]
    assert knows == ["onnx_export.py"]


def test_only_the_scripts_and_plugins_know_hydra():
    """Below them a config is plain data."""
    assert [path for path in ALL if {"hydra", "hydra_plugins", "omegaconf"} & packages(path)] == (
        SCRIPTS + PLUGINS
    )


@pytest.mark.parametrize("engine", ["ray", "submitit"])
def test_only_its_launcher_knows_an_engine_that_runs_jobs_elsewhere(engine):
    """Optional extras; the launcher of each says in a line if it is missing."""
    assert [path.name for path in ALL if engine in packages(path)] == [f"{engine}_launcher.py"]


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
