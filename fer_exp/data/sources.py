"""Sources: a folder, a zip, a CSV or Parquet files, and the faces that come out of each one by one.

`find` decides once what lies at a place; who has a `Source` need not ask which it is.
"""

import functools
import hashlib
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fer_exp.data import csv_reader, file_kinds, image_folder, zips
from fer_exp.data.faces import Row
from fer_exp.data.limits import MOST_BYTES, Budget
from fer_exp.errors import UserError

# Told of each file or row that gives no face; raises to stop there.
OnBroken = Callable[[UserError], None]

_CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
HOW_TO = "see 'Get the data' in the README"


@dataclass(frozen=True)
class Source(ABC):
    """A set of faces as it lies at `path`."""

    path: Path

    def key(self) -> str:
        """A hash that changes with any byte of a file, or with what lies in a folder."""
        return hash_file(self.path)

    def is_table(self) -> bool:
        """Whether the faces are the rows of a CSV in its order."""
        return False

    @abstractmethod
    def rows(self, on_broken: OnBroken) -> Generator[Row, None, None]:
        """The faces one by one; raises UserError for what is no such set."""


class FolderSource(Source):
    """Images as `<split>/<emotion>/<file>` in a folder."""

    def key(self) -> str:
        return image_folder.list_folder(self.path)[1]

    def rows(self, on_broken: OnBroken) -> Generator[Row, None, None]:
        paths, _ = image_folder.list_folder(self.path)
        return _image_rows(self.path, paths, lambda name: image_folder.read_file(self.path / name), on_broken)


class CsvSource(Source):
    """A CSV laid out as fer2013.csv."""

    def is_table(self) -> bool:
        return True

    def rows(self, on_broken: OnBroken) -> Generator[Row, None, None]:
        try:
            with open(self.path, "rb") as file:
                yield from csv_reader.read(file, str(self.path), on_broken)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read ({error.strerror})") from None


class ZipSource(Source):
    """A zip of either; nothing of it is unpacked to disk."""

    def is_table(self) -> bool:
        with zips.open_zip(self.path) as archive:
            return self._table(zips.list_zip(archive)) is not None

    def rows(self, on_broken: OnBroken) -> Generator[Row, None, None]:
        with zips.open_zip(self.path) as archive:
            paths = zips.list_zip(archive)
            if table := self._table(paths):
                yield from self._table_rows(archive, table, on_broken)
            else:
                read = functools.partial(zips.read_entry, archive)
                yield from _image_rows(self.path, paths, read, on_broken)

    def _table(self, paths: list[str]) -> str | None:
        tables = [path for path in paths if PurePosixPath(path).name.lower() in _CSV_NAMES]
        others = [*tables[1:], *filter(None, map(image_folder.folder_of_split, paths))]
        if tables and others:
            raise image_folder.two_sets(str(self.path), tables[0], others[0], tables[0])
        return next(iter(tables), None)

    def _table_rows(self, archive: zipfile.ZipFile, name: str, on_broken: OnBroken) -> Iterator[Row]:
        try:
            with archive.open(name) as file:
                yield from csv_reader.read(file, f"{self.path}: {name}", on_broken)
        except zips.UNPACKING_ERRORS as error:
            raise UserError(f"{self.path}: {name}: cannot be unpacked ({error})") from None


@dataclass(frozen=True)
class ParquetSource(Source):
    """Parquet files of a set, each of one split or with a column that names it.

    names: the emotion of each number of the labels, if the files do not say it.
    """

    files: tuple[Path, ...]
    names: tuple[str, ...]

    def key(self) -> str:
        parts = [f"{file.relative_to(self.path.parent)}/{hash_file(file)}" for file in self.files]
        return hashlib.sha256("\n".join([*parts, *self.names]).encode()).hexdigest()

    def is_table(self) -> bool:
        # here, since the cached start needs no pyarrow
        from fer_exp.data import parquet_reader

        return len(self.files) == 1 and parquet_reader.has_usage(self.files[0])

    def rows(self, on_broken: OnBroken) -> Generator[Row, None, None]:
        # here, as above
        from fer_exp.data import parquet_reader

        return parquet_reader.read(self.files, self.names, str(self.path), on_broken)


