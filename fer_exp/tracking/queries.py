"""What is asked of a store: a run by its id, or runs by their status and tags."""

from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from fer_exp.errors import UserError
from fer_exp.tracking import keys, sqlite
from fer_exp.tracking.connection import answering
from fer_exp.tracking.record import Record, by_identity, counted


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
        """The run that a user means: an id, a name (the newest so called), `latest`, or `best`.

        `latest` and `best` are of the finished runs on `faces`, a content hash. Without, `latest` is of all,
        or with `photos` of those that were trained on photos, if there are any; and `best` has the lowest
        validation loss on the faces of the latest, as losses on different faces do not compare. Neither is a
        run that was restored from an archive, without its weights. Raises UserError.
        """
        finished = self.records("FINISHED", kind=keys.Kind.JOB)
        if wanted not in ("best", "latest"):
            return next((run for run in finished if run.name == wanted), None) or self.record(wanted)
        whole = [run for run in finished if run.whole]
        if not whole:
            restored = " but those that were restored from an archive, without weights" * bool(finished)
            raise UserError(f"run={wanted}: there is no finished run yet{restored}: python train.py")
        if faces is None:
            faces = next((run for run in whole if photos and not run.drawn), whole[0]).faces_digest
        alike = [run for run in whole if run.faces_digest == faces]
        if not alike:
            raise UserError(
                f"run={wanted}: no finished run on these faces, but {counted(whole)}: leave data=... out, or "
                "name theirs"
            )
        if wanted == "latest":
            return alike[0]
        return min(alike, key=lambda run: run.metrics[keys.SELECTED_VAL_LOSS])

    def latest(self, identity: str) -> Record | None:
        """The run that holds the figures of this job or baseline; None if it was never begun."""
        return by_identity(self.records(identity=identity)).get(identity)

    def latest_of_all(self, kind: str = keys.Kind.JOB) -> dict[str, Record]:
        """The run that holds the figures of each job of this kind, by identity, with one query."""
        return by_identity(self.records(kind=kind))

    def children(self, run_id: str) -> dict[str, Record]:
        """The runs nested below a sweep's, by identity, with one query."""
        return by_identity(self.records(**{keys.Tag.PARENT: run_id}))

    def records(self, status: str | None = None, **tags: str) -> list[Record]:
        """All runs of this status that carry these tags, newest first."""
        path = Path(self.uri.removeprefix(sqlite.ADDRESS))
        if self.uri.startswith(sqlite.ADDRESS) and sqlite.is_known(path):
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
