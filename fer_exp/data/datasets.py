"""Every way in which faces come in, each ending in one `Dataset`.

What lies at the root decides the door. A set is decoded once and then mapped from the cache. Test is
handed out by `test()` alone, which only evaluation calls.
"""

import contextlib
import functools
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from fer_exp.config import settings
from fer_exp.data import cache, datasets, ferplus, fingerprint, limits, sources
from fer_exp.data.faces import Faces, Row, Usage
from fer_exp.data.fingerprint import Fingerprint
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

log = logging.getLogger(__name__)

OnError = Literal["fail", "skip"]

# More are no slips in a set of 35,887 faces, and the list of them must fit into memory and cache.
_MOST_SKIPPED = 10_000


@dataclass(frozen=True)
class Dataset:
    """A whole set: its faces in canonical order, train first, and what is known of them.

    skipped: files that could not be read, with the reason, under on_error=skip.
    """

    name: str
    faces: Faces
    fingerprint: Fingerprint
    skipped: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The hash of its faces, by which runs on them are told from runs on others."""
        return self.fingerprint.content

    def train(self) -> Faces:
        """The faces to fit on and to select by."""
        return self._part(slice(0, sum(self.fingerprint.train)), "train")

    def test(self) -> Faces:
        """The faces to evaluate on, once. Training never calls this."""
        return self._part(slice(sum(self.fingerprint.train), None), "test")

    def _part(self, where: slice, name: str) -> Faces:
        part = self.faces[where]
        if not len(part):
            raise UserError(f"data={self.name}: the set has no {name} faces")
        return part


def load_synthetic(n_train: int, n_test: int, seed: int, cache_dir: Path) -> Dataset:
    """Drawn faces, `n_train` and `n_test` of them, the same for the same seed."""

    if n_train + n_test > limits.MOST_FACES:
        raise UserError(
            f"data.n_train={n_train}, data.n_test={n_test}: a set has at most {limits.MOST_FACES:,} faces"
        )

    def draw() -> cache.Entry:
        from fer_exp.data import synthetic

        faces = synthetic.draw(n_train, n_test, seed)
        return cache.Entry(faces, fingerprint.take(faces, drawn=True), ())

    return _cached(
        "synthetic", f"{n_train}/{n_test}/{seed}/{_code('synthetic', 'synthetic_renderer')}", cache_dir, draw
    )


def load_fer2013(root: Path, cache_dir: Path, on_error: OnError, votes: Path | None = None) -> Dataset:
    """FER-2013, or any set laid out like it, from a folder, a zip or a CSV at `root`.

    on_error: whether a broken file stops the load or is listed in `skipped`. votes: FER+'s file, if the
    labels are to be those of its votes. Raises UserError that names the place for anything that
    cannot be read as such a set.
    """
    source = sources.find(root)
    key = source.key()
    if votes:
        return _relabelled(source, key, cache_dir, on_error, votes)
    skipped: list[str] = []

    def broken(error: UserError) -> None:
        if on_error == "fail":
            raise UserError(f"{error}; data.on_error=skip leaves such files out") from None
        if len(skipped) == _MOST_SKIPPED:
            raise UserError(f"{error}; so are {_MOST_SKIPPED:,} before it: get a clean copy") from None
        # the list is logged, and the folders above the set are nobody else's business
        skipped.append(str(error).removeprefix(f"{source.path.parent}/"))

    def entries() -> Iterator[Row]:
        yield from _each_class(source.rows(broken), root)
        # said before anything is kept
        if key != source.key():
            raise UserError(f"data.root={root}: changed while it was read; try again")

    def decode() -> cache.Entry:
        faces = Faces.from_rows(entries())
        return cache.Entry(faces, fingerprint.take(faces, drawn=False), tuple(skipped))

    dataset = _cached(
        "fer2013", f"{key}/{on_error}/{_code('images', 'image_folder', 'csv_reader')}", cache_dir, decode
    )
    if dataset.fingerprint.kind != "canonical":
        log.warning("data.root=%s is not the canonical FER-2013, %s", root, dataset.fingerprint.describe())
    if dataset.skipped:
        log.warning("%d files were left out, the first: %s", len(dataset.skipped), dataset.skipped[0])
    return dataset


def _relabelled(source: sources.Source, key: str, cache_dir: Path, on_error: OnError, path: Path) -> Dataset:
    """The faces of a CSV with the labels that FER+'s votes give them."""
    if on_error != "fail":
        raise UserError(
            "data.labels=ferplus: votes belong to rows, so none may be skipped: data.on_error=fail"
        )

    def decode() -> cache.Entry:
        votes = ferplus.Relabelling(ferplus.read(path))
        # closed at once, also where the votes end the reading early
        with contextlib.closing(sources.table_rows(source)) as rows:
            faces = Faces.from_rows(_each_class(votes.rows(rows), source.path))
        # said before anything is kept
        if f"{source.key()}/{sources.hash_file(path)}" != whole:
            raise UserError(f"{source.path} or {path}: changed while it was read; try again")
        return cache.Entry(faces, votes.told(fingerprint.take(faces, drawn=False)), ())

    whole = f"{key}/{sources.hash_file(path)}"
    code = _code("images", "image_folder", "csv_reader", "ferplus")
    dataset = _cached("fer2013", f"ferplus/{whole}/{code}", cache_dir, decode)
    log.warning("data.labels=ferplus: %s", dataset.fingerprint.describe())
    return dataset


