"""k-fold cross-validation by photo, stratified by class and repeated; k is 5 unless it is told.

Run r is fold r mod k of repeat r div k. All faces of a group stand on one side, and within a repeat each face
is validated once. Large groups are placed first, where their classes are rarest so far; single faces then
level the classes.
"""

import numpy as np

from fer_exp.errors import UserError

FOLDS = 5


def fold(
    labels: np.ndarray, groups: np.ndarray, run: int, seed: int = 0, k: int = FOLDS
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the faces that a run is fitted on and of those it is validated with, int64, ascending.

    labels: int [N], 0 or more. groups: int [N], equal for faces of one photo; they may have several labels.
    seed: of the partition, 0 or more; runs of one seed share it. Raises UserError where a fold has no face.
    """
    if run < 0 or seed < 0:
        raise ValueError(f"run {run} and seed {seed} must be 0 or more")
    repeat, held_out = divmod(run, k)
    of_face = partition(labels, groups, repeat, seed, k) if k <= len(labels) else labels[:0]
    if not np.bincount(of_face, minlength=k).all():
        raise UserError(
            f"{len(labels)} faces of {len(np.unique(groups))} photos cannot be cut into {k} folds; each "
            "fold needs a photo of its own"
        )
    return np.flatnonzero(of_face != held_out), np.flatnonzero(of_face == held_out)


def partition(
    labels: np.ndarray, groups: np.ndarray, repeat: int, seed: int = 0, k: int = FOLDS
) -> np.ndarray:
    """The fold of each face in one repeat, int64 [N] from 0 to k - 1; see `fold`."""
    rng = np.random.default_rng([seed, repeat])
    _, member, size = np.unique(groups, return_inverse=True, return_counts=True)
    n_classes = int(labels.max(initial=0)) + 1
    of_group = np.zeros(len(size), np.int64)
    filled = _place_copies(labels, member, size, of_group, np.zeros((k, n_classes), np.int64), rng)
    single = size[member] == 1
    for label in range(n_classes):
        faces = rng.permutation(np.flatnonzero(single & (labels == label)))
        shares = _levelled(filled[:, label], filled.sum(axis=1), len(faces))
        of_group[member[faces]] = np.repeat(np.arange(k), shares)
        filled[:, label] += shares
    # the largest group would else lie in fold 0 of every repeat
    return rng.permutation(k)[of_group[member]]


def _place_copies(
    labels: np.ndarray,
    member: np.ndarray,
    size: np.ndarray,
    of_group: np.ndarray,
    empty: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Give each group of several faces a fold in `of_group`; int64 [k, C], the faces placed by class.

    empty: int64 [k, C] of zeros.
    """
    k, n_classes = empty.shape
    filled = empty.tolist()
    share = np.maximum(np.bincount(labels, minlength=n_classes) / k, 1).tolist()
    drawn = rng.permutation(np.flatnonzero(size > 1))
    largest_first = drawn[np.argsort(-size[drawn], kind="stable")]
    order = np.argsort(member, kind="stable")
    ends = np.cumsum(size)
    for group in largest_first.tolist():
        own = labels[order[ends[group] - size[group] : ends[group]]].tolist()
        # a face counts by its share of its class, so that a rare class is levelled, too
        crowd = [sum(counts[label] / share[label] for label in own) for counts in filled]
        best = min(range(k), key=lambda each: (crowd[each], sum(filled[each])))
        of_group[group] = best
        for label in own:
            filled[best][label] += 1
    return np.array(filled, np.int64)


def _levelled(filled: np.ndarray, total: np.ndarray, n: int) -> np.ndarray:
    """How many of n faces of a class each fold gets, int64 [k], so that it has as many as the others.

    filled, total: int64 [k], the faces of this class and of all that each has. What does not divide goes to
    the folds of fewest faces.
    """
    lowest_first = np.sort(filled)
    for width in range(len(filled), 0, -1):
        level, rest = divmod(n + int(lowest_first[:width].sum()), width)
        # a fold that has more than the level already gets none
        if level >= lowest_first[width - 1]:
            break
    shares = np.maximum(level - filled, 0)
    open_to = np.flatnonzero(filled <= level)
    shares[open_to[np.argsort((total + shares)[open_to], kind="stable")[:rest]]] += 1
    return shares
