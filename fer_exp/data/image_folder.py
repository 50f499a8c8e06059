"""Images in a folder or in a zip: `<split>/<emotion>/<file>`, wherever below the root that begins.

Both are listed the same way and read one file at a time.
"""

import hashlib
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fer_exp.data.faces import Usage
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS

# Folder names in circulation beside FER-2013's own. Numbers are refused: 4 is sad in the CSV and
# neutral in alphabetical folders.
_SYNONYMS = {"anger": "angry", "disgusted": "disgust", "fearful": "fear", "happiness": "happy"}
_SYNONYMS |= {"sadness": "sad", "surprised": "surprise"}

SPLITS = {"train": Usage.TRAIN, "training": Usage.TRAIN, "test": Usage.TEST, "testing": Usage.TEST}
SPLITS |= dict.fromkeys(("validation", "valid", "val", "publictest"), Usage.PUBLIC)
SPLITS |= {"privatetest": Usage.PRIVATE}

# What Windows, macOS and network disks leave in folders, beside names that begin with a dot.
_LITTER = {"thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"}

# A 48x48 image takes a few kB, a phone's photo a few MB.
LARGEST_FILE = 64 * 1024 * 1024


@dataclass(frozen=True)
class ImageFile:
    """An image file: where it lies below the root, and what its place says of it."""

    path: str
    label: int
    usage: Usage


def emotion_label(name: str) -> int | None:
    """The label of an emotion's name in any case, or None."""
    name = name.strip().lower()
    name = _SYNONYMS.get(name, name)
    return EMOTIONS.index(name) if name in EMOTIONS else None


def arrange(paths: list[str], root: str, on_broken: Callable[[UserError], None]) -> list[ImageFile]:
    """Give each path its label and usage; raises UserError for a folder that names no emotion.

    on_broken: told of each folder beside the splits that is laid out as they are and names none.
    """
    placed = []
    tops, unknown = set(), {}
    for path in paths:
        parts = path.split("/")
        if any(part.lower() in SPLITS for part in parts[:-3]):
            raise UserError(f"{root}: {path} lies in a folder below an emotion's; move it up, or away")
        if len(parts) < 3:
            continue
        *above, split, emotion, name = parts
        top = "/".join(above)
        label = emotion_label(emotion)
        if split.lower() not in SPLITS:
            if label is not None:
                unknown["/".join([*above, split])] = top
            continue
        tops.add(top)
        if len(tops) > 1:
            first, second = sorted(tops)
            raise two_sets(root, first or "one at its top", second, f"{second}/*")
        if label is None:
            raise UserError(
                f"{root}: the folder {'/'.join(parts[:-1])} names no emotion; known are {', '.join(EMOTIONS)}"
            )
        placed.append((path, label, SPLITS[split.lower()], name.lower()))
    for folder in (folder for folder, top in unknown.items() if top in tops):
        on_broken(UserError(f"{root}: the folder {folder} names no split; known are {', '.join(SPLITS)}"))
    three_way = any(usage == Usage.PUBLIC for _, _, usage, _ in placed)
    return [ImageFile(path, label, usage_of(usage, name, three_way)) for path, label, usage, name in placed]


def folder_of_split(path: str) -> str | None:
    """The `<split>/<emotion>/` of the file at a path; None where it lies in none."""
    *_, split, emotion, _ = ("", "", *path.split("/"))
    known = split.lower() in SPLITS and emotion_label(emotion) is not None
    return f"{path.rpartition('/')[0]}/" if known else None


def two_sets(archive: str, one: str, other: str, entries: str) -> UserError:
    """What to say of a zip with two sets, of which these entries are one."""
    command = f"{shlex.join(['unzip', archive, entries])} -d FOLDER"
    return UserError(f"{archive}: holds two sets, {one} and {other}; take one out: {command}")


def usage_of(usage: Usage, name: str, three_way: bool) -> Usage:
    """The split of a file called `name` in lower case, of which its folder says `usage`.

    three_way: whether the set has a folder for validation, beside which test is the private half.
    """
    if usage != Usage.TEST:
        return usage
    if name.startswith("publictest"):
        return Usage.PUBLIC
    if name.startswith("privatetest") or three_way:
        return Usage.PRIVATE
    return Usage.TEST


def is_litter(name: str) -> bool:
    """Whether a system has left a file or folder of this name."""
    # a dot alone is where an archive begins
    return (name.startswith(".") and name != ".") or name.lower() in _LITTER


def list_folder(root: Path) -> tuple[list[str], str]:
    """Files of the split folders in `root`, sorted, and a hash of their names and states.

    The change time is part of it: unlike the modification time it cannot be set back. Of a folder beside them
    that holds emotions, these are listed as `<folder>/<emotion>/`, so that `arrange` can name it.
    """
    found = []
    for folder in _folders(root):
        found += _files(folder, root) if folder.name.lower() in SPLITS else _emotions(folder)
    digest = hashlib.sha256()
    found.sort()
    for path, *state in found:
        digest.update(f"{path}\0{state}\0".encode("utf-8", "surrogateescape"))
    return [path for path, *_ in found], digest.hexdigest()


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                Path(entry.path) for entry in entries if entry.is_dir() and not is_litter(entry.name)
            )
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed ({error.strerror})") from None


def _emotions(folder: Path) -> list[tuple[str, int, int, int]]:
    try:
        inner = [each.name for each in _folders(folder)]
    except UserError:
        # what cannot be listed, as a disk's lost+found, is no split that was meant
        return []
    return [(f"{folder.name}/{name}/", 0, 0, 0) for name in inner if emotion_label(name) is not None]


def _files(split: Path, root: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for folder in _folders(split):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_litter(entry.name):
                        continue
                    if entry.is_dir():
                        if any(Path(entry.path).iterdir()):
                            raise UserError(
                                f"{entry.path}: is a folder below an emotion's; move its files up"
                            )
                        continue
                    if not entry.is_file():
                        check_file(Path(entry.path))
                    # a link that leads nowhere is listed too, so that reading it says so
                    state = entry.stat(follow_symlinks=entry.is_file())
                    place = PurePosixPath(folder.relative_to(root).as_posix(), entry.name)
                    found.append((str(place), state.st_size, state.st_mtime_ns, state.st_ctime_ns))
        except OSError as error:
            raise UserError(f"{folder}: cannot be listed ({error.strerror})") from None
    return found


def check_file(path: Path) -> None:
    """Raise UserError for a pipe or a device, which would be read for ever; not for what is not there."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f"{path}: is no file, as a pipe or a device is none; move it away")


def read_file(path: Path) -> bytes:
    """The bytes of an image file; raises UserError that names it."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > LARGEST_FILE:
        raise UserError(f"{path}: is larger than {LARGEST_FILE >> 20} MiB, too large for an image")
    return data
