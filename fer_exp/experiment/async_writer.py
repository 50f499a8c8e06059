"""Writes down what one epoch gave while the next one trains.

Half of what a checkpoint costs is waiting for the disk. One task at a time, in order; what goes wrong in
one is raised at the next or at the end, and whatever ends the training, the last task is done first.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType


class AsyncWriter:
    """A thread for one task at a time."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, "writer")
        self.task: Future[None] | None = None

    def hand(self, task: Callable[[], None]) -> None:
        """Have a task done, once the one before is; raises what went wrong in that."""
        self.settle()
        self.task = self.pool.submit(task)

    def settle(self) -> None:
        """Return once everything is done; raises what went wrong."""
        task, self.task = self.task, None
        if task:
            task.result()

    def __enter__(self) -> "AsyncWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown()
        # an error of the block's own is the one to raise
        if kind is None:
            self.settle()
