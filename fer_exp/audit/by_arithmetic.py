"""The deck's errors that arithmetic alone can find, in its counts and logs.

No run is needed: the figures in `deck_figures.csv` and `deck_logs.csv` and the counts of FER-2013 suffice.
What they leave open is said to be not explained.
"""

from collections.abc import Sequence
from math import prod

from fer_exp.analysis import published
from fer_exp.analysis.published import Line
from fer_exp.audit import by_tables
from fer_exp.audit.finding import EXPLAINED, TEST, TRAIN, UNEXPLAINED, Finding, lines
from fer_exp.audit.grim import attainable, printed_value
from fer_exp.audit.grim.attainable import Fit
from fer_exp.fer2013 import CANONICAL_TRAIN, EMOTIONS

# torch's random_split([.8, .2]) gives the face that is left over to the first part.
VALIDATION = TRAIN // 5
FITTED = TRAIN - VALIDATION

# The integrated model's log does not say its batch size; its closing table does.
_FINAL_BATCH = 32


def findings() -> list[Finding]:
    """All findings that need no run, in the audit's order."""
    return [
        counting(),
        split_naming(),
        batch_mean_metric(),
        by_tables.label_swap(),
        by_tables.majority(),
        by_tables.below_majority(),
        by_tables.mixed_table(),
        by_tables.test_above_validation(),
        by_tables.loss_pairing(),
    ]


def counting() -> Finding:
    """Directories counted as files: one more in each class, and eight more in train and in test."""
    train, test = (
        {line.setting: int(line.value.replace(",", "")) for line in lines("data", metric)}
        for metric in ("train_images", "test_images")
    )
    classes = {train[name] - count for name, count in zip(EMOTIONS, CANONICAL_TRAIN, strict=True)}
    totals = (train["all"] - TRAIN, test["all"] - TEST)
    # the folder itself and the folders of its classes
    folders = 1 + len(EMOTIONS)
    values = {
        **{"train": train["all"], "test": test["all"], "faces_train": TRAIN, "faces_test": TEST},
        **{"more_train": totals[0], "more_test": totals[1], "more_classes": sorted(classes)},
        **{"of_classes": sum(train[name] for name in EMOTIONS), "emotions": len(EMOTIONS)},
        "folders": folders,
    }
    explained = classes == {1} and set(totals) == {folders}
    return Finding("counting", EXPLAINED if explained else UNEXPLAINED, values)


def fits(figures: Sequence[Line], faces: int, in_batches: bool = True) -> list[Fit]:
    """How each distinct figure fits so many faces, as a mean over the batches of its line or as a count."""
    distinct = dict.fromkeys((line.value, _batch(line)) for line in figures)
    return [
        attainable.fit(
            printed_value.read(value),
            attainable.batch_means(faces, batch) if in_batches else attainable.counts(faces),
        )
        for value, batch in distinct
    ]


def _batch(line: Line) -> int:
    return _FINAL_BATCH if line.study == "final" else int(line.setting)


def _fitting(found: Sequence[Fit]) -> int:
    return sum(fit.number > 0 for fit in found)


def split_naming() -> Finding:
    """The batch section's test figures are those of the validation split."""
    tested = lines("batch_size", "test_accuracy")
    validation, test = fits(tested, VALIDATION), fits(tested, TEST)
    explained = _fitting(validation) == len(validation) and not _fitting(test)
    values = {
        **{
            "lines": len(tested),
            "distinct": len(validation),
            "accident": prod(fit.chance for fit in validation),
        },
        **{"train": TRAIN, "validation": VALIDATION, "test": TEST},
        **{"fit_validation": _fitting(validation), "fit_test": _fitting(test)},
    }
    return Finding("split_naming", EXPLAINED if explained else UNEXPLAINED, values)


def batch_mean_metric() -> Finding:
    """The logged accuracies are unweighted means over batches, and no shares of all faces."""
    fitted = [line for study in ("batch_size", "final") for line in lines(study, "train_accuracy")]
    held_out = lines("batch_size", "test_accuracy") + lines("final", "val_accuracy")
    means = fits(fitted, FITTED) + fits(held_out, VALIDATION)
    as_counts = fits(fitted, FITTED, False) + fits(held_out, VALIDATION, False)
    explained = _fitting(means) == len(means) and not _fitting(as_counts)
    # which the deck prints with four digits
    elsewhere = [
        printed_value.read(f"{figure.value:.4f}")
        for (study, _, metric), figure in published.figures().items()
        if study in ("activation", "layers") and metric == "test_accuracy"
    ]
    counts = [attainable.fit(each, attainable.counts(TEST)) for each in elsewhere]
    short = attainable.batch_means(VALIDATION, 256)
    values = {
        **{"distinct": len(means), "example": held_out[0].value, "fitted": FITTED, "validation": VALIDATION},
        **{"fit_means": _fitting(means), "fit_counts": _fitting(as_counts)},
        **{"batch": short.batch, "last": short.last},
        **{"elsewhere": len(elsewhere), "no_counts": len(elsewhere) - _fitting(counts)},
    }
    return Finding("batch_mean_metric", EXPLAINED if explained else UNEXPLAINED, values)
