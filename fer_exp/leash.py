"""Run a program for as long as the one lives that started this: `python -m fer_exp.leash PROGRAM ...`.

Its standard input is a pipe from there, which the system closes however that process ends. This ends with
the program's exit code, and takes all of its own session along.
"""

import os
import signal
import subprocess
import sys
import threading
import time

# Seconds that the program's helpers may take to end.
_STOP = 10


def main() -> None:
    """Run the program that is named by the arguments."""
    lost = threading.Event()
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as program:
        # what is sent to the whole group is for the program
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            # Windows has no SIGHUP
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        threading.Thread(target=_watch, args=(lost, program), daemon=True).start()
        code = program.wait()
    if lost.is_set() and hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    sys.exit(code if code >= 0 else 128 - code)


def _watch(lost: threading.Event, program: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    lost.set()
    if not hasattr(os, "killpg"):
        # Windows has no groups to end
        program.kill()
        return
    os.killpg(0, signal.SIGTERM)
    time.sleep(_STOP)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
