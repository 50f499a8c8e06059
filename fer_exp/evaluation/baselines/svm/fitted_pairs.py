"""Fitted pairs of classes, kept in a folder so that a stopped fit goes on where it was.

A file is named by a hash of the whole problem, written whole or not at all, and holds plain arrays. What
cannot be read counts as not there: it is solved again.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np

from fer_exp import files
from fer_exp.evaluation.baselines.svm.pair import Separator

# Part of a kept pair's key: a new number when the solver or the layout of the file changes.
_FORMAT = "fer-exp pair 2"


@dataclass(frozen=True)
class FittedPair(Separator):
    """What tells the classes of a pair of the data itself apart, and the seconds that it took."""

    seconds: float


def data_key(X: np.ndarray, codes: np.ndarray, c: float, tol: float) -> str:  # noqa: N803 - scikit-learn's name
    """A name of the problem: the same for the same rows, in the same order, classes, C and tol."""
    return str(joblib.hash((_FORMAT, X, codes, c, tol)))


class KeptPairs:
    """Finished pairs in a folder, a file each: `<key>-<i>-<j>.npz`, plain arrays only.

    folder: None keeps nothing. key: of the problem. pairs: two classes, and how many rows they have.
    """

    def __init__(self, folder: str | Path | None, key: str, pairs: list[tuple[int, int, int]]):
        self.folder = None if folder is None else Path(folder)
        self.key, self.pairs = key, pairs

    def _name(self, k: int) -> str:
        i, j, _ = self.pairs[k]
        return f"{self.key}-{i}-{j}.npz"

    def write(self, k: int, pair: FittedPair) -> None:
        """Keep a pair; a reader sees the whole file or none."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with files.written_whole(self.folder / self._name(k)) as file:
            np.savez(file, **vars(pair))

    def read_all(self, d: int) -> dict[int, FittedPair]:
        """The kept pairs of this problem with `d` features."""
        if self.folder is None:
            return {}
        found = {k: self._read(self.folder, k, d) for k in range(len(self.pairs))}
        return {k: pair for k, pair in found.items() if pair is not None}

    def _read(self, folder: Path, k: int, d: int) -> FittedPair | None:
        """One pair, or None where there is no file, or one that is broken or of another shape."""
        try:
            with (folder / self._name(k)).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                found = {name: file[name] for name in FittedPair.__dataclass_fields__}
            kinds = {"intercept": float, "primal": float, "dual": float, "steps": int, "seconds": float}
            pair = FittedPair(**found | {name: kind(found[name]) for name, kind in kinds.items()})
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            return None
        whole = pair.coef.shape == (d,) and pair.support.shape == (self.pairs[k][2],)
        whole = whole and pair.coef.dtype == np.float64 and pair.support.dtype == bool
        return pair if whole and np.isfinite([*pair.coef, pair.intercept, pair.gap]).all() else None
