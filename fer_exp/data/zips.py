"""Files in a zip, read one at a time; nothing of it is extracted to disk."""

import itertools
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_exp.data import file_kinds
from fer_exp.data.image_folder import LARGEST_FILE, is_litter
from fer_exp.errors import UserError

# What zipfile raises on a damaged entry.
UNPACKING_ERRORS = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)

_MOST_ENTRIES = 5_000_000


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip whose entries have been checked: none reaches outside, is a link, locked or oversized."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        kind = file_kinds.seen_at(path, b"PK")
        raise UserError(f"{path}: cannot be opened as a zip ({f'it is {kind}' if kind else error})") from None
    with archive:
        entries = archive.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise UserError(f"{path}: holds {len(entries):,} entries, more than {_MOST_ENTRIES:,}")
        for entry in entries:
            _check_entry(path, entry)
            if "\\" in entry.filename:
                # as older programs of Windows write them
                entry.filename = entry.filename.replace("\\", "/")
                archive.NameToInfo[entry.filename] = entry
        yield archive


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    # `orig_filename`, since zipfile cuts the other at a NUL byte and turns backslashes
    name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise UserError(f"{path}: the entry {name!r} lies outside the zip; get a clean copy")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UserError(f"{path}: the entry {name!r} is a link; get a clean copy")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the others without a bound on what comes out
        raise UserError(f"{path}: the entry {name!r} is packed in a rare way; pack it again as a plain zip")
    if entry.flag_bits & 1:
        raise UserError(f"{path}: the entry {name!r} is locked by a password; unpack it first")


def list_zip(archive: zipfile.ZipFile) -> list[str]:
    """The files of a zip, sorted, without folders and litter; raises UserError if one occurs twice."""
    names = sorted(
        entry.filename
        for entry in archive.infolist()
        if not entry.is_dir() and not any(map(is_litter, entry.filename.split("/")))
    )
    for name, following in itertools.pairwise(names):
        if name == following:
            raise UserError(f"{archive.filename}: holds {name} twice; get a clean copy")
    return names


def read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one entry; raises UserError that names it."""
    place = f"{archive.filename}: {name}"
    size = archive.getinfo(name).file_size
    if size > LARGEST_FILE:
        raise UserError(f"{place}: is larger than {LARGEST_FILE >> 20} MiB, too large for an image")
    try:
        with archive.open(name) as file:
            # not all there is: an entry may hold far more than it declares; one more, so that the checksum
            # is looked at in an entry that declares nothing as well
            return file.read(size + 1)
    except UNPACKING_ERRORS as error:
        raise UserError(f"{place}: cannot be unpacked ({error})") from None
