"""What the fit of a baseline shows while it runs."""

from fer_exp import console


class PairBar(console.Bar):
    """Shows the pairs of classes that the exact SVC has solved.

    tol: the duality gap at which a pair is done.
    """

    def __init__(self, tol: float):
        super().__init__("linear SVC", None)
        self.tol = tol
        self.done: set[int] = set()

    def __call__(self, pair: int, pairs: int, gap: float) -> None:
        """Show the gap that a pair has reached."""
        new = gap <= self.tol and pair not in self.done
        if new:
            self.done.add(pair)
        text = f"linear SVC · {len(self.done)} of {pairs} pairs · gap {gap:.1e}"
        self.show(text, len(self.done), pairs, line=text if new else "")