def votes_of_test(root: Path, path: Path, dataset: Dataset) -> np.ndarray:
    """FER+'s votes for each test face of a set from `root`, int64 [N, 10], as `ferplus.COLUMNS` has them."""
    relabelled = dataset.fingerprint.kind == "relabelled"
    with contextlib.closing(sources.table_rows(sources.find(root))) as rows:
        return ferplus.beside(rows, ferplus.read(path), dataset.test(), relabelled)


def _cached(name: str, key: str, cache_dir: Path, make: Callable[[], cache.Entry]) -> Dataset:
    key = f"{name}/{key}/{_code('../fer2013', 'faces', 'fingerprint', 'cache')}"
    key += f"/numpy {np.__version__}/pillow {version('pillow')}"
    path = cache_dir / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.faces"
    entry = cache.read(path, key)
    if entry is None:
        # the decoded faces are dropped for the mapped ones, which other jobs share
        cache.write(path, key, make())
        entry = cache.read(path, key)
        if entry is None:
            raise UserError(f"data.cache_dir={cache_dir}: {path.name} changed as soon as it was written")
    return Dataset(name, entry.faces, entry.fingerprint, entry.skipped)


def _code(*modules: str) -> str:
    """A hash of the modules that make faces: changed code never meets an old cache."""
    sources = ((Path(__file__).parent / f"{module}.py").read_bytes() for module in modules)
    return hashlib.sha256(b"".join(sources)).hexdigest()[:16]


def _each_class(entries: Iterator[Row], root: Path) -> Iterator[Row]:
    """The entries; after the last, UserError unless train has every class."""
    missing = dict(enumerate(EMOTIONS))
    for row in entries:
        if row[2] == Usage.TRAIN:
            missing.pop(row[1], None)
        yield row
    if len(missing) == len(EMOTIONS):
        raise UserError(
            f"data.root={root}: holds no train/<emotion>/<picture> and no row of Training; {sources.HOW_TO}"
        )
    if missing:
        raise UserError(f"data.root={root}: train has no picture of {next(iter(missing.values()))}")


def load_faces(data: settings.Data) -> Dataset:
    """The faces that the settings name, from the cache if they lie there."""
    if isinstance(data, settings.Fer2013Data):
        if data.labels == "ferplus" and not data.ferplus:
            raise UserError(
                "data.labels=ferplus: name the file of its votes, data.ferplus=PATH/fer2013new.csv"
            )
        votes = Path(data.ferplus) if data.labels == "ferplus" else None
        return datasets.load_fer2013(Path(data.root), Path(data.cache_dir), data.on_error, votes)
    return datasets.load_synthetic(data.n_train, data.n_test, data.seed, Path(data.cache_dir))


def load_votes(data: settings.Data, dataset: Dataset) -> np.ndarray | None:
    """FER+'s votes for each test face, int64 [N, 10]; None if the settings name no file of them."""
    if not isinstance(data, settings.Fer2013Data) or not data.ferplus:
        return None
    return datasets.votes_of_test(Path(data.root), Path(data.ferplus), dataset)


@functools.lru_cache(maxsize=1)
def faces_of_sweep(sweep: str, data: settings.Data) -> Dataset:  # noqa: ARG001 - the next sweep looks again
    """The faces of a sweep, read and checked once for all its jobs in this process."""
    return load_faces(data)
