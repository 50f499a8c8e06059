"""Each launcher as a user names it, what it asks of its engine, and how it hands out jobs."""

import errno
import multiprocessing.synchronize
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Future
from unittest.mock import Mock

import pytest
from helpers.patience import PATIENCE
from helpers.processes import ROOT
from hydra import compose, initialize_config_dir
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.utils import get_class
from omegaconf import OmegaConf

from fer_exp import extras
from fer_exp.errors import UserError
from hydra_plugins.fer_exp._job_by_job import JobByJob
from hydra_plugins.fer_exp.joblib_launcher import JoblibLauncher

NAMES = sorted(path.stem for path in (ROOT / "conf" / "hydra" / "launcher").glob("*.yaml"))


@pytest.fixture
def launcher_config():
    """What composes the launcher of this name."""
    OmegaConf.register_new_resolver("cores", lambda: 1, replace=True)

    def composed(name, *overrides):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            chosen = [f"hydra/launcher={name}", *overrides]
            return compose("train", overrides=chosen, return_hydra_config=True).hydra.launcher

    return composed


@pytest.mark.parametrize("name", NAMES)
def test_every_launcher_takes_the_number_of_jobs(launcher_config, name):
    """n_jobs keeps its meaning under each."""
    chosen = launcher_config(name, "n_jobs=3")
    assert issubclass(get_class(chosen._target_), Launcher)
    assert chosen.n_jobs == 3


def test_joblib_is_the_launcher_of_sweeps(launcher_config):
    """Unless another is named; and a plugin that brings one of this name adds nothing to it."""
    assert OmegaConf.to_container(launcher_config("joblib"), resolve=True) == {
        "_target_": "hydra_plugins.fer_exp.joblib_launcher.JoblibLauncher",
        "n_jobs": 1,
    }


_FORKED = """
import os, sys
from types import SimpleNamespace
from hydra_plugins.fer_exp.joblib_launcher import JoblibLauncher

def look():
    needed = {"fer_exp.experiment.job", "mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store"}
    return os.getppid(), "torch" in sys.modules, sys.modules.keys() >= needed

if __name__ == "__main__":
    JoblibLauncher.prepare(SimpleNamespace(n_jobs=2))
    launcher = JoblibLauncher(2)
    first, second = [each.result() for each in [launcher.start(look), launcher.start(look)]]
    launcher.stop(())
    assert first == second == (first[0], True, True), (first, second)
    assert first[0] != os.getpid()
    assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_the_processes_of_a_sweep_are_forked_from_one_that_has_imported_all(tmp_path):
    """Not from the sweep's own, which has threads; so a new one is there at once."""
    script = tmp_path / "forked.py"
    script.write_text(_FORKED)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr


