"""The doors: every way in which faces come in, each ending in one `Dataset`.

What lies at the root decides the door: a zip, a CSV, or folders. A set is decoded once and then
mapped from the cache. Test is handed out by `test()` alone, which only evaluation calls.
"""

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from fer_exp import archives, cache, fingerprint, rows, sorting
from fer_exp.errors import UserError
from fer_exp.faces import EMOTIONS, Faces, Row, Usage
from fer_exp.fingerprint import Fingerprint

log = logging.getLogger(__name__)

OnError = Literal["fail", "skip"]

_CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
_HOW_TO = "see 'Get the data' in the README"

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

    def draw() -> cache.Entry:
        from fer_exp import synthetic

        faces = sorting.on_disk(synthetic.rows(n_train, n_test, seed), cache_dir)
        return cache.Entry(faces, fingerprint.take(faces, drawn=True), ())

    return _cached(
        "synthetic", f"{n_train}/{n_test}/{seed}/{_code('synthetic', 'portrait')}", cache_dir, draw
    )


def load_fer2013(root: Path, cache_dir: Path, on_error: OnError) -> Dataset:
    """FER-2013, or any set laid out like it, from a folder, a zip or a CSV at `root`.

    on_error: whether a broken file stops the load or is listed in `skipped`. Raises UserError that
    names the place for anything that cannot be read as such a set.
    """
    # not `root.exists()`, which raises for a name that is too long or lies in a closed folder
    if not os.path.exists(root):
        raise UserError(f"data.root={root}: there is nothing there; {_HOW_TO}")
    source = _find(root)
    key = _content_key(source)
    skipped: list[str] = []

    def broken(error: UserError) -> None:
        if on_error == "fail":
            raise UserError(f"{error}; data.on_error=skip leaves such files out") from None
        if len(skipped) == _MOST_SKIPPED:
            raise UserError(f"{error}; so are {_MOST_SKIPPED:,} before it: get a clean copy") from None
        # the list is logged, and the folders above the set are nobody else's business
        skipped.append(str(error).removeprefix(f"{source.parent}/"))

    def entries() -> Iterator[Row]:
        yield from _each_class(_entries(source, broken), root)
        # said before anything is kept
        if key != _content_key(source):
            raise UserError(f"data.root={root}: changed while it was read; try again")

    def decode() -> cache.Entry:
        faces = sorting.on_disk(entries(), cache_dir)
        return cache.Entry(faces, fingerprint.take(faces, drawn=False), tuple(skipped))

    dataset = _cached(
        "fer2013", f"{key}/{on_error}/{_code('pictures', 'archives', 'rows')}", cache_dir, decode
    )
    if dataset.fingerprint.kind != "canonical":
        log.warning("data.root=%s is not the canonical FER-2013, %s", root, dataset.fingerprint.describe())
    if dataset.skipped:
        log.warning("%d files were left out, the first: %s", len(dataset.skipped), dataset.skipped[0])
    return dataset


def _cached(name: str, key: str, cache_dir: Path, make: Callable[[], cache.Entry]) -> Dataset:
    key = f"{name}/{key}/{_code('faces', 'fingerprint', 'cache', 'sorting')}"
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
    sources = (Path(__file__).with_name(f"{module}.py").read_bytes() for module in modules)
    return hashlib.sha256(b"".join(sources)).hexdigest()[:16]


def _find(root: Path) -> Path:
    """The zip, the CSV or the folder of splits at `root` or one level below it."""
    if root.is_file():
        if root.suffix.lower() not in (".zip", ".csv"):
            raise UserError(f"data.root={root}: is neither a folder nor a .zip or .csv; {_HOW_TO}")
        return root
    try:
        below = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"data.root={root}: cannot be listed ({error.strerror})") from None
    if not below:
        raise UserError(f"data.root={root}: the folder is empty; {_HOW_TO}")
    own = _source_in(root)
    found = [own] if own else [source for path in below if path.is_dir() and (source := _source_in(path))]
    if len(found) > 1:
        raise UserError(f"data.root={root}: holds more than one set, {found[0]} and {found[1]}; name one")
    if found:
        return found[0]
    raise UserError(f"data.root={root}: holds no train folder, no {_CSV_NAMES[0]} and no zip; {_HOW_TO}")


