"""What a server did not take, kept on this machine until it does.

Each run on a server has a folder, `.cache/spool/<host>/<run id>`: `entries.jsonl` holds what was written
to the run and not taken, a line each, in order; `files` its artifacts. A run that goes on sends them
before anything newer; `python -m fer_exp sync` sends what runs that have ended left behind.
"""

import json
import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock
from mlflow import MlflowClient

from fer_exp.errors import UserError
from fer_exp.files import written_whole
from fer_exp.provenance import without_login
from fer_exp.tracking.connection import FAILURES, UnreachableError, answering, reach
from fer_exp.tracking.entries import LogEntry, deliver

log = logging.getLogger(__name__)

FOLDER = Path(".cache") / "spool"

# The file in a host's folder that says its whole address.
SERVER = "server"

# The seconds that one epoch may spend on what was kept before; the next one goes on with it.
_SHARE = 5.0

# A server that failed is left alone ten times as long as the failure took, and a second at least.
_REST, _LEAST_REST = 10, 1.0


class OfflineQueue:
    """The entries of one run that its server has not taken yet, and the run's files."""

    def __init__(self, client: MlflowClient, run_id: str):
        self.client, self.run_id = client, run_id
        self.folder = host_folder(client.tracking_uri) / run_id
        self.files = self.folder / "files"
        self.kept = self.folder / "entries.jsonl"
        # the run itself and whoever syncs take turns
        self.lock = FileLock(self.folder / "lock")
        self.next_try = 0.0

    @property
    def waiting(self) -> bool:
        """Whether anything is kept."""
        return self.kept.exists()

    def send(self, entry: LogEntry) -> None:
        """Hand an entry to the server, after all that is kept; keep it if the server does not answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.lock:
            if not self.waiting and self._takes(entry):
                return
            self._keep(entry)
            if time.monotonic() >= self.next_try:
                self.flush(_SHARE)

    def flush(self, seconds: float = float("inf")) -> Counter[str]:
        """Send what is kept, in order, until the server fails or the time is up; what it took, by kind."""
        taken: Counter[str] = Counter()
        until = time.monotonic() + seconds
        if not self.waiting or not self._is_back():
            return taken
        with self.lock:
            entries = self._entries()
            count = 0
            files = set()
            try:
                for entry in entries:
                    # a file is sent as it is by now, so once is enough
                    again = entry["kind"] == "file" and entry["name"] in files
                    if time.monotonic() >= until or not (again or self._takes(entry)):
                        break
                    files.add(entry.get("name"))
                    taken[entry["kind"]] += 0 if again else len(entry.get("values", "1"))
                    count += 1
            except FAILURES as error:
                refused = f"{without_login(self.client.tracking_uri)} refuses line {count + 1} ({error})"
                raise UserError(f"{self.kept}: {refused}") from error
            finally:
                # also if it was interrupted
                if count:
                    self._rewrite(entries[count:])
        return taken

    def leave(self) -> None:
        """Send what can be sent and take the folder away; say what is left if the server does not answer."""
        self.flush()
        if self.waiting:
            server = without_login(self.client.tracking_uri)
            said = "%s does not answer: run %s is kept whole in %s; send it later: make sync"
            log.warning(said, server, self.run_id, self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _takes(self, entry: LogEntry) -> bool:
        """Whether the server took an entry; raises what means that it refuses."""
        began = time.monotonic()
        try:
            with answering(self.client.tracking_uri):
                deliver(self.client, self.run_id, entry, self.files)
        except UnreachableError:
            self._rest(began)
            return False
        return True

    def _is_back(self) -> bool:
        began = time.monotonic()
        try:
            reach(self.client.tracking_uri)
        except UnreachableError:
            self._rest(began)
            return False
        return True

    def _rest(self, began: float) -> None:
        now = time.monotonic()
        self.next_try = now + max(_LEAST_REST, _REST * (now - began))

    def _keep(self, entry: LogEntry) -> None:
        """Append an entry, safe on the disk when this returns."""
        if not self.waiting:
            server = without_login(self.client.tracking_uri)
            said = "%s does not answer: what run %s writes is kept in %s, and sent once it does"
            log.warning(said, server, self.run_id, self.folder)
            with written_whole(self.folder.parent / SERVER) as file:
                file.write(server.encode())
        else:
            # a line that was cut short was never promised to anyone, and must not spoil the next
            whole = self.kept.read_bytes()
            if not whole.endswith(b"\n"):
                os.truncate(self.kept, whole.rfind(b"\n") + 1)
        with open(self.kept, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _entries(self) -> list[LogEntry]:
        # another process may have sent them just now
        text = self.kept.read_text(encoding="utf-8") if self.waiting else ""
        lines = text.splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def _rewrite(self, entries: Sequence[LogEntry]) -> None:
        if not entries:
            self.kept.unlink()
            return
        with written_whole(self.kept) as file:
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in entries)


def all_kept(client: MlflowClient) -> list[OfflineQueue]:
    """The spools of the runs on this server in which something waits."""
    found = host_folder(client.tracking_uri).glob("*/entries.jsonl")
    return [OfflineQueue(client, path.parent.name) for path in sorted(found)]


def servers_missed() -> list[str]:
    """The servers for which something waits here, by address."""
    waiting = {path.parent.parent for path in FOLDER.glob("*/*/entries.jsonl")}
    return [(host / SERVER).read_text(encoding="utf-8") for host in sorted(waiting)]


def host_folder(uri: str) -> Path:
    """Where the runs on this server keep what it did not take."""
    return FOLDER / urlsplit(uri).netloc.rpartition("@")[2].replace(":", "_")
