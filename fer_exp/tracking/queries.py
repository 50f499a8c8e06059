"""What is asked of a store: a run by its id, or runs by their status and tags."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from fer_exp import places
from fer_exp.errors import UserError
from fer_exp.tracking import keys, sqlite
from fer_exp.tracking.connection import answering
from fer_exp.tracking.record import Record, best_run, by_identity, counted

# Letters of an id that tell a run from others, and how many of them somebody types at least.
_START_OF_ID = re.compile(r"[0-9a-f]{6,31}")


def named(wanted: str, newest_first: Sequence[Record]) -> Record | None:
    """The newest run of this name, or the only one whose id begins so; None if there is none."""
    if found := next((run for run in newest_first if run.name == wanted), None):
        return found
    alike = [run for run in newest_first if run.run_id.startswith(wanted)]
    return alike[0] if len(alike) == 1 and _START_OF_ID.fullmatch(wanted) else None


class Queries:
    """The questions to one experiment of a store."""

    uri: str
    client: MlflowClient
    experiment_id: str

    def record(self, run_id: str) -> Record:
        """The run of this id, read back. Raises UserError if there is none."""
        try:
            with answering(self.uri):
                found = self.client.get_run(run_id)
        except MlflowException:
            raise UserError(f"run {run_id}: there is no such run in {self.uri}") from None
        if found.info.lifecycle_stage == "deleted":
            raise UserError(f"run {run_id}: it is deleted in {self.uri}; restore it there: make ui")
        return Record.of(found)

    def find(self, wanted: str, faces: str | None = None, photos: bool = False) -> Record:
        """The run that a user means: an id or how it begins, a name (the newest), `latest`, or `best`.

        `latest` and `best` are of the finished runs on `faces`, a content hash. Without, `latest` is of all,
        or with `photos` of those that were trained on photos, if there are any; and `best` has of these the
        lowest validation loss, by `best_run`, on the largest set of faces, as losses on different faces do
        not compare. Neither is a run that was restored from an archive, without its weights. Raises
        UserError.
        """
        finished = self.records("FINISHED", kind=keys.Kind.JOB)
        if wanted not in ("best", "latest"):
            return named(wanted, finished) or self._by_id(wanted, [run.name for run in finished])
        whole = [run for run in finished if run.whole]
        if not whole:
            restored = " but those that were restored from an archive, without weights" * bool(finished)
            raise UserError(f"run={wanted}: there is no finished run yet{restored}: python train.py")
        if faces is None:
            shown = [run for run in whole if photos and not run.drawn] or whole
            # of equal ones the first, which is the newest
            chosen = max(shown, key=lambda run: run.train_size) if wanted == "best" else shown[0]
            faces = chosen.faces_digest
        alike = [run for run in whole if run.faces_digest == faces]
        if not alike:
            raise UserError(
                f"run={wanted}: no finished run on these faces, but {counted(whole)}: leave data=... out, or "
                "name theirs"
            )
        return alike[0] if wanted == "latest" else best_run(alike) or alike[0]

    def _by_id(self, wanted: str, names: Iterable[str]) -> Record:
        """The run of this id, or UserError with what may have been meant."""
        try:
            return self.record(wanted)
        except UserError as error:
            near = difflib.get_close_matches(wanted, ["latest", "best", *names], n=1)
            if not near:
                raise
            raise UserError(f"{error}; did you mean {near[0]}?") from None

    def latest(self, identity: str) -> Record | None:
        """The run that holds the figures of this job or baseline; None if it was never begun."""
        return by_identity(self.records(identity=identity)).get(identity)

    def latest_of_all(self, kind: str = keys.Kind.JOB) -> dict[str, Record]:
        """The run that holds the figures of each job of this kind, by identity, with one query."""
        return by_identity(self.records(kind=kind))

    def children(self, run_id: str) -> dict[str, Record]:
        """The runs nested below a sweep's, by identity, with one query."""
        return by_identity(self.records(**{keys.Tag.PARENT: run_id}))

    def last_step(self, run_id: str, metric: str) -> int:
        """The last step at which a run has logged a metric; 0 if it has not yet."""
        with answering(self.uri):
            points = self.client.get_metric_history(run_id, metric)
        return max((point.step for point in points), default=0)

    def records(self, status: str | None = None, **tags: str) -> list[Record]:
        """All runs of this status that carry these tags, newest first."""
        path = Path(self.uri.removeprefix(places.SQLITE))
        if self.uri.startswith(places.SQLITE) and sqlite.is_known(path):
            return sqlite.records(path, self.experiment_id, status, tags)
        terms = [f"tags.`{key}` = '{value}'" for key, value in tags.items()]
        wanted = " and ".join(terms + ([f"attributes.status = '{status}'"] if status else []))
        found: list[Record] = []
        token = None
        while True:
            with answering(self.uri):
                page = self.client.search_runs(
                    [self.experiment_id], wanted, max_results=1000, page_token=token
                )
            found += [Record.of(run) for run in page]
            token = page.token
            if not token:
                return found
