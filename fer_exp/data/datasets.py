"""A set of faces, drawn or from a source, each ending in one `Dataset`.

A set is decoded once and then mapped from the cache.
"""

import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from fer_exp.config.faces import Data, SyntheticData
from fer_exp.data import cache, ferplus, ferplus_rows, fingerprint, limits, sources
from fer_exp.data.dataset import Dataset
from fer_exp.data.faces import Faces, Row, Usage
from fer_exp.data.sources import Source
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, GENUINE

log = logging.getLogger(__name__)

OnError = Literal["fail", "skip"]

# More are no accident in a set of 35,887 faces, and the list of them must fit into memory and cache.
_MOST_SKIPPED = 10_000

# What makes the faces of each set, as files beside this one: changed code never meets an old cache.
_EVERY_SET = ("../fer2013.py", "faces.py", "fingerprint.py", "cache.py")
_TABLES = ("csv_reader.py", "parquet_reader.py", "parquet_cells.py", "parquet_columns.py", "label_order.py")
_READERS = ("sources.py", "image_folder.py", "zips.py", "images.py", *_TABLES)
_ROWS = ("ferplus.py", "ferplus_rows.py", "fer2013_faces.py", "fer2013_faces.npz")
_CODE = {
    "synthetic": (*_EVERY_SET, "synthetic.py", "synthetic_renderer.py"),
    "fer2013": (*_EVERY_SET, *_READERS, *_ROWS),
}


def load_faces(data: Data) -> Dataset:
    """The faces that the settings name, from the cache if they lie there."""
    if isinstance(data, SyntheticData):
        return load_synthetic(data.n_train, data.n_test, data.seed, Path(data.cache_dir))
    votes = None
    if data.labels == "ferplus":
        if not data.ferplus:
            raise UserError(
                "data.labels=ferplus: name the file of its votes, data.ferplus=PATH/fer2013new.csv"
            )
        votes = Path(data.ferplus)
    names = data.label_names or ()
    return load_fer2013(Path(data.root), Path(data.cache_dir), data.on_error, votes, names)


@functools.lru_cache(maxsize=1)
def faces_of_sweep(sweep: str, data: Data) -> Dataset:  # noqa: ARG001 - the next sweep looks again
    """The faces of a sweep, read and checked once for all its jobs in this process."""
    return load_faces(data)


def cached_faces(content: str, cache_dir: Path) -> Dataset | None:
    """The faces of this content hash, wherever they came from; None if no cache of our code's holds them."""
    for path, key in cache.keys_of(cache_dir, content):
        name = key.partition("/")[0]
        entry = cache.read(path, key) if name in _CODE and key.endswith(_makers(name)) else None
        if entry is not None:
            return Dataset(name, entry.faces, entry.fingerprint, entry.skipped, cache_dir)
    return None


def load_votes(path: Path, dataset: Dataset) -> np.ndarray:
    """FER+'s votes in this file for each test face, int64 [N, 10], as `ferplus.COLUMNS` has them."""
    votes = ferplus.read(path)
    # faces with the labels of these votes were checked as they got them
    if dataset.fingerprint.kind != "relabelled":
        ferplus.check(votes, dataset.faces)
    return ferplus.beside(votes, dataset.test())


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

    return _cached("synthetic", f"{n_train}/{n_test}/{seed}", cache_dir, draw)


def load_fer2013(
    root: Path,
    cache_dir: Path,
    on_error: OnError,
    votes: Path | None = None,
    label_names: Sequence[str] = (),
) -> Dataset:
    """FER-2013, or any set laid out like it, from a folder, a zip, a CSV or Parquet files at `root`.

    on_error: whether a broken file stops the load or is listed in `skipped`. votes: FER+'s file, if the
    labels are to be those of its votes. label_names: the emotion of each number of Parquet files' labels,
    where they do not say it. Raises UserError that names the place for anything that is no such set.
    """
    source = sources.find(root, label_names)
    if votes:
        dataset = _load_relabelled(source, cache_dir, on_error, votes)
        log.warning("data.labels=ferplus: %s", dataset.fingerprint.describe())
        return dataset
    dataset = _load_source(source, cache_dir, on_error)
    if dataset.fingerprint.kind in GENUINE:
        log.info("data.root=%s is FER-2013, its %s copy", root, dataset.fingerprint.kind)
    else:
        log.warning("data.root=%s is not FER-2013, %s", root, dataset.fingerprint.describe())
    if dataset.skipped:
        log.warning("%d files were left out, the first: %s", len(dataset.skipped), dataset.skipped[0])
    return dataset


