"""The script, as a user runs it: real processes on few drawn faces."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys

import pytest
from helpers.patience import PATIENCE
from helpers.processes import FEW, ROOT, open_store, run, start


def test_help_lists_every_group_without_heavy_imports(tmp_path):
    """--help names the groups, and neither torch nor mlflow is imported on its way."""
    command = [sys.executable, "-X", "importtime", str(ROOT / "train.py"), "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True)
    # Hydra leaves its own groups out
    for group in {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()} - {"hydra"}:
        assert f"{group}:" in done.stdout or f"{group}/" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hydra" in imported
    assert not {"torch", "mlflow"} & imported


@pytest.mark.slow
def test_a_typed_batch_size_composes(tmp_path):
    """`batch_size=48` and `activation=tanh` work as people type them; Hydra takes the run's config back."""
    done = run(tmp_path, "batch_size=48", "activation=tanh", "training.epochs=1", *FEW[:2])
    assert done.returncode == 0, done.stderr
    [record] = open_store(tmp_path).records(kind="job")
    assert record.params["training.batch_size"] == "48"
    assert record.params["model.activation.name"] == "tanh"
    assert "choice.batch_size" not in record.tags
    assert "[1/1] train loss " in done.stdout
    config = open_store(tmp_path).run(record.run_id).fetch("config.yaml")
    kept = (f"--config-dir={config.parent}", "--config-name=config")
    again = run(tmp_path, *kept)
    assert "main: trained before" in again.stdout, again.stderr
    more = run(tmp_path, "-m", *kept, "seed=1,2", "optimizer.lr=0.01", "training.batch_size=32", "n_jobs=1")
    assert "2 done" in more.stdout, more.stderr
    named = open_store(tmp_path).client.get_model_version_by_alias("fer-exp", "best-synthetic")
    assert named.run_id == open_store(tmp_path).find("best").run_id
    other = run(tmp_path, *kept, "optimizer=sgd").stderr
    assert "optimizer: this config chooses no option of that name" in other


@pytest.mark.slow
def test_a_sweep_is_trained_once_and_a_failed_arm_stops_nobody(tmp_path):
    """Two arms finish beside one that diverges; the same command again trains only that one."""
    sweep = ("-m", "optimizer=sgd", "optimizer.lr=0.01,0.1,1e30", "training.epochs=2", *FEW)
    first = run(tmp_path, *sweep)
    assert first.returncode == 1
    assert "1 failed" in first.stdout
    assert "2 done" in first.stdout
    store = open_store(tmp_path)
    [parent] = store.records(kind="sweep")
    children = store.records(kind="job")
    assert parent.status == "FAILED"
    assert {child.tags["mlflow.parentRunId"] for child in children} == {parent.run_id}
    assert sorted(child.status for child in children) == ["FAILED", "FINISHED", "FINISHED"]
    again = run(tmp_path, *sweep, "rerun=none", "n_jobs=1")
    assert "2 reused" in again.stdout
    assert len(store.records(kind="job")) == 3
    stopped = run(tmp_path, *sweep, "seed=1", "optimizer.lr=1e30,0.01", "n_jobs=1", "on_failure=stop")
    assert stopped.returncode == 1
    assert "1 failed, 1 not started" in stopped.stdout
    plan = run(tmp_path, *sweep, "dry_run=true")
    assert (plan.returncode, len(store.records(kind="sweep"))) == (0, 3)
    assert "2 reuse" in plan.stdout


@pytest.mark.slow
def test_a_sweep_killed_half_way_is_finished_by_the_same_command(tmp_path):
    """SIGKILL to the whole group: nothing stays RUNNING, and each epoch is in the store once."""
    sweep = ["-m", "seed=0,1", "training.epochs=30", "stopping=none", *FEW]
    process = start(tmp_path, *sweep)
    process.wait_for(lambda: list(tmp_path.glob("mlartifacts/*")))
    store = open_store(tmp_path)
    process.wait_for(lambda: any("loss/val" in child.metrics for child in store.records(kind="job")))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert store.records("RUNNING")
    done = run(tmp_path, *sweep)
    assert done.returncode == 0, done.stderr
    assert not store.records("RUNNING")
    children = store.records("FINISHED", kind="job")
    assert len(children) == 2
    for child in children:
        steps = [point.step for point in store.client.get_metric_history(child.run_id, "loss/val")]
        assert sorted(steps) == list(range(1, 31))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_ends_as_killed(tmp_path, number):
    """SIGTERM and Ctrl-C end the run as KILLED, with the epochs so far."""
    process = start(tmp_path, "training.epochs=100000", "stopping=none", *FEW)
    process.wait_for(lambda: "\n[2/" in process.stdout)
    process.send_signal(number)
    assert process.wait() == 128 + number
    if number == signal.SIGINT:
        [killed] = open_store(tmp_path).records(kind="job")
        resume = f"python train.py resume={killed.run_id[:8]}"
        said = process.stderr.splitlines()[-1]
        assert said.startswith(f"interrupted: go on by the same command, or by: {resume} data.n_train=140")
        done = run(tmp_path, *shlex.split(said.partition("train.py ")[2]), "training.epochs=9")
        assert done.returncode == 0, done.stderr
        assert "epochs 100000 · none · resumed: " in done.stdout
    record = open_store(tmp_path).records(kind="job")[-1]
    assert record.status == "KILLED"
    assert "loss/val" in record.metrics


@pytest.mark.slow
def test_train_evaluate_compare(tmp_path):
    """From nothing to the table: the main job, its test scores, and a row an arm with both."""
    sweep = ("-m", "n_jobs=1", "optimizer=sgd,adam", "seed=range(0,2)", "training.epochs=2", *FEW)
    done = run(tmp_path, *sweep)
    assert done.returncode == 0, done.stderr
    scored = run(tmp_path, "study=adhoc", "ensembles=true", "baseline=majority", script="evaluate.py")
    assert scored.returncode == 0, scored.stderr
    assert "adhoc on synthetic: accuracy on the test set" in scored.stdout
    assert all(f"{name} · mean of 2 seeds" in scored.stdout for name in ("sgd", "adam"))
    table = run(tmp_path, "--format", "csv", script="compare")
    assert table.returncode == 0, table.stderr
    rows = list(csv.DictReader(table.stdout.splitlines()))
    tested = [row for row in rows if (row["table"], row["split"], row["runs"]) == ("scores", "test", "2")]
    assert [row["arm"] for row in tested] == ["sgd", "adam"]
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in tested)
    store = open_store(tmp_path)
    [sweep] = store.records(kind="sweep")
    assert sweep.params["command"].startswith(
        "python train.py -m optimizer=sgd,adam 'seed=range(0,2)' training"
    )
    plan = json.loads(store.run(sweep.run_id).fetch("plan.json").read_text())
    assert [job["name"] for job in plan["jobs"]] == [
        "sgd · seed 0",
        "sgd · seed 1",
        "adam · seed 0",
        "adam · seed 1",
    ]
