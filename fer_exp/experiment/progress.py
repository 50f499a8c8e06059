"""What a job shows while it trains."""

import logging
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from fer_exp.training.trainer import Epoch

log = logging.getLogger(__name__)


def log_line(epoch: Epoch, epochs: int) -> str:
    """An epoch as the deck logged it, in one line; its `Test` was the validation split, so said here."""
    return (
        f"[{epoch.number}/{epochs}] "
        f"[Train loss] ==> {epoch.train.loss:.4f} [Train Accuracy] ==> {epoch.train.accuracy:.4f} "
        f"[Valid loss] ==> {epoch.validation.loss:.4f} [Valid Accuracy] ==> {epoch.validation.accuracy:.4f}"
    )


class ProgressBar:
    """Tells of each epoch: a bar on a terminal, lines elsewhere, always the job's log file.

    quiet: only the log file, for jobs that share a terminal with others.
    """

    def __init__(self, name: str, epochs: int, quiet: bool):
        self.name = name
        self.epochs = epochs
        self.quiet = quiet
        self.bar = None
        self.epochs_seen: list[Epoch] = []
        if not quiet and sys.stdout.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns, console=Console())
            self.task = self.bar.add_task(name, total=epochs)

    def __enter__(self) -> "ProgressBar":
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar:
            self.bar.stop()

    def __call__(self, epoch: Epoch) -> None:
        """Show an epoch that has ended."""
        self.epochs_seen.append(epoch)
        line = log_line(epoch, self.epochs)
        log.debug("%s", line)
        if self.bar:
            said = (
                f"{self.name} · loss {epoch.validation.loss:.4f} · accuracy {epoch.validation.accuracy:.4f}"
            )
            self.bar.update(self.task, completed=epoch.number, description=said)
        elif not self.quiet:
            print(line, flush=True)

    def conclusion(self, run_id: str) -> str:
        """What came of it, in a line."""
        best = min(self.epochs_seen, key=lambda epoch: epoch.validation.loss, default=None)
        if best is None:
            return f"nothing was left to train (run {run_id})"
        seconds = sum(epoch.seconds for epoch in self.epochs_seen)
        return (
            f"{len(self.epochs_seen)} epochs in {seconds:.1f} s, "
            f"lowest validation loss {best.validation.loss:.4f} with accuracy {best.validation.accuracy:.4f} "
            f"(n = {best.validation.n}) in epoch {best.number} (run {run_id})"
        )
