"""The photo of each face: equal numbers for faces that were cut from one photo, so that no split parts them.

Both copies of FER-2013 are looked up, by pixels or by row. Any other set is searched once, and what was found
lies beside the set in the cache.
"""

import hashlib
import logging
from pathlib import Path

import numpy as np

from fer_exp.data import cache, fer2013_faces
from fer_exp.data.faces import Faces
from fer_exp.data.fingerprint import Fingerprint
from fer_exp.errors import UserError

log = logging.getLogger(__name__)

# The search takes time with the square of the set: of so many faces 25 minutes of one core.
MOST_SEARCHED = 100_000

# Minutes of one core for as many faces as FER-2013 has.
_MINUTES = 3.0

# What the search finds depends on these files, so changed code never meets an old answer.
_CODE = ("near_copies.py", "pixel_keys.py")


def photos_of(faces: Faces, fingerprint: Fingerprint, cache_dir: Path | None) -> np.ndarray:
    """A number for each face of a whole set, int64 [N], equal for faces of one photo.

    Drawn faces are of one photo where their pixels are the same. cache_dir: where the search keeps what
    it finds, if anywhere. Raises UserError for a set too large to search.
    """
    found = known_photos(faces, fingerprint, cache_dir)
    return _searched(faces, fingerprint.content, cache_dir) if found is None else found


def known_photos(faces: Faces, fingerprint: Fingerprint, cache_dir: Path | None) -> np.ndarray | None:
    """The same where it takes no search, else None."""
    if fingerprint.kind == "synthetic":
        return faces.group
    found = fer2013_faces.photos(faces.pixels)
    if found is None and fingerprint.copy == "original":
        found = _by_row(faces)
    if found is None and cache_dir:
        found = _read(_path(fingerprint.content, cache_dir), len(faces))
    return found


def search_minutes(n: int) -> float:
    """Minutes of one core that a search of n faces takes, about. Raises UserError if they are too many."""
    if n > MOST_SEARCHED:
        raise UserError(
            f"{n:,} faces are too many to search for near-copies, which takes time with the square; at most "
            f"{MOST_SEARCHED:,} are"
        )
    return _MINUTES * (n / fer2013_faces.ROWS) ** 2


def _by_row(faces: Faces) -> np.ndarray | None:
    """The photos that the rows tell; None where some are not known or not in the order of fer2013.csv."""
    if (faces.csv_row < 0).any() or faces.csv_row.max() >= fer2013_faces.ROWS:
        return None
    photo = fer2013_faces.photos_of_rows()[faces.csv_row]
    order = np.argsort(faces.group, kind="stable")
    copies = np.diff(faces.group[order]) == 0
    # rows that show no face have no photo, and some of them are plain alike
    if copies.any() and (np.diff(photo[order]) == 0)[copies].mean() < 0.9:
        return None
    return _joined(photo, faces.group)


def _joined(photo: np.ndarray, group: np.ndarray) -> np.ndarray:
    """One number for all faces that chains of equal photos or equal groups connect, int64 [N]."""
    # here, since SciPy takes a while to import and training has no use for it
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, photo = np.unique(photo, return_inverse=True)
    _, group = np.unique(group, return_inverse=True)
    n = photo.max(initial=-1) + 1
    size = n + group.max(initial=-1) + 1
    links = coo_array((np.ones(len(photo), bool), (photo, n + group)), shape=(size, size))
    return connected_components(links, directed=False)[1][photo].astype(np.int64)


def _searched(faces: Faces, digest: str, cache_dir: Path | None) -> np.ndarray:
    # here, as above
    from fer_exp.data.near_copies import groups, near_copies

    minutes = search_minutes(len(faces))
    if minutes > 0.1:
        log.info("looking for faces of one photo, once: about %.1f minutes of one core", minutes)
    found = groups(faces.pixels, near_copies(faces.pixels))
    if cache_dir:
        _write(_path(digest, cache_dir), found)
    return found


def _path(digest: str, cache_dir: Path) -> Path:
    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in _CODE)
    return cache_dir / f"photos-{hashlib.sha256(digest.encode() + code).hexdigest()[:16]}.groups"


def _read(path: Path, n: int) -> np.ndarray | None:
    """What `_write` kept, or None if it is not there, not whole or not of n faces."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, payload = data[:32], data[32:]
    if hashlib.sha256(payload).digest() != digest or len(payload) != 8 * n:
        return None
    return np.frombuffer(payload, "<i8").astype(np.int64)


def _write(path: Path, found: np.ndarray) -> None:
    payload = found.astype("<i8").tobytes()
    cache.write_file(path, [hashlib.sha256(payload).digest(), payload])
