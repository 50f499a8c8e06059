"""A disk of temporary files that is full."""

import os
import subprocess
import sys

import pytest
from helpers.disks import small_disk
from helpers.processes import FEW, ROOT, open_store

pytestmark = pytest.mark.slow


@pytest.fixture
def full(tmp_path):
    """A folder for temporary files, where 8 kB are left."""
    with small_disk(tmp_path / "temporary", "64k") as place:
        # with room for the few bytes by which Python tries a folder
        (place / "filler").write_bytes(bytes(56 << 10))
        yield place


def program(folder, temporary, *command):
    """The exit code of a command with this folder for temporary files, and what it said on stderr."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.fault(
    "Environment: TMPDIR is full while a model is kept, and while one is exported",
    trials=2,
    expected="one line; FAILED; the same command goes on where there is room; nothing is left there",
)
def test_full_temporary_files_cost_one_line(tmp_path, full):
    """A job goes on after its last epoch, when only its model was missing."""
    work = tmp_path / "work"
    work.mkdir()
    train = (ROOT / "train.py", "training.epochs=2", *(each for each in FEW if "log_model" not in each))
    code, said = program(work, full, *train)
    assert code == 2
    assert f"error: {full}/fer-exp-scratch-" in said
    assert "cannot be written (No space left on device); make room, then start the same again" in said
    store = open_store(work)
    assert [run.status for run in store.records(kind="job")] == ["FAILED"]
    assert program(work, tmp_path, *train)[0] == 0
    (run,) = store.records(kind="job")
    assert run.status == "FINISHED"
    assert sorted(point.step for point in store.client.get_metric_history(run.run_id, "loss/val")) == [1, 2]
    export = ("-m", "fer_exp", "export", "--run", "latest", "--output", "m.onnx", "--quantise")
    code, said = program(work, full, *export)
    assert code == 2
    assert "error: a temporary file: cannot be written (No space left on device); make room" in said
    assert not (work / "m.onnx").exists()
    assert [path.name for path in full.glob("fer-exp*")] == []
