"""The pairs of a linear SVC solved side by side: a thread a pair, with one BLAS thread each."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from fer_exp.evaluation.baselines.svm.fitted_pairs import FittedPair, KeptPairs
from fer_exp.evaluation.baselines.svm.interior_point import solve_pair
from fer_exp.evaluation.baselines.svm.pair import Block, few

# Told (pair, pairs, its duality gap) before every step of a pair, and when it is done.
Report = Callable[[int, int, float], object]

# What workers tell: a pair and its gap, or the end of its solution.
News = queue.SimpleQueue[tuple[int, float] | Future[tuple[int, FittedPair]]]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """One thread for each call of BLAS or PyTorch, as those of several workers would fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


class GivenUpError(Exception):
    """Tells a worker that the fit was given up."""


class PairWork:
    """The pairs of one fit, and the rows they share: centred float64, a block a class.

    Centring spares the solver the cancellation of a large common offset; the free bias absorbs it.
    """

    def __init__(
        self,
        X: np.ndarray,  # noqa: N803 - scikit-learn's name
        members: list[np.ndarray],
        pairs: list[tuple[int, int]],
        c: float,
        tol: float,
        max_iter: int,
        kept: KeptPairs,
    ):
        self.pairs, self.c, self.tol, self.max_iter, self.kept = pairs, c, tol, max_iter, kept
        self.mean = X.mean(axis=0, dtype=np.float64)
        self.rows = [X[rows].astype(np.float64) for rows in members]
        for rows in self.rows:
            rows -= self.mean
        self.blocks: list[Block] = []
        self.stop = threading.Event()

    def run(self, todo: list[int], workers: int, report: Report) -> dict[int, FittedPair]:
        """Solve the pairs `todo`, the largest first so that the last ones are short."""
        todo = sorted(todo, key=lambda k: -self._size(k))
        workers = min(workers, len(todo))
        news: News = queue.SimpleQueue()
        with (
            one_thread_each() if workers > 1 else nullcontext(),
            ThreadPoolExecutor(workers, thread_name_prefix="svc") as pool,
        ):
            try:
                self.blocks = [Block(rows) for rows in self.rows]
                # made side by side for pairs that share them
                wide = sorted(
                    {c for k in todo if not few(self._size(k), len(self.mean)) for c in self.pairs[k]}
                )
                list(pool.map(lambda c: self.blocks[c].gram, wide))
                for k in todo:
                    pool.submit(self._solve, k, news).add_done_callback(news.put)
                return dict(self._collect(news, len(todo), report))
            finally:
                # After an error or Ctrl-C the workers leave at their next step.
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _collect(self, news: News, pending: int, report: Report) -> Iterator[tuple[int, FittedPair]]:
        """Hand on what the workers tell until all pairs are done; yield (pair, machine)."""
        while pending:
            item = news.get()
            if isinstance(item, Future):
                pending -= 1
                k, pair = item.result()
                report(k, len(self.pairs), pair.gap)
                yield k, pair
            else:
                report(item[0], len(self.pairs), item[1])

    def _size(self, k: int) -> int:
        """Rows of both classes."""
        return sum(len(self.rows[c]) for c in self.pairs[k])

    def _solve(self, k: int, news: News) -> tuple[int, FittedPair]:
        """Solve one pair and keep it."""

        def told(gap: float) -> None:
            if self.stop.is_set():
                raise GivenUpError
            news.put((k, gap))

        start = time.perf_counter()
        i, j = self.pairs[k]
        found = solve_pair(self.blocks[i], self.blocks[j], self.c, self.tol, self.max_iter, told)
        intercept = found.intercept - float(self.mean @ found.coef)
        seconds = time.perf_counter() - start
        pair = FittedPair(
            found.coef, intercept, found.support, found.primal, found.dual, found.steps, seconds
        )
        if pair.gap <= self.tol:
            self.kept.write(k, pair)
        return k, pair
