"""A wheel that is installed without a checkout trains, evaluates and compares."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = ("data.n_train=210", "data.n_test=42", "training.epochs=1")


@pytest.mark.slow
def test_a_wheel_trains_without_the_checkout(tmp_path):
    """With its scripts and conf/ inside; other packages are those of this environment."""
    source, wheels, site, work = (tmp_path / name for name in ("source", "wheels", "site", "work"))
    # built from a copy, as the build leaves a folder behind
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        if not name.startswith(("docs/", "tests/", ".")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, source], check=True)
    [wheel] = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    work.mkdir()
    ours = ("-m", "fer_exp")

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        # neither is there
        assert not re.search(r"\bmake \w|python \w+\.py", done.stdout), done.stdout
        return done.stdout

    where = "import fer_exp, hydra_plugins.fer_exp as plugins; print(fer_exp.__file__, plugins.__file__)"
    assert all(place.startswith(str(site)) for place in run("-c", where).split())
    assert "fer-exp train study=optimizer dry_run=true" in run(*ours, "train", "--help")
    assert "2 done" in run(*ours, "train", "-m", "optimizer=sgd,adam", "n_jobs=2", *FEW)
    assert "adhoc on synthetic: accuracy on the test set" in run(
        *ours, "evaluate", "study=adhoc", "baseline=majority"
    )
    assert "sgd" in run(*ours, "compare")
    assert (site / "bin" / "fer-exp").is_file()
    assert not (site / "fer_exp" / "scripts" / "setup.py").exists()
