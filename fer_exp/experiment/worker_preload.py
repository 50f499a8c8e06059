"""The process from which those of a sweep's jobs are forked: importing this imports what a job needs.

It does nothing else, so that it has no threads.
"""

import gc
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from types import TracebackType

from fer_exp import console

# Seconds of a job, from its start to its figures and its model.
NEEDED = (
    "hydra",
    "fer_exp.experiment.drivers",
    "fer_exp.plots.diagnostics",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
)


def _of_a_worker(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python prints of a worker that cannot begin: nothing if its sweep has died meanwhile."""
    *_, (frame, _) = traceback.walk_tb(trace)
    # its semaphores have gone with it
    if not (kind is FileNotFoundError and frame.f_globals["__name__"] == "multiprocessing.synchronize"):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _of_a_worker
console.collect_rarely()
# Ctrl-C is the sweep's, which ends this process with itself
told = signal.signal(signal.SIGINT, signal.SIG_IGN)
for name in NEEDED:
    # what ends in an error here ends the job that needs it, which says why; nobody listens here
    with suppress(Exception):
        import_module(name)
signal.signal(signal.SIGINT, told)
# what is there now stays, and its pages are shared for as long as nobody looks at them
gc.freeze()
