"""The doors: what lies at a place, a zip, a CSV or folders, and the faces that come out of it one by one."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from fer_exp.data import csv_reader, image_folder
from fer_exp.data.faces import Row
from fer_exp.data.limits import MOST_BYTES, Budget
from fer_exp.errors import UserError

_CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
HOW_TO = "see 'Get the data' in the README"


def find(root: Path) -> Path:
    """The zip, the CSV or the folder of splits at `root` or one level below it."""
    if root.is_file():
        if root.suffix.lower() not in (".zip", ".csv"):
            raise UserError(f"data.root={root}: is neither a folder nor a .zip or .csv; {HOW_TO}")
        return root
    try:
        below = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"data.root={root}: cannot be listed ({error.strerror})") from None
    if not below:
        raise UserError(f"data.root={root}: the folder is empty; {HOW_TO}")
    own = _source_in(root)
    found = [own] if own else [source for path in below if path.is_dir() and (source := _source_in(path))]
    if len(found) > 1:
        raise UserError(f"data.root={root}: holds more than one set, {found[0]} and {found[1]}; name one")
    if found:
        return found[0]
    raise UserError(f"data.root={root}: holds no train folder, no {_CSV_NAMES[0]} and no zip; {HOW_TO}")


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


def content_key(source: Path) -> str:
    """A hash that changes with what lies in a folder, or with any byte of a file."""
    return image_folder.list_folder(source)[1] if source.is_dir() else hash_file(source)


def entries(source: Path, broken: Callable[[UserError], None]) -> Generator[Row, None, None]:
    """The faces of a source, through the door that fits it."""
    if source.is_dir():
        return _from_folder(source, broken)
    return _from_csv(source, broken) if source.suffix.lower() == ".csv" else _from_zip(source, broken)


def hash_file(path: Path) -> str:
    image_folder.check_file(path)
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES >> 30} GiB; make its images smaller")
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def table_rows(source: Path) -> Generator[Row, None, None]:
    """The faces of a CSV, in its order; UserError if it has none, or at the first that is broken."""

    def broken(error: UserError) -> None:
        raise error

    table = source.suffix.lower() == ".csv" and not source.is_dir()
    if not table and source.suffix.lower() == ".zip" and not source.is_dir():
        with image_folder.open_zip(source) as archive:
            table = any(Path(name).name.lower() in _CSV_NAMES for name in image_folder.list_zip(archive))
    if not table:
        raise UserError(
            f"data.ferplus: votes belong to the rows of {_CSV_NAMES[0]}, and {source} holds pictures, which "
            f"do not tell theirs; data.root must name {_CSV_NAMES[0]}"
        )
    return entries(source, broken)


def _pictures(
    paths: list[str], files: image_folder.Files, broken: Callable[[UserError], None]
) -> Iterator[Row]:
    # here, since the cached start needs no Pillow
    from fer_exp.data import images

    budget = Budget(str(files.root))
    for picture in image_folder.arrange(paths, str(files.root)):
        size = 0
        try:
            data = files.read(picture.path)
            size = len(data)
            decoded = images.decode(data, files.place(picture.path))
        except UserError as error:
            broken(error)
        else:
            yield decoded, picture.label, picture.usage
        budget.spend(size)


def _from_folder(root: Path, broken: Callable[[UserError], None]) -> Generator[Row, None, None]:
    paths, _ = image_folder.list_folder(root)
    yield from _pictures(paths, image_folder.FolderFiles(root), broken)


def _from_csv(path: Path, broken: Callable[[UserError], None]) -> Generator[Row, None, None]:
    try:
        with open(path, "rb") as file:
            yield from csv_reader.read(file, str(path), broken)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _from_zip(path: Path, broken: Callable[[UserError], None]) -> Generator[Row, None, None]:
    with image_folder.open_zip(path) as archive:
        paths = image_folder.list_zip(archive)
        tables = [name for name in paths if Path(name).name.lower() in _CSV_NAMES]
        if len(tables) > 1:
            raise UserError(
                f"{path}: holds more than one set, {tables[0]} and {tables[1]}; unpack it and name one"
            )
        if tables:
            yield from _csv_entry(archive, tables[0], broken)
        else:
            yield from _pictures(paths, image_folder.ZipFiles(archive), broken)


def _csv_entry(archive: zipfile.ZipFile, name: str, broken: Callable[[UserError], None]) -> Iterator[Row]:
    try:
        with archive.open(name) as file:
            yield from csv_reader.read(file, f"{archive.filename}: {name}", broken)
    except image_folder.UNPACKING_ERRORS as error:
        raise UserError(f"{archive.filename}: {name}: cannot be unpacked ({error})") from None