def test_slurm_is_refused_where_there_is_none(launcher_config, monkeypatch):
    """As long as sbatch is not found."""
    monkeypatch.setattr(extras, "lack", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    chosen = launcher_config("submitit_slurm")
    with pytest.raises(UserError, match="no sbatch here"):
        get_class(chosen._target_).check(chosen)


class ByHand(JobByJob):
    """An engine whose jobs end at the next look, but for those of the numbers in `dying`, which are lost."""

    def __init__(self, n_jobs, dying=()):
        super().__init__(n_jobs)
        self.dying, self.most, self.now, self.told = dying, 0, 0, []
        self.lost = lambda *job: self.told.append(job)

    def _call(self, number):
        return print, number

    def start(self, run, number):  # noqa: ARG002 - an engine's signature
        """A future that is done already."""
        self.now += 1
        self.most = max(self.most, self.now)
        future = Future()
        future.set_result(JobReturn([str(number)], status=JobStatus.COMPLETED))
        future.number = number
        return future

    def why_lost(self, future):
        """Asked once for each that has ended."""
        self.now -= 1
        return "its process died" if future.number in self.dying else None

    def stop(self, running):
        """Nothing is left by then."""
        assert not list(running)


def test_no_more_jobs_run_at_a_time_than_asked_for_and_all_are_run_in_order():
    """Five jobs, two at a time."""
    engine = ByHand(2)
    returned = engine.launch([["a"], ["b"], ["c"], ["d"], ["e"]], 0)
    assert [each.overrides for each in returned] == [["0"], ["1"], ["2"], ["3"], ["4"]]
    assert (engine.most, engine.told) == (2, [])


@pytest.mark.parametrize(
    ("n_jobs", "left", "at_once"),
    [(2, 5, 2), (2, 4, 2), (2, 3, 3), (2, 1, 1), (1, 3, 1), (4, 7, 7), (3, 4, 4)],
)
def test_the_last_jobs_share_the_cores(monkeypatch, n_jobs, left, at_once):
    """Where a last turn would leave a core idle, and each core was to have a job."""
    monkeypatch.setattr("fer_exp.machine.cores", lambda: 2)
    assert JoblibLauncher(n_jobs).at_once(left) == at_once


@pytest.mark.fault(
    "Disk: full, closed or missing under the memory that processes share",
    trials=3,
    expected="one line that names it, and n_jobs=1",
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENOSYS])
def test_memory_that_cannot_be_shared_is_named(monkeypatch, number):
    """The output folder has room, so nobody is to look there."""

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", refuse)
    with pytest.raises(UserError, match=r"processes find no shared memory \(.+/dev/shm, or take n_jobs=1"):
        JoblibLauncher(2).start(print)


def test_a_process_that_cannot_begin_is_tried_again_and_then_told(monkeypatch):
    """As where the one to fork from was killed; the next is forked from another."""
    pools = [dead := Mock(**{"submit.side_effect": EOFError}), live := Mock(), *[dead] * 3]
    monkeypatch.setattr(JoblibLauncher, "_new_pool", Mock(side_effect=pools))
    assert JoblibLauncher(2).start(abs, 1) is live.submit.return_value
    with pytest.raises(UserError, match=r"n_jobs=2: processes end as they begin .*; n_jobs=1 needs none"):
        JoblibLauncher(2).start(abs, 1)


def test_fewer_jobs_than_cores_stay_few(monkeypatch):
    """The user wants something else of the machine."""
    monkeypatch.setattr("fer_exp.machine.cores", lambda: 4)
    assert JoblibLauncher(2).at_once(3) == 2


def test_no_job_is_started_after_a_failure_if_that_is_asked_for():
    """Those that run by then come to their ends."""
    engine = ByHand(2, dying=(1,))
    engine.stop_at_failure = True
    assert len(engine.launch([["a"], ["b"], ["c"], ["d"], ["e"]], 0)) == 2
    assert engine.told == [(1, "its process died")]


def test_a_lost_job_is_told_and_the_others_go_on():
    """By its own number; and Hydra is not told to raise."""
    engine = ByHand(2, dying=(1, 2))
    returned = engine.launch([["a"], ["b"], ["c"], ["d"]], 0)
    assert engine.told == [(1, "its process died"), (2, "its process died")]
    assert [each.return_value for each in returned] == [None, False, False, None]


def test_a_process_serves_job_after_job_and_is_replaced_when_it_dies():
    """So that imports are paid once; and the signal or the exit code is known."""
    engine = JoblibLauncher(2)
    first, second = (engine.start(os.getpid).result() for _ in range(2))
    left = engine.start(os._exit, 7)
    assert isinstance(left.exception(), BaseException)
    third = engine.start(os.getpid).result()
    killed = engine.start(os.kill, third, signal.SIGKILL)
    assert isinstance(killed.exception(), BaseException)
    engine.stop([])
    assert first == second != third
    assert engine.why_lost(left) == "its process died (exit code 7)"
    assert engine.why_lost(killed) == "its process died (signal 9, SIGKILL)"
