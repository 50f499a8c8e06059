"""A server of runs that stops in mid-run: nothing is lost, and `make sync` sends what was left."""

import os
import signal
import time

import pytest
from helpers.processes import run, start
from helpers.refused import refusal
from mlflow import MlflowClient

from fer_exp.tracking import outbox, sync
from fer_exp.tracking.server import mlflow_server

EPOCHS = 150
LONG = (f"training.epochs={EPOCHS}", "stopping=none", "data.n_train=1400", "data.n_test=70")
SHORT = ("training.epochs=40", *LONG[1:])


def test_without_anything_kept_it_says_so(tmp_path, monkeypatch, capsys):
    """No server is asked."""
    monkeypatch.chdir(tmp_path)
    sync.main([])
    assert capsys.readouterr().out == "nothing is left to send\n"


def test_a_login_goes_to_no_server_that_only_a_file_names(tmp_path, monkeypatch, capsys):
    """Whoever can write into the folder would else collect passwords."""
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / ".cache" / "spool" / "127.0.0.1_9" / "0" / "entries.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}\n")
    (kept.parent.parent / "server").write_text("http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    said = refusal(capsys, sync.main)
    assert "not sent your login unasked; if you trust it: --tracking-uri" in said
    asked = refusal(capsys, sync.main, "--tracking-uri", "http://127.0.0.1:9")
    assert "no MLflow server answers there" in asked


def test_a_folder_that_does_not_say_whose_it_is_is_one_line(tmp_path, monkeypatch, capsys):
    """And so is an address that is none."""
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / ".cache" / "spool" / "host_1" / "0" / "entries.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}\n")
    for arguments, said in (
        ([], "host_1: does not say whose it is: write the address of its server into"),
        (["--tracking-uri", "nfs://x"], "tracking.uri=nfs://x: cannot open the store"),
    ):
        assert said in refusal(capsys, sync.main, *arguments)


@pytest.mark.slow
@pytest.mark.fault(
    "Store: an MLflow server that cannot be reached at the start",
    trials=2,
    expected="one line that names it, exit 2, nothing trained",
)
@pytest.mark.parametrize(("script", "words"), [("train.py", []), ("evaluate.py", ["run=latest"])])
def test_a_server_that_cannot_be_reached_is_one_line(tmp_path, script, words):
    """At once, before anything is trained."""
    address = f"http://127.0.0.1:{mlflow_server.free_port(0)}"
    began = time.monotonic()
    done = run(tmp_path, *words, f"tracking.uri={address}", script=script)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert f"tracking.uri={address}: no MLflow server answers there" in line
    # MLflow by itself tries for four minutes
    assert time.monotonic() - began < 60


def training(folder, uri, *arguments):
    """A training as a user starts it, and what it says."""
    return start(folder, *arguments, f"tracking.uri={uri}")


def wait_for(process, epoch):
    """Wait until an epoch is said to be done."""
    process.wait_for(lambda: f"\n[{epoch}/" in process.stdout)


@pytest.mark.slow
@pytest.mark.fault(
    "Store: an MLflow server that stops in mid-run comes back for one run, and too late for another",
    trials=2,
    expected="both train to their end; every epoch arrives once and in order, the late one by `make sync`",
)
def test_runs_outlive_their_server(tmp_path, monkeypatch):
    """One meets it again, one ends before and is sent by `sync`; both lack nothing."""
    monkeypatch.chdir(tmp_path)
    port = mlflow_server.free_port(0)
    address, database = f"http://127.0.0.1:{port}", f"sqlite:///{tmp_path}/mlflow.db"
    with mlflow_server.serving(database, port):
        meets, misses = (
            training(tmp_path, address, *which, "tracking.log_model=" + model)
            for which, model in ((LONG, "false"), (SHORT, "true"))
        )
        wait_for(misses, 3)
        wait_for(meets, 3)
    wait_for(meets, 10)
    # else a slow start of the server would outlast the run
    meets.send_signal(signal.SIGSTOP)
    assert misses.wait() == 0
    assert "[40/40]" in misses.stdout
    assert "send it later: make sync" in misses.stdout
    assert list((tmp_path / ".cache" / "spool").glob("*/*/entries.jsonl"))
    with mlflow_server.serving(database, port):
        meets.send_signal(signal.SIGCONT)
        assert meets.wait() == 0
        first, second = (run(tmp_path, script="sync") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert "model: 1, status: 1" in first.stdout
    assert second.stdout == "nothing is left to send\n"
    client = MlflowClient(database)
    [experiment] = client.search_experiments(filter_string="name = 'fer-exp'")
    runs = client.search_runs([experiment.experiment_id], order_by=["metrics.`selected/epochs_run`"])
    for found, epochs in zip(runs, (40, EPOCHS), strict=True):
        history = client.get_metric_history(found.info.run_id, "loss/val")
        assert [point.step for point in history] == list(range(1, epochs + 1))
        assert [point.timestamp for point in history] == sorted(point.timestamp for point in history)
        assert found.info.status == "FINISHED"
        assert {"selected/val_loss", "prior/train_prior_entropy"} <= set(found.data.metrics)
        files = tmp_path / "mlartifacts" / experiment.experiment_id / found.info.run_id / "artifacts"
        for name in ("checkpoints/best.pt", "checkpoints/last.pt", "config.yaml", "figures/curves.png"):
            assert (files / name).stat().st_size > 100
    [model] = client.search_logged_models([experiment.experiment_id])
    assert model.source_run_id == runs[0].info.run_id
    assert os.listdir(tmp_path / ".cache" / "spool" / f"127.0.0.1_{port}") == ["server"]


def test_servers_of_one_host_are_told_apart():
    """By the path under which each answers; a login in the address counts for nothing."""
    one, two = outbox.host_folder("http://a:5000/one/"), outbox.host_folder("http://a:5000/two")
    assert one != two != outbox.host_folder("http://a:5000")
    assert outbox.host_folder("http://me:secret@a:5000/one") == one
