"""What ends a program from outside: a signal, or the death of the program that it works for.

Each unwinds it, so that open runs end as KILLED. Python runs a handler between any two steps, also in a
destructor or in the callback of a weak reference, where it prints what is raised and goes on. A signal that
got lost there is sent again.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

# Seconds until a signal that got lost is sent again, between two looks for the parent, and until a process
# that has lost its own ends by force.
_AGAIN, _LOOK, _LAST = 0.02, 1.0, 30.0


# What a program exits with that a signal has ended.
_CODES: dict[int | None, signal.Signals] = {128 + number: number for number in signal.Signals}


def end_by_signals() -> None:
    """Let SIGTERM, and SIGHUP as of a closed terminal, unwind the program as Ctrl-C does.

    It then exits with 128 + n. A signal that was ignored when the program began, as nohup has it, stays so.
    """
    # Windows knows no closed terminal
    for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    sys.unraisablehook = _told


def interruption(error: BaseException | None) -> BaseException | None:
    """What was meant to end the program, if an error is that or came of it.

    It may come anywhere: MLflow wraps it in an error, and PyTorch fails to clean up after it by another.
    """
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error


def end_group(process: "subprocess.Popen[bytes]", force: bool) -> None:
    """End a process that leads a session, and all of that; by SIGKILL with `force`, else by SIGTERM.

    Windows has no such groups: there the process alone is ended. Raises ProcessLookupError if none is left.
    """
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)
    else:
        process.kill()


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _told(lost: "sys.UnraisableHookArgs") -> None:
    """What Python prints and goes on from: send it again if a signal was lost that was to end the program."""
    code = 128 + signal.SIGINT if isinstance(lost.exc_value, KeyboardInterrupt) else None
    if isinstance(lost.exc_value, SystemExit) and isinstance(lost.exc_value.code, int):
        code = lost.exc_value.code
    if code not in _CODES:
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(_AGAIN, os.kill, (os.getpid(), _CODES[code]))
    again.daemon = True
    again.start()


def end_with_parent() -> None:
    """End this process, one of a sweep's, when the sweep's own has died, as by SIGKILL; at most one watch."""
    if not any(thread.name == _watch.__name__ for thread in threading.enumerate()):
        threading.Thread(target=_watch, name=_watch.__name__, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
    else:
        begun = os.getppid()
        while os.getppid() == begun:
            time.sleep(_LOOK)
    # the job unwinds, and its run ends as KILLED; who waits for a job ends at once
    with contextlib.suppress(ProcessLookupError):
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LAST)
    os._exit(128 + signal.SIGTERM)
