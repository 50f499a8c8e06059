"""The outbox of a run on a server: what is written to the run is put there first, and sent from there.

A run has the folder `.cache/spool/<host>/<run id>`: `entries.jsonl` holds what the server has not taken yet,
a line each, in order; `files` the run's artifacts. While the server is away the outbox grows; a run that goes
on sends it before anything newer, and `python -m fer_exp sync` sends what runs that have ended left behind.
"""

import json
import logging
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock
from mlflow import MlflowClient

from fer_exp import provenance
from fer_exp.errors import UserError
from fer_exp.files import written_whole
from fer_exp.redaction import without_login
from fer_exp.tracking import entries
from fer_exp.tracking.connection import FAILURES, UnreachableError, answering, reach
from fer_exp.tracking.entries import LogEntry

log = logging.getLogger(__name__)

FOLDER = Path(".cache") / "spool"

# The file in a host's folder that says its whole address.
SERVER = "server"

# The seconds that one epoch may spend on what was kept before; the next one goes on with it.
_SHARE = 5.0

# A server that failed is left alone ten times as long as the failure took, and a second at least.
_REST, _LEAST_REST = 10, 1.0


class Outbox:
    """The entries of one run that its server has not taken yet, and the run's files."""

    def __init__(self, client: MlflowClient, run_id: str):
        self.client, self.run_id = client, run_id
        self.server = without_login(client.tracking_uri)
        self.folder = host_folder(client.tracking_uri) / run_id
        self.files = self.folder / "files"
        self.kept = self.folder / "entries.jsonl"
        # the run itself and whoever syncs take turns
        self.lock = FileLock(self.folder / "lock")
        self.next_try = 0.0

    @property
    def waiting(self) -> bool:
        """Whether the server lacks anything."""
        return _is_waiting(self.kept)

    def send(self, entry: LogEntry) -> None:
        """Put an entry in and send what is there; what the server does not take is safe on the disk.

        Raises what MLflow raises if the server refuses this entry, which is then taken out again.
        """
        self._open()
        with self.lock:
            behind = self.waiting
            self._append(entry)
            try:
                if not behind:
                    self._deliver(_SHARE)
                elif time.monotonic() >= self.next_try:
                    self.flush(_SHARE)
            except FAILURES:
                self._rewrite([])
                raise
            if self.waiting:
                self._keep()
                if not behind:
                    said = "%s does not answer: what run %s writes is kept in %s, and sent once it does"
                    log.warning(provenance.as_typed(said), self.server, self.run_id, self.folder)

    def flush(self, seconds: float = float("inf")) -> Counter[str]:
        """Send what is there, in order, until the server fails or the time is up; what it took, by kind.

        Raises UserError if the server refuses an entry, or the file is damaged.
        """
        if not self.waiting or not self._reaches(reach, self.client.tracking_uri):
            return Counter()
        with self.lock:
            try:
                return self._deliver(seconds)
            except FAILURES as error:
                refused = f"{self.server} refuses its first line ({error})"
                raise UserError(f"{self.kept}: {refused}") from error

    def leave(self) -> None:
        """Send what can be sent and take the folder away; say what is left if the server does not answer."""
        self.flush()
        if self.waiting:
            said = "%s does not answer: run %s is kept whole in %s; send it later: make sync"
            log.warning(provenance.as_typed(said), self.server, self.run_id, self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _deliver(self, seconds: float) -> Counter[str]:
        """Send until the server fails or the time is up; raises what means that it refuses an entry."""
        taken: Counter[str] = Counter()
        until = time.monotonic() + seconds
        waiting = self._entries()
        count = 0
        files = set()
        try:
            for entry in waiting:
                # a file is sent as it is by now, so once is enough
                again = entry["kind"] == "file" and entry["name"] in files
                sent = (entries.deliver, self.client, self.run_id, entry, self.files)
                if time.monotonic() >= until or not (again or self._reaches(*sent)):
                    break
                files.add(entry.get("name"))
                taken[entry["kind"]] += 0 if again else len(entry.get("values", "1"))
                count += 1
        finally:
            # also if it was interrupted
            if count:
                self._rewrite(waiting[count:])
        return taken

    def _reaches(self, call: Callable[..., object], *given: Any) -> bool:
        """Whether the server answers to a call; raises what means that it refuses."""
        began = time.monotonic()
        try:
            with answering(self.client.tracking_uri):
                call(*given)
        except UnreachableError:
            now = time.monotonic()
            self.next_try = now + max(_LEAST_REST, _REST * (now - began))
            return False
        return True

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        server = self.folder.parent / SERVER
        if not server.exists():
            with written_whole(server) as file:
                file.write(self.server.encode())

    def _append(self, entry: LogEntry) -> None:
        whole = self.kept.read_bytes() if self.waiting else b""
        if not whole.endswith(b"\n") and whole:
            # a line that was cut short was never promised to anyone, and must not spoil the next
            os.truncate(self.kept, whole.rfind(b"\n") + 1)
        with open(self.kept, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def _keep(self) -> None:
        """See that what waits outlives a power failure."""
        with open(self.kept, "rb") as file:
            os.fsync(file.fileno())

    def _entries(self) -> list[LogEntry]:
        # another process may have sent them just now
        text = self.kept.read_text(encoding="utf-8") if self.waiting else ""
        found = []
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            if not line.endswith("\n"):
                continue
            try:
                found.append(entries.parse(line))
            except ValueError:
                raise UserError(
                    f"{self.kept}, line {number}: is damaged; mend or delete it, then: make sync"
                ) from None
        return found

    def _rewrite(self, waiting: Sequence[LogEntry]) -> None:
        if not waiting:
            os.truncate(self.kept, 0)
            return
        with written_whole(self.kept) as file:
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in waiting)


def _is_waiting(kept: Path) -> bool:
    return kept.exists() and kept.stat().st_size > 0


def all_waiting(client: MlflowClient) -> list[Outbox]:
    """The outboxes of the runs on this server in which something waits."""
    found = host_folder(client.tracking_uri).glob("*/entries.jsonl")
    return [Outbox(client, path.parent.name) for path in sorted(found) if _is_waiting(path)]


def servers_missed() -> list[str]:
    """The servers for which something waits here, by address."""
    waiting = {path.parent.parent for path in FOLDER.glob("*/*/entries.jsonl") if _is_waiting(path)}
    return [_server_of(host) for host in sorted(waiting)]


def _server_of(host: Path) -> str:
    try:
        return (host / SERVER).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(
            f"{host}: does not say whose it is: write the address of its server into {host / SERVER}"
        ) from None


def host_folder(uri: str) -> Path:
    """Where the runs on this server have their outboxes; one host may serve several under different paths."""
    parts = urlsplit(uri)
    place = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
    return FOLDER / re.sub("[:/]", "_", place)
