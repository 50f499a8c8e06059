"""A sweep whose jobs are handed to Slurm, here stand-ins for its commands, and summed up later."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.processes import FEW, ROOT, open_store, run

from fer_exp.errors import UserError
from hydra_plugins.fer_exp.submitit_launcher import SubmititLauncher

SWEEP = ("-m", "optimizer=sgd,adam", "seed=0,1", "training.epochs=1", *FEW)
DETACHED = ("hydra/launcher=submitit_slurm", "detach=true", "n_jobs=2")
ASKING = (
    "hydra.launcher.slurm_partition=long",
    "hydra.launcher.mem_gb=6",
    "hydra.launcher.timeout_min=90",
    "hydra.launcher.slurm_additional_parameters={qos:high}",
)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder with commands of Slurm's: what is submitted is kept as `given`, what is `queued` is listed."""
    commands = {
        "sbatch": f'cp "$1" {tmp_path}/given; echo Submitted batch job 7',
        "squeue": f"cat {tmp_path}/queued",
        "srun": 'until [ -x "$1" ]; do shift; done; exec "$@"',
    }
    for name, text in commands.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    (tmp_path / "queued").write_text("")
    return tmp_path


def work(slurm: Path, **array: int) -> None:
    """Do what was submitted, as a node of Slurm does; array: of several jobs, the number of this one."""
    own = {
        "JOB_ID": 7,
        **array,
        "NTASKS": 1,
        "PROCID": 0,
        "LOCALID": 0,
        "NODEID": 0,
        "JOB_NUM_NODES": 1,
        "JOB_NODELIST": "here",
    }
    environment = os.environ | {f"SLURM_{key}": str(value) for key, value in own.items()}
    environment |= {"PYTHONPATH": str(ROOT)}
    command = ["sh", str(slurm / "given")]
    done = subprocess.run(command, cwd=slurm, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_jobs_are_handed_over_and_summed_up_by_the_same_command(slurm, migrated_store):
    """What Slurm has is not handed over twice, what it lost is again, and one run stands for the sweep."""
    pytest.importorskip("submitit", reason="the extra submitit is not installed")
    shutil.copy(migrated_store, slurm / "mlflow.db")
    first = run(slurm, *SWEEP, *DETACHED, *ASKING)
    assert first.returncode == 0, first.stderr
    assert "handed over to Slurm: 7_0, 7_1, 7_2, 7_3" in first.stdout
    lines = (slurm / "given").read_text(encoding="utf-8").splitlines()
    asked = {line.removeprefix("#SBATCH --") for line in lines}
    assert asked >= {"array=0-3%2", "partition=long", "mem=6GB", "time=90", "qos=high"}
    assert asked >= {"cpus-per-task=1", "job-name=fer-exp"}
    [sweep] = open_store(slurm).records(kind="sweep")
    assert sweep.status == "SCHEDULED"
    (slurm / "queued").write_text("7_0\n7_1\n7_2\n7_3\n9_1\n")
    assert "0 of 4 done, 4 with Slurm" in run(slurm, *SWEEP, *DETACHED).stdout
    # the last is lost
    for task in range(3):
        work(slurm, ARRAY_JOB_ID=7, ARRAY_TASK_ID=task)
    (slurm / "queued").write_text("9_1\n")
    again = run(slurm, *SWEEP, *DETACHED)
    assert "3 of 4 done, 1 with Slurm" in again.stdout, again.stderr
    work(slurm)
    ended = run(slurm, *SWEEP, *DETACHED)
    assert "4 reused" in ended.stdout, ended.stderr
    [sweep] = open_store(slurm).records(kind="sweep")
    assert sweep.status == "FINISHED"
    children = open_store(slurm).records("FINISHED", kind="job")
    assert {child.tags["mlflow.parentRunId"] for child in children} == {sweep.run_id}


def test_a_queue_that_cannot_be_read_hands_nothing_over(slurm):
    """Its jobs might be handed over twice."""
    (slurm / "queued").unlink()
    with pytest.raises(UserError, match="squeue does not say which jobs Slurm has"):
        SubmititLauncher.still_there(["7_0"])
