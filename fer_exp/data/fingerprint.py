"""The fingerprint of a set of faces: what tells it from any other, and FER-2013 from what bears its name.

Two copies are FER-2013, `kaggle` and `original`. Blurred, equalised, re-split and thinned ones circulate
under the same name; figures on them are no figures on FER-2013.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from fer_exp import fer2013
from fer_exp.data.faces import Faces, Usage
from fer_exp.fer2013 import EMOTIONS

# Up to this share of faces more or less, a set passes for an altered copy rather than another set.
ALTERED = 0.2


@dataclass(frozen=True)
class Fingerprint:
    """kind: kaggle, original, altered, other, relabelled or synthetic.

    train, test: faces of each emotion, [7].
    mean, std: of the training pixels, of 255. content: hash of all pixels, labels and usages.
    differences: what tells an altered copy from FER-2013, or labels from FER-2013's, in words.
    copy: kaggle or original if the pixels are FER-2013's, whatever the labels; else empty.
    """

    kind: str
    content: str
    train: tuple[int, ...]
    test: tuple[int, ...]
    mean: float
    std: float
    differences: tuple[str, ...]
    copy: str = ""

    def flat(self) -> dict[str, str | int | float]:
        """The fingerprint as flat facts, to log."""
        facts: dict[str, str | int | float] = {"kind": self.kind, "content": self.content}
        facts |= {"mean": round(self.mean, 4), "std": round(self.std, 4)}
        facts |= {
            "train": sum(self.train),
            "test": sum(self.test),
            "differences": "; ".join(self.differences),
        }
        for part, counts in (("train", self.train), ("test", self.test)):
            facts |= {f"{part}_{name}": count for name, count in zip(EMOTIONS, counts, strict=True)}
        return facts

    def describe(self) -> str:
        """The fingerprint in one line."""
        text = f"{self.kind}: {sum(self.train):,} train, {sum(self.test):,} test, "
        text += f"pixel mean {self.mean:.4f}, std {self.std:.4f}"
        return text + "".join(f"; {difference}" for difference in self.differences)


def take(faces: Faces, drawn: bool) -> Fingerprint:
    """The fingerprint of a whole set in canonical order; `drawn` marks the synthetic one."""
    n_train = np.count_nonzero(faces.usage == Usage.TRAIN)
    train, test = faces[:n_train], faces[n_train:]
    mean, std = _pixel_statistics(train.pixels)
    counts = tuple(train.counts().values()), tuple(test.counts().values())
    differences = () if drawn else tuple(_differences(*counts, mean, std))
    copy = "" if drawn or differences else _copy(mean, std) or ""
    kind = "synthetic" if drawn else copy or _altered(*counts)
    return Fingerprint(kind, _content(faces), *counts, mean, std, differences, copy)


def _pixel_statistics(pixels: np.ndarray) -> tuple[float, float]:
    # sums of whole numbers, exact in any order, and no copy of the set
    total = int(pixels.sum(dtype=np.int64))
    squares = int(np.einsum("nij,nij->", pixels, pixels, dtype=np.int64))
    n = max(pixels.size, 1)
    mean = total / n
    return mean / 255, float(np.sqrt(max(squares / n - mean**2, 0.0))) / 255


def _content(faces: Faces) -> str:
    digest = hashlib.sha256()
    for array in (faces.pixels, faces.labels, faces.usage):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _differences(train: tuple[int, ...], test: tuple[int, ...], mean: float, std: float) -> list[str]:
    differences = []
    for part, counts, canonical in (
        ("train", train, fer2013.CANONICAL_TRAIN),
        ("test", test, fer2013.CANONICAL_TEST),
    ):
        for name, count, expected in zip(EMOTIONS, counts, canonical, strict=True):
            if count != expected:
                differences.append(f"{part} has {count:,} {name}, FER-2013 {expected:,}")
    if _copy(mean, std) is None:
        means, stds = (list(dict.fromkeys(values)) for values in zip(*fer2013.COPIES.values(), strict=True))
        for what, value, published in (("mean", mean, means), ("std", std, stds)):
            if round(value, 4) not in published:
                text = " or ".join(f"{each:.4f}" for each in published)
                differences.append(f"train pixel {what} is {value:.4f}, FER-2013's {text}")
    return differences


def _copy(mean: float, std: float) -> str | None:
    """The copy of FER-2013 whose training pixels have this mean and standard deviation."""
    found = (round(mean, 4), round(std, 4))
    return next((name for name, expected in fer2013.COPIES.items() if expected == found), None)


def _altered(train: tuple[int, ...], test: tuple[int, ...]) -> str:
    canonical = sum(fer2013.CANONICAL_TRAIN) + sum(fer2013.CANONICAL_TEST)
    near = abs(sum(train) + sum(test) - canonical) <= ALTERED * canonical
    return "altered" if near else "other"