def _source_in(folder: Path) -> Path | None:
    """The set that lies in this very folder: itself, a CSV of a known name, or the one zip."""
    try:
        names = {path.name.lower(): path for path in folder.iterdir()}
    except PermissionError:
        # a disk's lost+found beside the set is none of our business
        return None
    if any(name in names and names[name].is_dir() for name in ("train", "training")):
        return folder
    tables = [names[name] for name in _CSV_NAMES if name in names]
    if len(tables) > 1:
        raise UserError(f"{folder}: holds more than one set, {tables[0].name} and {tables[1].name}; name one")
    zips = sorted(path for name, path in names.items() if name.endswith(".zip"))
    return next(iter(tables), None) or (zips[0] if len(zips) == 1 else None)


def _content_key(source: Path) -> str:
    """A hash that changes with what lies in a folder, or with any byte of a file."""
    return archives.list_folder(source)[1] if source.is_dir() else _hash_file(source)


def _entries(source: Path, broken: Callable[[UserError], None]) -> Iterator[Row]:
    """The faces of a source, through the door that fits it."""
    if source.is_dir():
        return _from_folder(source, broken)
    return _from_csv(source, broken) if source.suffix.lower() == ".csv" else _from_zip(source, broken)


def _hash_file(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _each_class(entries: Iterator[Row], root: Path) -> Iterator[Row]:
    """The entries; after the last, UserError unless train has every class."""
    missing = dict(enumerate(EMOTIONS))
    for row in entries:
        if row[2] == Usage.TRAIN:
            missing.pop(row[1], None)
        yield row
    if len(missing) == len(EMOTIONS):
        raise UserError(
            f"data.root={root}: holds no train/<emotion>/<picture> and no row of Training; {_HOW_TO}"
        )
    if missing:
        raise UserError(f"data.root={root}: train has no picture of {next(iter(missing.values()))}")


def _pictures(
    paths: list[str], root: Path, read: Callable[[str], bytes], broken: Callable[[UserError], None]
) -> Iterator[Row]:
    # here, since the cached start needs no Pillow
    from fer_exp import pictures

    # One thread: decoding so small a picture is Python's work, and two threads measured slower.
    for picture in archives.arrange(paths, str(root)):
        try:
            yield pictures.decode(read(picture.path), f"{root}: {picture.path}"), picture.label, picture.usage
        except UserError as error:
            broken(error)


def _from_folder(root: Path, broken: Callable[[UserError], None]) -> Iterator[Row]:
    paths, _ = archives.list_folder(root)
    yield from _pictures(paths, root, lambda path: archives.read_file(root / path), broken)


def _from_csv(path: Path, broken: Callable[[UserError], None]) -> Iterator[Row]:
    try:
        with open(path, "rb") as file:
            yield from rows.read(file, str(path), broken)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _from_zip(path: Path, broken: Callable[[UserError], None]) -> Iterator[Row]:
    with archives.open_zip(path) as archive:
        paths = archives.list_zip(archive)
        tables = [name for name in paths if Path(name).name.lower() in _CSV_NAMES]
        if len(tables) > 1:
            raise UserError(
                f"{path}: holds more than one set, {tables[0]} and {tables[1]}; unpack it and name one"
            )
        if tables:
            yield from _csv_entry(archive, tables[0], broken)
        else:
            yield from _pictures(paths, path, lambda name: archives.read_entry(archive, name), broken)


def _csv_entry(archive: zipfile.ZipFile, name: str, broken: Callable[[UserError], None]) -> Iterator[Row]:
    try:
        with archive.open(name) as file:
            yield from rows.read(file, f"{archive.filename}: {name}", broken)
    except archives.UNPACKING_ERRORS as error:
        raise UserError(f"{archive.filename}: {name}: cannot be unpacked ({error})") from None