def _load_source(source: Source, cache_dir: Path, on_error: OnError) -> Dataset:
    key = source.key()
    return _cached("fer2013", f"{key}/{on_error}", cache_dir, lambda: _decode(source, key, on_error))


def _decode(source: Source, key: str, on_error: OnError) -> cache.Entry:
    skipped: list[str] = []

    def on_broken(error: UserError) -> None:
        if on_error == "fail":
            raise UserError(f"{error}; data.on_error=skip leaves such files out") from None
        if len(skipped) == _MOST_SKIPPED:
            raise UserError(f"{error}; so are {_MOST_SKIPPED:,} before it: get a clean copy") from None
        # the list is logged, and the folders above the set are nobody else's business
        skipped.append(str(error).removeprefix(f"{source.path.parent}/"))

    def csv_rows(pixels: np.ndarray, usage: np.ndarray) -> np.ndarray:
        found = ferplus_rows.rows_of(pixels, usage)
        # by chance a strange face may have the key of one of FER-2013's
        if 2 * np.count_nonzero(found >= 0) > len(found):
            return found
        in_place = source.is_table() and not skipped
        return np.arange(len(usage)) if in_place else np.full(len(usage), -1)

    rows = _every_class(source.rows(on_broken), source.path)
    faces = Faces.from_rows(rows, csv_rows)
    _refuse_changed(source.path, key, source.key())
    return cache.Entry(faces, fingerprint.take(faces, drawn=False), tuple(skipped))


def _load_relabelled(source: Source, cache_dir: Path, on_error: OnError, path: Path) -> Dataset:
    """The faces with the labels that FER+'s votes give them."""
    if on_error != "fail":
        raise UserError(
            "data.labels=ferplus: votes belong to rows, so none may be skipped: data.on_error=fail"
        )
    key, votes_key = source.key(), sources.hash_file(path)

    def relabel() -> cache.Entry:
        votes = ferplus.read(path)
        entry = ferplus.relabel(_decode(source, key, on_error), votes)
        _refuse_changed(path, votes_key, sources.hash_file(path))
        return entry

    return _cached("fer2013", f"ferplus/{key}/{votes_key}", cache_dir, relabel)


def _refuse_changed(path: Path, before: str, after: str) -> None:
    # called before anything is kept
    if before != after:
        raise UserError(f"{path}: changed while it was read; try again")


def _every_class(rows: Iterable[Row], place: Path) -> Iterator[Row]:
    """The rows; after the last, UserError unless train has every class."""
    missing = dict(enumerate(EMOTIONS))
    for row in rows:
        if row[2] == Usage.TRAIN:
            missing.pop(row[1], None)
        yield row
    if len(missing) == len(EMOTIONS):
        raise UserError(
            f"data.root={place}: holds no train/<emotion>/<image> and no row of Training; {sources.HOW_TO}"
        )
    if missing:
        raise UserError(f"data.root={place}: train has no image of {next(iter(missing.values()))}")


def _cached(name: str, key: str, cache_dir: Path, make: Callable[[], cache.Entry]) -> Dataset:
    """The set of this name and key, made anew if the cache does not hold it whole."""
    key = f"{name}/{key}{_makers(name)}"
    path = cache_dir / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.faces"
    entry = cache.read(path, key)
    if entry is None:
        # the decoded faces are dropped for the mapped ones, which other jobs share
        cache.write(path, key, make())
        entry = cache.read(path, key)
        if entry is None:
            raise UserError(f"data.cache_dir={cache_dir}: {path.name} changed as soon as it was written")
    return Dataset(name, entry.faces, entry.fingerprint, entry.skipped, cache_dir)


def _makers(name: str) -> str:
    """How the key of a set of this name ends: with what has made its faces, our code and two packages."""
    code = b"".join((Path(__file__).parent / each).read_bytes() for each in _CODE[name])
    made_by = f"numpy {np.__version__}/pillow {version('pillow')}"
    return f"/{hashlib.sha256(code).hexdigest()[:16]}/{made_by}"
