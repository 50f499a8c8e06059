"""Solved pairs are kept on disk, so that a stopped fit goes on where it was."""

import threading

import pytest
from helpers.svm_problems import noise
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from fer_exp.evaluation.baselines.svm import pair_work
from fer_exp.evaluation.baselines.svm.interior_point import solve_pair
from fer_exp.evaluation.baselines.svm.linear_svc import ExactLinearSVC


class TestKept:
    """Pairs kept on disk."""

    @pytest.fixture
    def solved(self, monkeypatch):
        """Numbers of rows of the pairs that were really solved."""
        sizes = []

        def counting(first, second, *rest):
            sizes.append(len(first.rows) + len(second.rows))
            return solve_pair(first, second, *rest)

        monkeypatch.setattr(pair_work, "solve_pair", counting)
        return sizes

    def fit(self, folder, **options):
        x, y = noise(60, 4, 3)
        return ExactLinearSVC(checkpoint_dir=folder, n_jobs=1, **options).fit(x, y)

    def test_a_finished_fit_is_read_back(self, tmp_path, solved):
        """Nothing is solved again, and every attribute is the same."""
        first, second = self.fit(tmp_path / "new"), self.fit(tmp_path / "new")
        assert len(solved) == 3
        for name in ("coef_", "intercept_", "support_", "n_support_", "gaps_", "n_iter_", "fit_seconds_"):
            assert_array_equal(getattr(first, name), getattr(second, name))

    def test_an_interrupted_fit_goes_on(self, tmp_path, solved):
        """After a stop at the first finished pair, only the others are solved."""

        def stop(*_):
            if list(tmp_path.glob("*.npz")):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.fit(tmp_path, on_progress=stop)
        kept = len(list(tmp_path.glob("*.npz")))
        assert kept >= 1
        solved.clear()
        self.fit(tmp_path)
        assert len(solved) == 3 - kept
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("svc")]

    @pytest.mark.parametrize("options", [{"C": 2.0}, {"tol": 1e-5}])
    def test_another_problem_is_solved(self, tmp_path, solved, options):
        """C and tol are part of the key."""
        self.fit(tmp_path)
        self.fit(tmp_path, **options)
        assert len(solved) == 6

    @pytest.mark.parametrize("change", [b"", b"no archive", None])
    def test_a_broken_file_is_solved_again(self, tmp_path, solved, change):
        """Empty, foreign, or cut short."""
        self.fit(tmp_path)
        victim = sorted(tmp_path.glob("*.npz"))[1]
        victim.write_bytes(victim.read_bytes()[:-200] if change is None else change)
        self.fit(tmp_path)
        assert len(solved) == 4
        self.fit(tmp_path)
        assert len(solved) == 4

    def test_what_did_not_converge_is_not_kept(self, tmp_path):
        """A later fit with more steps must not inherit it."""
        with pytest.warns(ConvergenceWarning):
            self.fit(tmp_path, max_iter=1, tol=1e-9)
        assert not list(tmp_path.iterdir())
