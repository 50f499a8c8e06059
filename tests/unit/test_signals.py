"""What ends a program from outside ends it, wherever it is at that moment, and all that works for it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from helpers.patience import wait_until

from fer_exp import signals

ROOT = Path(__file__).parents[2]

# Ends in a callback whose errors Python prints and goes on from.
_LOST = """
import os, signal, sys, time, weakref
from fer_exp import signals

# whoever runs this in the background, or under nohup, has them ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signals.end_by_signals()
class Thing: pass
thing = Thing()
watch = weakref.ref(thing, lambda _: (os.kill(os.getpid(), int(sys.argv[1])), time.sleep(0.01)))
try:
    del thing
    time.sleep(30)
finally:
    print("unwound", flush=True)
"""

_IGNORED = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from fer_exp import signals

signals.end_by_signals()
os.kill(os.getpid(), signal.SIGHUP)
print("goes on")
"""

# What works until it is told to end: a process of a forkserver's, as a sweep's are, and a server.
_AT_WORK = """
import multiprocessing, os, subprocess, sys, time
from fer_exp import signals

def work(path):
    signals.end_by_signals()
    try:
        open(path, "w").write("at work")
        time.sleep(600)
    finally:
        os.unlink(path)

def job(path):
    signals.end_with_parent()
    work(path)

if __name__ == "__main__":
    script, helper, path = sys.argv
    if helper == "job":
        multiprocessing.get_context("forkserver").Process(target=job, args=(path,)).start()
    elif helper == "server":
        leash = [sys.executable, "-m", "fer_exp.leash", sys.executable, script, "itself", path]
        subprocess.Popen(leash, stdin=subprocess.PIPE, start_new_session=True)
    else:
        work(path)
    time.sleep(600)
"""


def python(*arguments, **options):
    """A started Python that finds this package."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, text=True, **options)


@pytest.mark.fault(
    "Killed: a signal that arrives in the callback of a weak reference",
    trials=3,
    expected="sent again; the program unwinds",
)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_no_signal_is_lost(number, code):
    """Python prints what is raised there, and goes on: a sweep trained on after Ctrl-C."""
    with python("-c", _LOST, int(number), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.wait(60) == code
        assert process.stdout.read() == "unwound\n"


def test_a_signal_that_was_ignored_before_stays_so():
    """As under nohup, where the terminal's end is not the program's."""
    with python("-c", _IGNORED, stdout=subprocess.PIPE) as process:
        assert process.wait(60) == 0
        assert process.stdout.read() == "goes on\n"


def test_an_exit_that_no_signal_has_asked_for_is_told(monkeypatch):
    """As of a destructor that calls sys.exit, from which Python goes on."""
    monkeypatch.setattr(sys, "__unraisablehook__", told := Mock())
    lost = Mock(exc_value=SystemExit(3))
    signals._told(lost)
    told.assert_called_once_with(lost)


@pytest.mark.fault(
    "Killed: SIGKILL of a sweep's own process, or of `make ui`",
    trials=2,
    expected="all that works for it ends",
)
@pytest.mark.parametrize("helper", ["job", "server"])
def test_what_works_for_a_killed_program_ends(tmp_path, helper):
    """As an out-of-memory killer does it, which takes one process; others held 300 MB each for ever."""
    path, script = tmp_path / "at-work", tmp_path / "program.py"
    script.write_text(_AT_WORK)
    with python(script, helper, path, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: path.exists() and path.read_text())
        process.kill()
    wait_until(lambda: not path.exists(), 60)


_LIKE_WINDOWS = """
import os, signal, subprocess, sys
del os.killpg, os.fchmod, signal.SIGHUP
sys.modules["resource"] = sys.modules["fcntl"] = None
from fer_exp import files, leash, machine, signals

signals.end_by_signals()
assert machine.peak_gib() is None
with files.scratch() as folder:
    for data in (b"1", b"2"):
        files.write(folder / "a", data)
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
signals.end_group(process, force=False)
assert process.wait(30) != 0
sys.argv = ["leash", sys.executable, "-c", "import time; time.sleep(60)"]
leash.main()
"""


def test_what_windows_lacks_is_not_asked_for():
    """Groups of processes, a signal and two modules: a stand-in for Windows, where nobody has tried it.

    The leash ends its program once the one that holds the other end, here the empty input, is gone.
    """
    code = [sys.executable, "-c", _LIKE_WINDOWS]
    done = subprocess.run(code, cwd=ROOT, input="", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGKILL, "")
