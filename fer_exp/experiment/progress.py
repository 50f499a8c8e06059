"""What a job shows while it trains, and says at its end."""

from collections.abc import Sequence

from fer_exp import console
from fer_exp.experiment.plan import LEAVE
from fer_exp.formatting import duration
from fer_exp.tracking import Record, keys
from fer_exp.training.trainer import Epoch


def log_line(epoch: Epoch, epochs: int) -> str:
    """An epoch in one line of 80 letters: loss and accuracy of both parts, and the learning rate."""
    parts = {"train": epoch.train, "val": epoch.validation}
    said = "; ".join(
        f"{name} loss {each.loss:.4f}, {100 * each.accuracy:.2f} %" for name, each in parts.items()
    )
    return f"[{epoch.number}/{epochs}] {said}; lr {epoch.learning_rate:g}"


def conclusion(history: Sequence[Epoch], before: int, run_id: str) -> str:
    """What came of a job of these epochs, so many of which were there before, in a line."""
    if not history[before:]:
        return f"nothing was left to train (run {run_id})"
    best = min(history, key=lambda epoch: epoch.validation.loss)
    found, seconds = best.validation, sum(epoch.seconds for epoch in history[before:])
    return (
        f"{100 * found.accuracy:.2f} % of validation (n = {found.n}), lowest loss {found.loss:.4f}, in epoch "
        f"{best.number} of {history[-1].number} ({duration(seconds)})"
    )


def known(earlier: Record, action: str) -> str:
    """What a run that is there already says of a job that is asked for again, and how to train it anew.

    action: what is done about it, in a word of `plan`.
    """
    if action == LEAVE:
        return f"failed before (run {earlier.run_id}); rerun=failed tries again"
    if earlier.status != "FINISHED":
        return f"diverged before (run {earlier.run_id}), which settles a trial; rerun=all trains it anew"
    accuracy, n = 100 * earlier.metrics[keys.SELECTED_VAL_ACCURACY], earlier.validation_size
    return f"trained before, {accuracy:.2f} % of validation (n = {n}); rerun=all trains it anew"


# The letters that a bar and the time left take at the least; a longer name of a job is cut short.
_BAR = 20


class EpochBar(console.Bar):
    """Shows each epoch of a job that trains alone."""

    def __init__(self, name: str, epochs: int):
        super().__init__(name, epochs)
        self.name, self.epochs = name, epochs

    def __call__(self, epoch: Epoch) -> None:
        """Show an epoch that has ended."""
        # here, as the bar's, which most commands do not draw
        from rich.cells import cell_len, set_cell_size

        now = epoch.validation
        text = f" · epoch {epoch.number} · loss {now.loss:.4f} · accuracy {100 * now.accuracy:.2f} %"
        room = self.progress.console.width - len(text) - _BAR
        name = self.name if cell_len(self.name) <= room else f"{set_cell_size(self.name, room - 1)}…"
        self.show(name + text, epoch.number, self.epochs, line=log_line(epoch, self.epochs))
