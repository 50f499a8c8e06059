"""An exact linear support vector classifier: hinge loss, free bias, one machine for each two classes.

It solves the problem of scikit-learn's `SVC(kernel="linear")` (libsvm; Chang and Lin, ACM TIST 2,
2011), whose decomposition method grows with about the cube of the number of rows, by the interior-point
method of `interior_point`, and certifies every pair with its duality gap. Pairs are independent: threads
solve one each, with one BLAS thread (the products release the interpreter's lock and share the rows),
and finished pairs can be kept on disk.
"""

import itertools
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fer_exp import machine
from fer_exp.evaluation.baselines.svm.fitted_pairs import FittedPair, KeptPairs, data_key
from fer_exp.evaluation.baselines.svm.pair_work import PairWork


class ExactLinearSVC(ClassifierMixin, BaseEstimator):
    """The linear SVC of `sklearn.svm.SVC(kernel="linear", C=C)`, solved to a certified duality gap.

    Parameters
    ----------
    C : penalty of the hinge loss, above 0.
    tol : relative duality gap, (primal - dual) / primal, to reach in every pair.
    max_iter : interior-point steps a pair; a warning tells what was reached if they did not suffice.
    n_jobs : pairs solved at a time, each on one BLAS thread; None or -1 means one a usable core,
        and 1 leaves the number of BLAS threads as it is.
    checkpoint_dir : folder that keeps every converged pair; a later fit of the same data, C and tol
        goes on from there.
    on_progress : called as (pair, pairs, gap) in the thread that called `fit`, before every step of a
        pair and when it is done.

    Attributes
    ----------
    classes_ : labels, [n_classes].
    coef_, intercept_ : [n_pairs, d] and [n_pairs], pairs and signs as in SVC: (0, 1), (0, 2), ...,
        positive for the first class, and for the second where there are only two classes.
    support_, n_support_ : rows with alpha > 0 in any pair, sorted by class, and how many a class has.
    objectives_, gaps_ : primal objective and relative duality gap, [n_pairs].
    n_iter_, fit_seconds_ : interior-point steps and seconds, [n_pairs].
    """

    def __init__(
        self,
        C=1.0,  # noqa: N803 - scikit-learn's name
        tol=1e-4,
        max_iter=100,
        n_jobs=None,
        checkpoint_dir=None,
        on_progress=None,
    ):
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.on_progress = on_progress

    def fit(self, X, y):  # noqa: N803 - scikit-learn's name
        """Fit on X, real [n, d], and labels y [n]."""
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype="numeric")  # noqa: N806 - scikit-learn's name
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("ExactLinearSVC needs two classes or more, the data has one class only")
        key = "" if self.checkpoint_dir is None else data_key(X, codes, float(self.C), float(self.tol))
        members = [np.flatnonzero(codes == k) for k in range(len(self.classes_))]
        pairs = list(itertools.combinations(range(len(self.classes_)), 2))
        kept = KeptPairs(
            self.checkpoint_dir, key, [(i, j, len(members[i]) + len(members[j])) for i, j in pairs]
        )
        fitted = kept.read_all(X.shape[1])
        report = self.on_progress or (lambda *_: None)
        for k, pair in fitted.items():
            report(k, len(pairs), pair.gap)
        if len(fitted) < len(pairs):
            work = PairWork(X, members, pairs, float(self.C), self.tol, self.max_iter, kept)
            workers = machine.cores() if self.n_jobs in (None, -1) else int(self.n_jobs)
            fitted |= work.run([k for k in range(len(pairs)) if k not in fitted], workers, report)
        self._take(pairs, [fitted[k] for k in range(len(pairs))], members)
        return self

    def predict(self, X):  # noqa: N803 - scikit-learn's name
        """The label with the most pairs won; the first of them in a tie, as in libsvm."""
        check_is_fitted(self)
        scores = validate_data(self, X, dtype="numeric", reset=False) @ self.coef_.T + self.intercept_
        if len(self.classes_) == 2:
            return self.classes_[(scores[:, 0] >= 0).astype(int)]
        return self.classes_[np.argmax(votes(scores, len(self.classes_)), axis=1)]

    def _check_parameters(self) -> None:
        """Refuse what cannot be fitted."""
        if not (np.isfinite(self.C) and self.C > 0):
            raise ValueError(f"C={self.C!r}: must be a finite number above 0")
        if not (np.isfinite(self.tol) and self.tol > 0):
            raise ValueError(f"tol={self.tol!r}: must be a finite number above 0")
        if int(self.max_iter) != self.max_iter or self.max_iter < 1:
            raise ValueError(f"max_iter={self.max_iter!r}: must be a whole number, 1 or more")
        if self.n_jobs is not None and self.n_jobs != -1 and self.n_jobs < 1:
            raise ValueError(f"n_jobs={self.n_jobs!r}: None, -1, or a number from 1")

    def _take(self, pairs: list, fitted: list[FittedPair], members: list[np.ndarray]) -> None:
        """Set the fitted attributes."""
        sign = -1.0 if len(pairs) == 1 else 1.0
        self.coef_ = sign * np.array([pair.coef for pair in fitted])
        self.intercept_ = sign * np.array([pair.intercept for pair in fitted])
        self.objectives_ = np.array([pair.primal for pair in fitted])
        self.gaps_ = np.array([pair.gap for pair in fitted])
        self.n_iter_ = np.array([pair.steps for pair in fitted], dtype=np.int32)
        self.fit_seconds_ = np.array([pair.seconds for pair in fitted])
        used = [np.zeros(len(rows), dtype=bool) for rows in members]
        for (i, j), pair in zip(pairs, fitted, strict=True):
            used[i] |= pair.support[: len(members[i])]
            used[j] |= pair.support[len(members[i]) :]
        self.support_ = np.concatenate([rows[mask] for rows, mask in zip(members, used, strict=True)])
        self.n_support_ = np.array([mask.sum() for mask in used], dtype=np.int32)
        worst = int(np.argmax(self.gaps_))
        if self.gaps_[worst] > self.tol:
            i, j = pairs[worst]
            warnings.warn(
                f"{(self.gaps_ > self.tol).sum()} of {len(pairs)} pairs stopped above tol={self.tol:g}; the "
                f"widest gap, {self.gaps_[worst]:.2g}, is that of {self.classes_[i]} and {self.classes_[j]} "
                f"after {self.n_iter_[worst]} steps. Raise max_iter, or tol, or standardise the features.",
                ConvergenceWarning,
                stacklevel=3,
            )


def votes(scores: np.ndarray, n_classes: int) -> np.ndarray:
    """Pairs won by each class, int [n, n_classes], from pair scores [n, n_pairs]; 0 is the second's."""
    won = np.zeros((len(scores), n_classes), dtype=int)
    for k, (i, j) in enumerate(itertools.combinations(range(n_classes), 2)):
        won[:, i] += scores[:, k] > 0
        won[:, j] += scores[:, k] <= 0
    return won