def _image_rows(
    root: Path, paths: list[str], read: Callable[[str], bytes], on_broken: OnBroken
) -> Generator[Row, None, None]:
    # here, since the cached start needs no Pillow
    from fer_exp.data import images

    budget = Budget(str(root))
    files = image_folder.arrange(paths, str(root), on_broken)
    if paths and not files:
        raise UserError(f"data.root={root}: holds no train/<emotion>/<image>, but {_first(paths)}; {HOW_TO}")
    for file in files:
        size = 0
        try:
            data = read(file.path)
            size = len(data)
            image = images.decode(data, f"{root}: {file.path}")
        except UserError as error:
            on_broken(error)
        else:
            yield image, file.label, file.usage
        budget.spend(size)


def find(root: Path, label_names: Sequence[str] = ()) -> Source:
    """The zip, the CSV, the Parquet files or the folder of splits at `root` or one level below it.

    label_names: the emotion of each number of the labels of Parquet files that do not say it.
    """
    source = _source(_place(root), tuple(label_names))
    if label_names and not isinstance(source, ParquetSource):
        raise UserError(
            f"data.label_names: {source.path} says itself which emotion is which; only Parquet files may not"
        )
    return source


def _place(root: Path) -> Path:
    # not `root.exists()`, which raises for a name that is too long or lies in a closed folder
    if not os.path.exists(root):
        raise UserError(f"data.root={root}: there is nothing there; {HOW_TO}")
    if root.is_file():
        return root
    try:
        below = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"data.root={root}: cannot be listed ({error.strerror})") from None
    if not below:
        raise UserError(f"data.root={root}: the folder is empty; {HOW_TO}")
    found = _sets_in(root) or [each for path in below if path.is_dir() for each in _sets_in(path)]
    if len(found) > 1:
        names = " and ".join(str(path.relative_to(root)) for path in found[:2])
        raise UserError(f"data.root={root}: holds more than one set, {names}; name one, or move one away")
    if not found:
        known = f"no train folder, no {_CSV_NAMES[0]}, no zip and no Parquet file"
        seen = _first([path.name for path in below])
        raise UserError(f"data.root={root}: holds {known}, but {seen}; {HOW_TO}")
    return found[0]


def _first(names: Sequence[str]) -> str:
    return ", ".join([*names[:3], *["..."] * (len(names) > 3)])


def _sets_in(folder: Path) -> list[Path]:
    """The sets that lie in this very folder: itself, else CSVs of a known name, else zips.

    Images and Parquet files are a set together with their folder.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        # a disk's lost+found beside the set, or what is no longer mounted, is none of our business
        return []
    names = {path.name.lower(): path for path in paths}
    tables = [names[name] for name in _CSV_NAMES if name in names]
    folders = [names[name] for name in ("train", "training") if name in names and names[name].is_dir()]
    if folders and tables:
        return [*folders, *tables]
    if folders or any(map(_is_parquet, paths)):
        return [folder]
    return tables or [path for path in paths if path.suffix.lower() == ".zip"]


def _source(path: Path, label_names: tuple[str, ...]) -> Source:
    if files := _parquet_files(path):
        return ParquetSource(path, files, label_names)
    if path.is_dir():
        return FolderSource(path)
    kind = {".csv": CsvSource, ".zip": ZipSource}.get(path.suffix.lower())
    if kind is None:
        known = f"it is {seen}" if (seen := file_kinds.seen_at(path)) else HOW_TO
        raise UserError(f"data.root={path}: is neither a folder nor a .zip, .csv or .parquet; {known}")
    return kind(path)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet" and not path.name.startswith(".")


def _parquet_files(path: Path) -> tuple[Path, ...]:
    """The Parquet file at a path, or those in a folder and in its folders of splits, sorted."""
    if not path.is_dir():
        return (path,) if _is_parquet(path) else ()
    try:
        found = list(path.iterdir())
        for split in [each for each in found if each.name.lower() in image_folder.SPLITS and each.is_dir()]:
            found += split.iterdir()
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be listed ({error.strerror})") from None
    return tuple(sorted(filter(_is_parquet, found)))


def hash_file(path: Path) -> str:
    """The SHA-256 of a file; raises UserError for one that cannot be read, has no end or is too large."""
    image_folder.check_file(path)
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES >> 30} GiB; take a part of it")
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
