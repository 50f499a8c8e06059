"""A team's server: who it lets in, on what it keeps the runs, and that it loses none."""

import datetime
import multiprocessing
import os
import platform
import subprocess
from pathlib import Path

import matplotlib
import pytest
from helpers import postgres
from helpers.patience import PATIENCE
from helpers.processes import FEW, run
from helpers.refused import refusal
from helpers.team import ADMINS, ANNAS, SECRETS, Team, as_anna, bucket, serving

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.experiment import facts
from fer_exp.metrics import Scores
from fer_exp.tracking.server import team as server_team
from fer_exp.training.trainer import Epoch

# Jobs that log at once, and epochs of each.
JOBS, EPOCHS = 16, 20


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    """Let nothing of whoever runs the tests decide who comes where."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "AWS_", *SECRETS))]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_it_does_not_start_without_its_secrets(missing, monkeypatch, tmp_path, capsys):
    """One line names what is missing, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    for name in SECRETS.keys() - {missing}:
        monkeypatch.setenv(name, SECRETS[name])
    line = refusal(capsys, server_team.main, "--port", 0)
    assert line.startswith(f"error: {missing} is not set")
    assert list(tmp_path.iterdir()) == []


def compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The tables, as printed in `folder`."""
    return run(folder, "--format", "csv", *arguments, script="compare")


@pytest.mark.slow
def test_it_lets_in_who_has_a_password(tmp_path, monkeypatch):
    """Without one, and with a wrong one, a command ends in one line that says what to set."""
    with serving(tmp_path) as team:
        as_anna(monkeypatch, team.uri, password=None)
        without = run(tmp_path, *FEW)
        as_anna(monkeypatch, team.uri, "not-the-password")
        for refused in (without, compare(tmp_path)):
            assert refused.returncode == 2
            assert refused.stderr.count("\n") == 1
            assert "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in refused.stderr
        as_anna(monkeypatch, team.uri)
        done = run(tmp_path, "training.epochs=1", *FEW)
        assert done.returncode == 0, done.stderr
        store = tracking.Store(settings.Tracking(team.uri, "unused", "fer-exp", False))
        assert [record.status for record in store.records(kind="job")] == ["FINISHED"]
        listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
        assert f"--port {team.uri.rpartition(':')[2]}" in listed.stdout
        told = [listed.stdout, team.said, *(path.read_text(errors="ignore") for path in files(tmp_path))]
        assert not any(secret in text for secret in (ADMINS, ANNAS) for text in told)


def files(folder: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A server on PostgreSQL, with its files on S3 where moto is installed, else in a folder."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("team")
    with postgres.running() as cluster, bucket(folder) as files_at:
        kept = {"MLFLOW_BACKEND_STORE_URI": cluster.uri, "PGPASSWORD": postgres.PASSWORD}
        with serving(folder, **kept, **files_at) as served:
            assert served.uri, "it did not start"
            yield Team(served.uri, served.said, served.process, cluster)


def log_a_job(number: int, uri: str, ready, sent) -> None:
    """Log what a job of `EPOCHS` epochs logs, beside the others; tell how many rows that was."""
    os.environ |= {"MLFLOW_TRACKING_USERNAME": "anna", "MLFLOW_TRACKING_PASSWORD": ANNAS}
    ready.wait()
    # an experiment that none of them has seen
    store = tracking.Store(settings.Tracking(uri, "unused", "load", False))
    params = {f"param.{at}": at for at in range(60)}
    record = store.create(f"job {number}", params, {"kind": "job", "identity": str(number)})
    rows = 0
    with record.recording():
        for epoch in range(1, EPOCHS + 1):
            scores = Scores(1 / epoch, 0.5, 0.4, 100)
            metrics = facts.epoch_metrics(Epoch(epoch, 0.01, scores, scores, False, 0.1))
            record.log(metrics, epoch)
            rows += len(metrics)
        record.text("config.yaml", f"seed: {number}\n")
    sent.put((number, record.id, rows, len(params)))


def printed(counts: list[tuple[int, int, int, int, int]]) -> None:
    """The counts of docs/team.md: a job, its rows of metrics sent and found, its params sent and found."""
    today = datetime.date.today().isoformat()
    machine = f"{os.cpu_count()} cores of {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    print(f"\nPrinted on {today}, on {machine}: {JOBS} processes, {EPOCHS} epochs each.\n")
    print("| job | metric rows sent | found | params sent | found |\n" + "| ---: " * 5 + "|")
    for row in sorted(counts):
        print(f"| {' | '.join(map(str, row))} |")
    print(f"| all | {' | '.join(f'{sum(column):,}' for column in list(zip(*counts, strict=True))[1:])} |")


@pytest.mark.slow
@pytest.mark.xdist_group("team")
@pytest.mark.fault(
    "Store: 16 jobs log at once to an MLflow server on PostgreSQL",
    trials=JOBS,
    expected="each row of metrics and each param found by SQL, job for job",
)
def test_of_16_jobs_that_log_at_once_none_is_lost(team, tmp_path, monkeypatch, record_property):
    """Counted in the database by SQL, job for job; each file is there too."""
    monkeypatch.chdir(tmp_path)
    context = multiprocessing.get_context("forkserver")
    # else each would import PyTorch and MLflow anew
    context.set_forkserver_preload(["fer_exp.experiment.job"])
    ready, sent = context.Barrier(JOBS), context.Queue()
    jobs = [context.Process(target=log_a_job, args=(each, team.uri, ready, sent)) for each in range(JOBS)]
    for process in jobs:
        process.start()
    told = [sent.get(timeout=PATIENCE) for _ in jobs]
    for process in jobs:
        process.join(PATIENCE)
    assert [process.exitcode for process in jobs] == [0] * JOBS
    of_load = "join runs using (run_uuid) join experiments e using (experiment_id) where e.name = 'load'"
    found = dict(team.database.rows(f"select run_uuid, count(*) from metrics {of_load} group by run_uuid"))
    params = dict(team.database.rows(f"select run_uuid, count(*) from params {of_load} group by run_uuid"))
    printed([(job, rows, found.get(run, 0), said, params.get(run, 0)) for job, run, rows, said in told])
    sent_rows = sum(rows for _, _, rows, _ in told)
    record_property("seen", f"metric rows: {sent_rows:,} sent, {sum(found.values()):,} found")
    assert found == {run_id: rows for _, run_id, rows, _ in told}
    assert params == {run_id: number for _, run_id, _, number in told}
    complete = "select distinct count(*) from metrics " + of_load + " group by run_uuid, key"
    assert team.database.rows(complete) == [(EPOCHS,)]
    assert team.database.rows(
        "select status, count(*) from runs join experiments e using (experiment_id) where e.name = 'load' "
        "group by status"
    ) == [("FINISHED", JOBS)]
    as_anna(monkeypatch, team.uri)
    store = tracking.Store(settings.Tracking(team.uri, "unused", "load", False))
    assert all(store.run(run_id).fetch("config.yaml").read_text() for _, run_id, *_ in told)


@pytest.mark.slow
@pytest.mark.xdist_group("team")
def test_its_address_is_all_that_a_user_sets(team, tmp_path, monkeypatch):
    """A sweep, the tables and the evaluation go through it, with the password where MLflow keeps it."""
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        f"[mlflow]\nmlflow_tracking_username = anna\nmlflow_tracking_password = {ANNAS}\n", encoding="utf-8"
    )
    # else a new home costs matplotlib a new list of fonts
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_configdir())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.uri)
    sweep = ["-m", "optimizer=sgd,adam", "training.epochs=2", *FEW]
    for said in ("2 train", "2 reuse"):
        done = run(tmp_path, *sweep)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
        # MLflow would print links
        assert "/#/experiments" not in done.stdout
    tables = compare(tmp_path)
    assert tables.returncode == 0, tables.stderr
    assert ",sgd,accuracy,validation," in tables.stdout
    done = run(tmp_path, "run=latest", "baseline=majority", script="evaluate.py")
    assert done.returncode == 0, done.stderr
    found = team.database.rows(
        "select count(*) from latest_metrics join runs using (run_uuid) join experiments e using "
        "(experiment_id) where e.name = 'fer-exp' and key = 'test/union/accuracy'"
    )
    # of the run and of the baseline
    assert found == [(2,)]
    assert not (tmp_path / "mlflow.db").exists()
    [host] = (tmp_path / ".cache" / "spool").iterdir()
    assert os.listdir(host) == ["server"]
