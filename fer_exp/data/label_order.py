"""Which emotion each number of a source of numbered labels means.

Two orders of FER-2013's classes circulate, that of fer2013.csv and the alphabetical one. They differ in three
classes. A wrong one is seen by the number of faces of each.
"""

from collections.abc import Sequence

from fer_exp.data.fingerprint import ALTERED
from fer_exp.data.image_folder import emotion_label
from fer_exp.errors import UserError
from fer_exp.fer2013 import CANONICAL_TRAIN, EMOTIONS

# An altered copy is refused where other names fit its numbers better by this share of its faces. The
# alphabetical order under the names of fer2013.csv is .125 off.
_BETTER = 0.06

# What to do about an order that is not known or wrong.
HOW_TO = f"data.label_names=[{','.join(EMOTIONS)}] names that of fer2013.csv"


def labels_of(names: Sequence[str], place: str) -> list[int]:
    """The label of each number, given the names of the numbers; raises UserError that names `place`."""
    labels = [emotion_label(name) for name in names]
    found = [label for label in labels if label is not None]
    if sorted(found) != list(range(len(EMOTIONS))) or len(labels) != len(EMOTIONS):
        raise UserError(f"{place}: {', '.join(map(str, names))} are not the seven emotions; {HOW_TO}")
    return found


def check(counts: Sequence[int], place: str) -> None:
    """Raise UserError where the numbers of training faces are FER-2013's under other names.

    counts: of each emotion, [7]. Of a set of another size nothing is said.
    """
    n, canonical = sum(counts), sum(CANONICAL_TRAIN)
    if abs(n - canonical) > ALTERED * canonical:
        return
    by_size = sorted(range(len(EMOTIONS)), key=counts.__getitem__)
    fitting = dict(zip(by_size, sorted(range(len(EMOTIONS)), key=CANONICAL_TRAIN.__getitem__), strict=True))

    def off(names: dict[int, int]) -> int:
        return sum(abs(counts[label] - CANONICAL_TRAIN[meant]) for label, meant in names.items())

    best = off(fitting)
    better = off({label: label for label in fitting}) - best
    if better > (_BETTER * n if best else 0):
        wrong = ", ".join(
            f"{EMOTIONS[label]} ({counts[label]:,}) are its {EMOTIONS[meant]} ({CANONICAL_TRAIN[meant]:,})"
            for label, meant in sorted(fitting.items())
            if label != meant
        )
        raise UserError(
            f"{place}: the labels are not in the order of their names: by FER-2013's numbers of training "
            f"faces, {wrong}; {HOW_TO}"
        )
