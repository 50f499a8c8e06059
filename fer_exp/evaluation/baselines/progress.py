"""What the fit of a baseline shows while it runs."""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class PairProgressBar:
    """Tells of the pairs of classes that the exact SVC solves: a bar on a terminal, lines elsewhere.

    tol: the duality gap at which a pair is done.
    """

    def __init__(self, tol: float):
        self.tol = tol
        self.done: set[int] = set()
        self.bar = None
        if sys.stdout.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns, console=Console())
            self.task = self.bar.add_task("linear SVC", total=None)

    def __enter__(self) -> "PairProgressBar":
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar:
            self.bar.stop()

    def __call__(self, pair: int, pairs: int, gap: float) -> None:
        """Show the gap that a pair has reached."""
        new = gap <= self.tol and pair not in self.done
        if new:
            self.done.add(pair)
        said = f"linear SVC · {len(self.done)} of {pairs} pairs · gap {gap:.1e}"
        if self.bar:
            self.bar.update(self.task, total=pairs, completed=len(self.done), description=said)
        elif new:
            print(said, flush=True)
