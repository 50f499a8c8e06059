"""Which runs live: each holds a lock while it records, which the system takes from the dead.

A lock tells only of runs that are at work in its own folder, so each run says where it is. A folder of locks
is known by a number that lies in it: two containers may have the same host name and the same paths, and one
that comes back may have another name.
"""

import contextlib
import os
import platform
import secrets
import time
from abc import abstractmethod
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from fer_exp import files, machine, places
from fer_exp.errors import UserError
from fer_exp.tracking import errors, keys
from fer_exp.tracking.queries import Queries
from fer_exp.tracking.record import Record, by_identity

# Held while a run is made, and until its own lock is taken.
_MAKING = "making"

# The seconds after which a run of another machine is silent for good: by its last epoch, since not every disk
# that machines share shows a lock to all of them.
_SILENT = 24 * 3600.0


class LivingRuns(Queries):
    """The runs of a store, told apart by whether anybody is at work on them."""

    locks: Path

    @abstractmethod
    def folder_of(self, record: Record) -> Path | None:
        """Where the files of a run lie, if that is a folder of this machine."""

    def lock(self, name: str) -> FileLock:
        """A lock between processes of this machine that the system releases when its holder dies."""
        try:
            self.locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.locks}: cannot be made ({error.strerror}); whoever reads runs needs it, too"
            ) from None
        return FileLock(self.locks / name)

    def making(self) -> FileLock:
        """The lock to hold while a run is made, until its own is taken, or it would seem abandoned."""
        return self.lock(_MAKING)

    @property
    def place(self) -> dict[str, str]:
        """Tags that say where a run is at work, so whose locks tell whether it lives."""
        found = {keys.Tag.HOST: platform.node(), keys.Tag.BOOT: machine.boot()}
        if not self.uri.startswith(places.SQLITE):
            # a server is used from several folders; without a path, which would tell of its user
            found[keys.Tag.LOCKS] = self._number()
        return found

    def _number(self) -> str:
        """The number of the folder of locks; a copy of the folder has another, though it has the file."""
        path = self.locks / "number"
        with self.lock("numbering"):
            with contextlib.suppress(OSError, ValueError):
                number, file_id = path.read_text(encoding="utf-8").split()
                if int(file_id) == path.stat().st_ino:
                    return number
            number = secrets.token_hex(8)
            with files.written_whole(path) as file:
                file.write(f"{number} {os.fstat(file.fileno()).st_ino}".encode())
        return number

    def close_abandoned(self, error: str | None = None, **tags: str) -> None:
        """End the runs of this place that say RUNNING although their process is gone.

        As KILLED, or as FAILED if their `error` is known. What they left half-written is taken away. tags:
        what the runs carry beside.
        """
        # who only reads a server's runs makes no folder
        if not (self.uri.startswith(places.SQLITE) or self.locks.exists()):
            return
        here = self.place
        of_here = {keys.Tag.LOCKS: here[keys.Tag.LOCKS]} if keys.Tag.LOCKS in here else {}
        running = [each for each in self.records("RUNNING", **of_here, **tags) if self._tells(each, here)]
        if running:
            # those that were made just now have their locks by then
            with self.making():
                pass
        for record in running:
            with self.abandoned(record.run_id) as abandoned:
                # it may have ended between the query and the lock
                if abandoned and self.record(record.run_id).status == "RUNNING":
                    # a run that is made anew elsewhere would never write them again
                    if folder := self.folder_of(record):
                        files.remove_leftovers(folder)
                    errors.patiently(self.uri, partial(self._close, record.run_id, error))

    def _tells(self, record: Record, here: dict[str, str]) -> bool:
        """Whether this machine's locks tell if a run lives: it is at work here, or has long been silent."""
        # containers of one machine have different names, and a machine that was started again another number
        if any(here[key] and record.tags.get(key) == here[key] for key in (keys.Tag.HOST, keys.Tag.BOOT)):
            return True
        last = record.started
        with contextlib.suppress(OSError):
            last = (self.locks / record.run_id).stat().st_mtime
        return time.time() - last > _SILENT

    def known_here(self, **tags: str) -> dict[str, Record]:
        """The run that a job here may reuse or go on with, by identity; tags: only of runs with these.

        Not one that records elsewhere: a run is one process's, and whoever ends last stands for the job.
        """
        found = by_identity(self.records(kind=keys.Kind.JOB, **tags))
        return {key: run for key, run in found.items() if not self._works_elsewhere(run)}

    def _works_elsewhere(self, record: Record) -> bool:
        """Whether a run records in another folder or on another machine, whose locks do not show here.

        One that has been silent for a day is taken for dead.
        """
        if record.status != "RUNNING" or time.time() - record.started > _SILENT:
            return False
        here, there = self.place.get(keys.Tag.LOCKS), record.tags.get(keys.Tag.LOCKS)
        return here is not None and there is not None and here != there

    def _close(self, run_id: str, error: str | None) -> None:
        if error:
            self.client.set_tag(run_id, keys.Tag.ERROR, error, synchronous=True)
        self.client.set_terminated(run_id, "FAILED" if error else "KILLED")

    @contextlib.contextmanager
    def abandoned(self, run_id: str) -> Iterator[bool]:
        """Whether nobody records to the run; nobody else does while the block runs."""
        lock = self.lock(run_id)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            # while it is held: whoever waits for it then makes it anew
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()
