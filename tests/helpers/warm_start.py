"""Many starts of our programs in little time: each is forked from a process that has imported all already.

A program that the tests run, since a process with threads must not fork: `python warm_start.py WHAT [FOLDER
COUNT]` does what the function WHAT says and prints a line of JSON for each start or trial.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from processes import FEW, ROOT, open_store

from fer_exp import tracking

SWEEP = ("-m", "n_jobs=1", "optimizer=adam", "training.epochs=4", "stopping=none", *FEW)

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def fork(work: Callable[[], object]) -> int:
    """A process that does this work, and exits with 0 or as the work does; its id."""
    if process := os.fork():
        return process
    code = 0
    try:
        work()
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 99
    finally:
        # as at the end of a program, which a sweep relies on to close its run
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(code)


def ended(process: int) -> int:
    """The exit code of a process when it has ended, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def start(
    name: str, folder: Path, *arguments: str, said: tuple[Path, Path], modules: Path | None = None
) -> int:
    """A process of its own session that runs a script, or a command of ours, in a folder; its id.

    said: the files to which it appends what it says, on stdout and on stderr. modules: a file that takes
    up the names of all that it had imported in the end.
    """

    def work() -> None:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, path in enumerate(said, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        # as `python -u`: whoever waits for a line sees it at once
        sys.stdout.reconfigure(line_buffering=True)
        # who was started in the background of a shell would ignore Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, str(ROOT))
        try:
            if name.endswith(".py"):
                sys.argv = [str(ROOT / name), *arguments]
                sys.orig_argv = [sys.executable, *sys.argv]
                runpy.run_path(sys.argv[0], run_name="__main__")
            else:
                sys.argv = ["fer_exp", name, *arguments]
                sys.orig_argv = [sys.executable, "-m", *sys.argv]
                runpy.run_module("fer_exp", run_name="__main__", alter_sys=True)
        finally:
            if modules:
                modules.write_text("\n".join(sys.modules))

    return fork(work)


def train(folder: Path, *arguments: str, modules: Path | None = None) -> int:
    """A process that runs train.py in a folder, which takes up in `said.txt` what it says; its id."""
    return start("train.py", folder, *arguments, said=(folder / "said.txt",) * 2, modules=modules)


def imported(modules: Path) -> None:
    """Import what another process had imported."""
    for name in modules.read_text().splitlines():
        # a script, or a name that a module has made up
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def warm_up(folder: Path) -> Path:
    """Import what a whole sweep imports; the folder in which one was run to find out."""
    whole = folder / "whole"
    whole.mkdir()
    modules = folder / "modules.txt"
    assert ended(train(whole, *SWEEP, modules=modules)) == 0, (whole / "said.txt").read_text()
    imported(modules)
    return whole


def kill(folder: Path, count: int) -> None:
    """Kill so many sweeps at random moments, some of them twice, and start each once more."""
    whole = warm_up(folder)
    fresh = folder / "fresh"
    fresh.mkdir()
    shutil.copytree(whole / ".cache", fresh / ".cache")
    assert ended(train(fresh, *SWEEP, "tracking.experiment=other", "dry_run=true")) == 0
    (fresh / "said.txt").unlink()
    again = folder / "again"
    shutil.copytree(fresh, again)
    began = time.monotonic()
    assert ended(train(again, *SWEEP)) == 0
    usual = time.monotonic() - began
    # one more than there are cores, as each waits for its disk now and then
    lanes = 1 + (os.cpu_count() or 1)

    def trials(lane: int) -> None:
        for number in range(lane, count, lanes):
            _kill(folder, number, usual)

    for process in [fork(lambda lane=lane: trials(lane)) for lane in range(lanes)]:
        assert ended(process) == 0


def _kill(folder: Path, number: int, usual: float) -> None:
    chance = random.Random(number)
    trial = folder / f"trial-{number}"
    shutil.copytree(folder / "fresh", trial)
    codes = []
    for _ in range(2 if number % 4 == 0 else 1):
        process = train(trial, *SWEEP)
        time.sleep(chance.uniform(0, usual))
        os.kill(process, SIGNALS[number % 3])
        codes.append(ended(process))
    codes.append(ended(train(trial, *SWEEP)))
    # one write, so that lanes do not mix
    line = json.dumps({"trial": number, "signal": SIGNALS[number % 3].name, "codes": codes})
    os.write(1, line.encode() + b"\n")


def rush(folder: Path, count: int) -> None:
    """Start so many sweeps of a seed each at once where there is no store yet."""
    warm_up(folder)
    fresh = folder / "fresh"
    fresh.mkdir()
    processes = [train(fresh, *SWEEP, f"seed={seed}") for seed in range(count)]
    print(json.dumps([ended(process) for process in processes]))


def crowd(folder: Path, count: int) -> None:
    """Let so many processes log 40 epochs each into one store while another reads all of it."""
    warm_up(folder)

    def write(name: str) -> None:
        store = open_store(folder)
        run = store.create(name, {"name": name}, {"kind": "job", "identity": name})
        with run.recording():
            for epoch in range(1, 41):
                run.log({"loss/val": 1 / epoch, "accuracy/val": epoch / 40}, epoch)

    def read() -> None:
        store = open_store(folder)
        looks = 0
        while len(store.records("FINISHED", kind="job")) < count:
            looks += 1
        print(json.dumps({"looks": looks}))

    processes = [fork(read)] + [fork(lambda name=str(number): write(name)) for number in range(count)]
    print(json.dumps([ended(process) for process in processes]))


def serve() -> None:
    """Start what a line of stdin asks for, or say how that stands; see `processes`, which asks.

    What one of them imports is imported here as well when it has ended, so the next need not.
    """
    importlib.import_module("fer_exp.experiment.drivers")
    gc.freeze()
    codes: dict[int, int | None] = {}
    # tempfile's own context would have every process that is forked remove it
    folder = Path(tempfile.mkdtemp(prefix="started-"))
    modules = folder / "modules.txt"
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            os.environ.clear()
            os.environ.update(asked["environment"])
            # as the import did, which is past
            tracking.environment.give()
            said = folder / f"{len(codes)}.out", folder / f"{len(codes)}.err"
            for path in said:
                path.touch()
            name, where, *arguments = asked["start"]
            process = start(name, Path(where), *arguments, said=said, modules=modules)
            codes[process] = None
            answer = [process, *map(str, said)]
        else:
            process = asked["ended"]
            if codes[process] is None:
                gone, status = os.waitpid(process, os.WNOHANG)
                codes[process] = os.waitstatus_to_exitcode(status) if gone else None
            answer = codes[process]
        print(json.dumps(answer), flush=True)
        if modules.exists():
            imported(modules)
            modules.unlink()
            # or each process would look through all of it for litter
            gc.freeze()
    for process in [process for process, code in codes.items() if code is None]:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
    shutil.rmtree(folder)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    doing = {each.__name__: each for each in (kill, rush, crowd, serve)}[what]
    doing(*(Path(rest[0]), int(rest[1])) if rest else ())
