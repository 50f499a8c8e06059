"""The main commands where other programs, containers and shells have left their traces."""

import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from helpers.processes import ROOT

pytestmark = pytest.mark.slow

FEW = ("data.n_train=140", "data.n_test=70", "training.epochs=1", "tracking.log_model=false")

# What a process may find in its environment; None takes a variable away.
VARIABLES = {
    "MPLBACKEND": ["module://matplotlib_inline.backend_inline", "TkAgg", "no such"],
    "FORCE_COLOR": ["1"],
    "NO_COLOR": ["1"],
    "COLUMNS": ["1", "20", "x", "0"],
    "LINES": ["x"],
    "TERM": [None, "dumb", "no-such"],
    "PYTHONOPTIMIZE": ["1", "2"],
    "PYTHONSAFEPATH": ["1"],
    "PYTHONNOUSERSITE": ["1"],
    "PYTHONDONTWRITEBYTECODE": ["1"],
    "PYTHONHASHSEED": ["0", "4294967295"],
    "PYTHONUNBUFFERED": ["1"],
    "PYTHONUTF8": ["0", "1"],
    "PYTHONIOENCODING": ["ascii", "latin-1"],
    "LANG": ["C", "ko_KR.UTF-8", "no-such"],
    "LC_ALL": [None, "C", "POSIX"],
    "TZ": ["Asia/Seoul", "no/such", ":", "UTC+14"],
    "HOME": [None, "/proc/nowhere"],
    "USER": [None],
    "LOGNAME": [None],
    "TMPDIR": ["/proc/nowhere"],
    "XDG_CACHE_HOME": ["/proc/nowhere"],
    "XDG_CONFIG_HOME": ["/proc/nowhere"],
    "HTTP_PROXY": ["http://127.0.0.1:9"],
    "HTTPS_PROXY": ["http://127.0.0.1:9"],
    "ALL_PROXY": ["socks5://127.0.0.1:9"],
    "MLFLOW_EXPERIMENT_NAME": ["theirs"],
    "MLFLOW_EXPERIMENT_ID": ["77"],
    "MLFLOW_RUN_ID": ["0" * 32],
    "MLFLOW_RUN_NAME": ["theirs"],
    "MLFLOW_TRACKING_URI": ["", " "],
    "MLFLOW_REGISTRY_URI": ["http://127.0.0.1:9"],
    "MLFLOW_ENABLE_ASYNC_LOGGING": ["true"],
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": ["true"],
    "MLFLOW_TRACKING_USERNAME": ["anna"],
    "MLFLOW_TRACKING_PASSWORD": ["secret"],
    "MLFLOW_ARTIFACT_ROOT": ["/proc/nowhere"],
    "MLFLOW_DEFAULT_ARTIFACT_ROOT": ["s3://theirs"],
    "HYDRA_FULL_ERROR": ["0", ""],
    "CUDA_VISIBLE_DEVICES": ["", "-1", "7"],
    "OMP_NUM_THREADS": ["1", "64"],
    "LOKY_MAX_CPU_COUNT": ["1", "64"],
    "JOBLIB_START_METHOD": ["spawn"],
    "SLURM_JOB_ID": ["1"],
    "WORLD_SIZE": ["2"],
    "RANK": ["1"],
}


def settle(umask: int, one_core: bool, closed: list[int], ignored: bool):
    """What is done in a started process before it runs the program."""

    def do():
        import signal

        os.umask(umask)
        if one_core and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for stream in closed:
            os.close(stream)

    return do


def command(folder, checkout, chance, script, *arguments):
    """What a script says in a folder and an environment that chance decides; it may not fail."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    environment["PYTHONPATH"] = str(checkout)
    changed = {name: chance.choice(values) for name, values in VARIABLES.items() if chance.random() < 0.3}
    for name, value in changed.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    closed = [stream for stream in (0, 1, 2) if chance.random() < 0.15]
    before = settle(
        chance.choice([0o022, 0o077, 0o007]), chance.random() < 0.3, closed, chance.random() < 0.3
    )
    done = subprocess.run(
        [sys.executable, *(script if isinstance(script, tuple) else (str(checkout / script),)), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=before,
        timeout=600,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, f"{changed} closed={closed}: exit {done.returncode}: {said}"
    assert "Traceback" not in said, f"{changed} closed={closed}: {said}"
    return said


@pytest.mark.fault(
    "Environment: 46 variables of shells, containers and other programs, closed streams, umask, one core",
    trials=4,
    expected="train, evaluate, compare and report end as ever; nothing outside the folder",
)
@pytest.mark.parametrize("seed", range(4))
def test_the_main_commands_end_as_ever_in_a_hostile_environment(tmp_path, seed):
    """A third of the variables at a time, drawn by a seed."""
    chance = random.Random(seed)
    folder = tmp_path / "work"
    folder.mkdir()
    command(folder, ROOT, chance, "train.py", "-m", "optimizer=adam,sgd", *FEW)
    command(folder, ROOT, chance, "evaluate.py", "study=adhoc", "baseline=majority")
    command(folder, ROOT, chance, ("-m", "fer_exp"), "compare", "--format", "csv")
    command(folder, ROOT, chance, ("-m", "fer_exp"), "report", "--output", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "\x1b" not in page
    made = {path.name for path in folder.iterdir()}
    known = {
        ".cache",
        "mlartifacts",
        "mlflow.db",
        "mlflow.db.lock",
        "mlflow.db.locks",
        "outputs",
        "page.html",
    }
    assert made <= known, made - known
    assert [path for path in folder.rglob(".*") if re.search(r"\.[0-9a-f]{8}$", path.name)] == []
    # of both arms and of the baseline
    assert len({path.parts[-4] for path in folder.glob("mlartifacts/*/artifacts/test/*")}) >= 2


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the program, in a folder whose name has blanks and Korean letters."""
    place = tmp_path_factory.mktemp("checkouts") / "표정 연구 (1)"
    ignored = shutil.ignore_patterns("__pycache__", "tests", "benchmarks", "docs")
    for name in ("fer_exp", "hydra_plugins", "conf"):
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for path in ROOT.glob("*.py"):
        shutil.copy(path, place / path.name)
    return place


@pytest.mark.fault(
    "Environment: a checkout with blanks and Korean in its path, read-only, and moved between two commands",
    trials=1,
    expected="found again; nothing is written into it",
)
def test_a_checkout_may_lie_anywhere_and_be_moved(checkout, tmp_path):
    """The store lies elsewhere, and moves as well."""
    still = random.Random(0)
    still.random = lambda: 1.0
    for path in [checkout, *checkout.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts)
    work = tmp_path / "작업 1"
    work.mkdir()
    command(work, checkout, still, "train.py", "-m", "seed=0,1", "n_jobs=2", *FEW)
    assert before == sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts)
    moved, elsewhere = checkout.with_name("moved"), tmp_path / "elsewhere"
    checkout.chmod(0o755)
    checkout.rename(moved)
    work.rename(elsewhere)
    said = command(elsewhere, moved, still, "evaluate.py", "run=latest", "baseline=majority")
    assert "weights are not here" not in said
    again = command(elsewhere, moved, still, "train.py", "-m", "seed=0,1", "n_jobs=2", *FEW)
    assert "2 reused" in again
    assert not work.exists()
    for path in [moved, *moved.rglob("*")]:
        path.chmod(0o755)
