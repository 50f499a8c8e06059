"""The answers of runs in few letters: 3 bits for each, and the faces that many runs answered told once.

Runs of one seed share their validation faces, and all share those of test. So a file tells each set of faces
on a line of its own, and a run names it by its digest.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.tracking.artifacts import ANSWER, TEST_ANSWERS, VALIDATION_ANSWERS

# The files of a run, by the word for each in its line.
FILES = {"validation": VALIDATION_ANSWERS, "test": TEST_ANSWERS}

# Bits that tell one of the classes, and the most faces that a line may tell, some 30 times those of FER-2013.
_BITS = 3
_MOST = 1_000_000

# The bytes of a face: the distance to the one before it, its group and its class.
_FACE = np.dtype([("step", "<i4"), ("group", "<i4"), ("label", "u1")])


@dataclass(frozen=True, eq=False)
class ArchivedFaces:
    """Faces that runs have answered, an array [n] of `ANSWER` without answers, and its digest."""

    digest: str
    rows: np.ndarray

    @classmethod
    def of(cls, answers: np.ndarray) -> "ArchivedFaces":
        """The faces of a run's answers."""
        rows = answers.copy()
        rows["predicted"] = 0
        return cls(hashlib.sha256(rows.tobytes()).hexdigest()[:16], rows)

    @classmethod
    def parse(cls, tree: dict[str, Any]) -> "ArchivedFaces":
        """A line as `text` writes it, already read as JSON; raises UserError for another."""
        if tree.keys() != {"faces", "rows"} or not all(isinstance(value, str) for value in tree.values()):
            raise UserError("must hold faces and rows, two texts, and nothing else")
        columns = _inflated(_decoded(tree["rows"]))
        rows = np.zeros(len(columns), ANSWER)
        rows["face"] = np.cumsum(columns["step"], dtype=np.int64)
        rows["group"], rows["label"] = columns["group"], columns["label"]
        found = cls.of(rows)
        if (
            found.digest != tree["faces"]
            or (rows["group"] < 0).any()
            or (rows["label"] >= len(EMOTIONS)).any()
        ):
            raise UserError("its rows are not those that it was written with")
        return found

    def text(self) -> str:
        """The line, with its end."""
        columns = np.empty(len(self.rows), _FACE)
        # from 0, so that the sums give the positions back
        columns["step"] = np.diff(self.rows["face"], prepend=0)
        columns["group"], columns["label"] = self.rows["group"], self.rows["label"]
        # a column at a time: like bytes stand together
        apart = b"".join(np.ascontiguousarray(columns[name]).tobytes() for name in _FACE.names or ())
        rows = base64.b64encode(zlib.compress(apart, 9)).decode()
        return json.dumps({"faces": self.digest, "rows": rows}) + "\n"

    def answered(self, packed: str) -> np.ndarray:
        """These faces with the answers of a run, as `pack` wrote them; raises UserError unless they fit."""
        bits = np.unpackbits(np.frombuffer(_decoded(packed), np.uint8))
        wanted = _BITS * len(self.rows)
        if not wanted <= len(bits) < wanted + 8:
            raise UserError(f"its answers are not those to the {len(self.rows)} faces that it names")
        each = bits[:wanted].reshape(-1, _BITS)
        answers = self.rows.copy()
        answers["predicted"] = each @ (1 << np.arange(_BITS)[::-1]).astype(np.uint8)
        if (answers["predicted"] >= len(EMOTIONS)).any():
            raise UserError("its answers are no classes")
        return answers


def pack(answers: np.ndarray) -> str:
    """The predicted classes of a run's answers, 3 bits each, as letters."""
    bits = np.unpackbits(answers["predicted"][:, None], axis=1)[:, -_BITS:]
    return base64.b64encode(np.packbits(bits).tobytes()).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UserError("holds what is no base64") from None


def _inflated(data: bytes) -> np.ndarray:
    """Rows of `_FACE`, each column of which stands by itself."""
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(data, _MOST * _FACE.itemsize)
    except zlib.error:
        raise UserError("its rows are damaged") from None
    count, rest = divmod(len(raw), _FACE.itemsize)
    if rest or not reader.eof:
        raise UserError(f"its rows are cut short, or more than {_MOST:,}")
    columns = np.empty(count, _FACE)
    at = 0
    for name in _FACE.names or ():
        kind = _FACE[name]
        columns[name] = np.frombuffer(raw, kind, count, at)
        at += count * kind.itemsize
    return columns


def lines(runs: Iterable[Mapping[str, np.ndarray]]) -> list[ArchivedFaces]:
    """The faces that the answers of some runs are of, each once, by their digest."""
    found = (ArchivedFaces.of(each) for answers in runs for each in answers.values())
    known = {faces.digest: faces for faces in found}
    return [known[digest] for digest in sorted(known)]


def told(answers: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
    """The answers of a run as its line holds them: of each file the digest of its faces, and the letters."""
    return {word: [ArchivedFaces.of(each).digest, pack(each)] for word, each in answers.items()}


def understood(tree: Any, faces: Mapping[str, ArchivedFaces]) -> dict[str, np.ndarray]:
    """What `told` made, read again; raises UserError for anything else, and for faces that no line tells."""
    fine = isinstance(tree, dict) and tree.keys() <= FILES.keys()
    if not fine or not all(isinstance(each, list) and len(each) == 2 for each in tree.values()):
        raise UserError(f"answers are none to the faces of {' or '.join(FILES)}")
    if not all(isinstance(text, str) for each in tree.values() for text in each):
        raise UserError("answers are no texts")
    lacking = [digest for digest, _ in tree.values() if digest not in faces]
    if lacking:
        raise UserError(f"answers are to faces {lacking[0][:40]!r}, which no line tells")
    return {word: faces[digest].answered(packed) for word, (digest, packed) in tree.items()}
