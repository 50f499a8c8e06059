"""Packages that are missing, in part, or broken: one line from each command that needs them."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fer_exp import extras
from fer_exp.data import download
from fer_exp.errors import UserError
from fer_exp.inference import face_detection, onnx_export
from fer_exp.inference.demo import app
from fer_exp.tracking.server import team
from hydra_plugins.fer_exp.ray_launcher import RayLauncher
from hydra_plugins.fer_exp.submitit_launcher import SubmititLauncher

# What stands in the package's folder, None where there is no such folder, and what is said of it.
STATES = {
    "missing": (None, "is not installed"),
    "removed_but_for_its_folder": ({}, "is there in part"),
    "without_one_that_it_needs": ({"__init__.py": "import never_there"}, "lacks never_there"),
    "without_a_part_of_itself": ({"__init__.py": "from . import gone"}, "cannot be imported (cannot import"),
    "without_a_library": (
        {"__init__.py": "raise ImportError('libGL.so.1: cannot open shared object file')"},
        "cannot be imported (libGL.so.1: cannot open shared object file)",
    ),
    "whole": ({"__init__.py": ""}, None),
    "for_another_numpy": (
        {"__init__.py": "raise AttributeError('_ARRAY_API not found')"},
        "cannot be imported (_ARRAY_API not found)",
    ),
    "cut_short": ({"__init__.py": "def f("}, "cannot be imported ('(' was never closed"),
    "damaged": ({"__init__.py": "x = '\0'"}, "cannot be imported (source code"),
}

# What needs each package, and the extra that brings it.
USERS = {
    "fastapi": ("demo", app.require_packages),
    "uvicorn": ("demo", app.require_packages),
    "onnx": ("onnx", onnx_export.require_packages),
    "onnxruntime": ("onnx", onnx_export.require_packages),
    "onnxscript": ("onnx", onnx_export.require_packages),
    "ray": ("ray", lambda: RayLauncher.check(SimpleNamespace())),
    "submitit": ("submitit", lambda: SubmititLauncher.check(SimpleNamespace(cluster="local"))),
    "flask_wtf": ("server", lambda: team.serve(team.parse([]))),
}


@pytest.mark.fault(
    "Environment: an optional package that is missing, in part or broken",
    trials=len(STATES) + len(USERS) + 2,
    expected="one line that names it, and the command that installs it",
)
@pytest.mark.parametrize("state", STATES)
def test_what_is_wrong_with_a_package_is_said(tmp_path, monkeypatch, state):
    """Whoever removes one, or ends its installation, leaves a part; others break with the system."""
    files, said = STATES[state]
    monkeypatch.syspath_prepend(tmp_path)
    if files is not None:
        (tmp_path / state).mkdir()
    for name, text in (files or {}).items():
        (tmp_path / state / name).write_text(text)
    found = extras.lack(state)
    assert found is None if said is None else found.startswith(said)


@pytest.mark.parametrize("package", USERS)
def test_what_needs_it_says_how_to_get_it(monkeypatch, package):
    """In one line, before anything else is done."""
    monkeypatch.setenv("MLFLOW_AUTH_ADMIN_PASSWORD", "a-very-long-password-1")
    monkeypatch.setenv("MLFLOW_FLASK_SERVER_SECRET_KEY", "a" * 40)
    monkeypatch.setattr(extras, "lack", lambda asked: "is there in part" if asked == package else None)
    extra, needs = USERS[package]
    with pytest.raises(UserError) as told:
        needs()
    by, _, rest = str(told.value).partition(" needs ")
    assert by
    assert rest == f'{package}, which is there in part: .venv/bin/pip install -e ".[{extra}]"'


def test_a_download_and_a_photo_do_with_less(monkeypatch, tmp_path):
    """The set can be got by hand; the middle of a photo is taken where nothing looks for a face."""
    monkeypatch.setattr(extras, "lack", lambda _: "cannot be imported (libGL.so.1)")
    with pytest.raises(UserError, match="the download needs kagglehub, which cannot be imported"):
        download.download(tmp_path / "fer2013")
    assert face_detection.load() is None
    [view] = face_detection.views(Image.fromarray(np.zeros((90, 120), np.uint8)), None)
    assert "as OpenCV cannot be imported (libGL.so.1) (.venv/bin/pip install" in view.note
