"""The process from which those of a sweep's jobs are forked: importing this imports what a job needs.

It does nothing else, so that it has no threads.
"""

import gc
import signal
from contextlib import suppress
from importlib import import_module

from fer_exp import console

# Seconds of a job, from its start to its figures and its model.
NEEDED = (
    "hydra",
    "fer_exp.experiment.drivers",
    "fer_exp.plots.diagnostics",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
)

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
