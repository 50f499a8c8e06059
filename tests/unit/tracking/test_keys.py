"""The names of the store stand in `keys` and `artifacts` alone, and are those that kept runs have."""

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_exp.config import settings
from fer_exp.tracking import artifacts, keys

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for path in (*ROOT.glob("*.py"), *ROOT.glob("hydra_plugins/**/*.py"), *ROOT.glob("fer_exp/**/*.py"))
    if path not in (Path(keys.__file__), Path(artifacts.__file__))
]

# A metric, or the beginning of one in an f-string; an artifact; a tag of MLflow's.
METRIC = re.compile(
    r"(accuracy|loss|macro_f1|selected|test|solver|taggers|mismatch|prior|optimizer|time|sweep)/\w*"
)
MLFLOW_TAG = re.compile(r"mlflow\.(parentRunId|note|source|runName|user|data)\b.*")
ARTIFACTS = {value for value in vars(artifacts).values() if isinstance(value, str) and "." in value}
# conf/ has a file of this name, too
ARTIFACTS -= {artifacts.CONFIG}
TAGS = {value for name, value in vars(keys.Tag).items() if name.isupper()}
# Tags that are no words of their own elsewhere.
TELLING = {"resumed_from", "taught_by", "test_opened", "moved_from"}
KINDS = {value for name, value in vars(keys.Kind).items() if name.isupper()}
KINDS |= {f"keys.Kind.{name.upper()}" for name in KINDS}
# Whose keywords are tags.
TAKE_TAGS = {"records", "tag", "close_abandoned", "reopen"}


def typed(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names of the store that a module types itself, each with its line."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            if METRIC.match(node.values[0].value) or node.values[0].value == "choice.":
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            name = node.value
            if METRIC.fullmatch(name) or MLFLOW_TAG.fullmatch(name) or name in ARTIFACTS | TELLING:
                yield node.lineno, name
        for told in asked(node):
            yield node.lineno, told


def asked(node: ast.AST) -> Iterator[str]:
    """The names that are typed to ask a run's tags, params or metrics, or to query a store."""
    if isinstance(node, ast.Subscript) and is_told(node.value):
        names = [node.slice]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        names = node.args[:1] if is_told(node.func.value) and node.func.attr == "get" else []
        if node.func.attr in TAKE_TAGS:
            yield from {word.arg for word in node.keywords if word.arg} - TAGS
    elif isinstance(node, ast.Compare) and any(map(is_told, node.comparators)):
        names = [node.left]
    elif isinstance(node, ast.Dict):
        # whoever tells a run's kind makes its tags
        pairs = zip(node.keys, node.values, strict=True)
        names = [key for key, value in pairs if ast.unparse(value).strip("'") in KINDS]
    else:
        names = []
    yield from (name.value for name in names if isinstance(name, ast.Constant))


def is_told(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("tags", "params", "metrics")


def test_nobody_else_types_a_name_of_the_store():
    assert Path(settings.__file__) in SOURCES
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in SOURCES
        for line, name in typed(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, f"use fer_exp.tracking.keys or artifacts: {found}"


@pytest.mark.parametrize(
    "line",
    [
        'run.log({"loss/val": 1.0})',
        'run.log({f"test/{part}/n": 1.0})',
        'run.tags["study"]',
        'run.params.get("faces.fit")',
        '"selected/epoch" in run.metrics',
        'store.records(stduy="optimizer")',
        'run.fetch("plan.json")',
        'tags = {"mlflow.parentRunId": parent}',
    ],
)
def test_a_typed_name_is_found(line):
    assert list(typed(ast.parse(line)))


def test_the_names_are_those_of_the_runs_that_are_kept():
    assert keys.epoch("train", "macro_f1") == "macro_f1/train"
    assert keys.SELECTED_VAL_ACCURACY == "selected/val_accuracy"
    assert keys.SELECTED_VAL_LOSS == "selected/val_loss"
    assert keys.TEST_ACCURACY == "test/union/accuracy"
    assert keys.FIT_SECONDS == "solver/seconds"
    assert keys.mismatch(keys.SOUND) == "mismatch/unit/upright/same_order"
    assert keys.mismatches(["loss/val", "mismatch/raw/upright/same_order", keys.mismatch(keys.SOUND)]) == [
        "raw/upright/same_order"
    ]


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("val/loss", "loss/val"),
        ("yardstick/val_majority_accuracy", keys.MAJORITY_ACCURACY),
        ("fit/peak_gib", "solver/peak_gib"),
        ("selected/epoch", "selected/epoch"),
    ],
)
def test_a_name_that_was_given_up_is_still_read(store, former, present):
    """In a store, where `final` runs of that time stand beside new ones, and in an archive."""
    run = store.create("a", {}, {})
    run.log({former: 1.0})
    for record in (store.record(run.id), *store.records()):
        assert dict(record.metrics) == {present: 1.0}


def test_the_params_that_are_read_back_are_settings_or_facts_about_the_faces():
    parts = {field.name for field in dataclasses.fields(settings.Experiment)} | {"faces", "ensemble"}
    dotted = [value for name, value in vars(keys.Param).items() if name.isupper() and "." in value]
    assert {value.partition(".")[0] for value in dotted} <= parts


def test_the_names_alone_import_nothing():
    code = f"import sys; sys.path.insert(0, {str(Path(keys.__file__).parent)!r}); before = set(sys.modules); "
    code += "import keys; print(*{name.split('.')[0] for name in set(sys.modules) - before} - {'keys'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mlflow", "torch", "numpy", "fer_exp"} & set(done.stdout.split())
