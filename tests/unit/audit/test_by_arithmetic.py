"""What sums alone say of the deck's figures: which slips they explain and which they leave open."""

import numpy as np
import pytest

from fer_exp.analysis import published
from fer_exp.audit import by_arithmetic
from fer_exp.audit.by_arithmetic import FITTED, VALIDATION
from fer_exp.audit.finding import EXPLAINED, IN_PART, LIKELY, OPEN, TEST, lines
from fer_exp.audit.grim import printed_value

FINDINGS = {finding.id: finding for finding in by_arithmetic.findings()}
TRAINED = lines("batch_size", "train_accuracy") + lines("final", "train_accuracy")
HELD_OUT = lines("batch_size", "test_accuracy") + lines("final", "val_accuracy")


def fitting(figures, faces, in_batches=True):
    """How many distinct figures fit, and how many would by accident."""
    found = by_arithmetic.fits(figures, faces, in_batches)
    return sum(fit.number > 0 for fit in found), sum(fit.chance for fit in found)


def test_the_log_is_whole():
    """35 lines of the batch section with 67 distinct accuracies, and one of the integrated model."""
    batch = lines("batch_size", "train_accuracy", "test_accuracy")
    assert (len(batch), len({line.value for line in batch})) == (70, 67)
    assert len(lines("batch_size", "train_loss", "test_loss")) == 70
    assert len(lines("final", "train_accuracy", "val_accuracy", "train_loss", "val_loss")) == 4
    assert len(set(published.logged())) == len(published.logged())


def test_the_log_ends_where_the_table_begins():
    """The batch table shows the last epoch at ceiling 100, cut off after four decimals."""
    last = {(line.setting, line.metric): line for line in published.logged() if line.ceiling == "100"}
    for setting in ("32", "256"):
        for metric, label in (("train_accuracy", "train_accuracy"), ("val_accuracy", "test_accuracy")):
            shown = published.figure("batch_size", setting, metric).value
            assert int(1e4 * float(last[setting, label].value)) == round(1e4 * shown)


def test_every_logged_figure_is_a_float32():
    """So the tolerance is that of float32 sums, not of the last printed digit."""
    for line in [*lines("batch_size", "train_loss", "test_loss"), *TRAINED, *HELD_OUT]:
        assert float(np.float32(line.value)) == float(line.value), line
    for line in TRAINED + HELD_OUT:
        assert printed_value.read(line.value).unit == printed_value.FLOAT32, line


def test_validation_figures_fit_validation_only():
    """All fit 5,741 as means over batches; none fits test, half of it, or a fifth of the deck's total."""
    assert fitting(HELD_OUT, VALIDATION)[0] == 33
    assert fitting(HELD_OUT, VALIDATION)[1] < 2
    for faces in (TEST, TEST // 2, 28717 // 5, FITTED):
        assert fitting(HELD_OUT, faces)[0] == 0


@pytest.mark.slow
def test_no_number_of_faces_nearby_fits_as_well():
    """5,741 stands alone: the next best of 200 candidates fits 17 of 33."""
    found = {faces: fitting(HELD_OUT, faces)[0] for faces in range(5640, 5840)}
    assert found.pop(VALIDATION) == 33
    assert max(found.values()) == 17


def test_train_figures_fit_four_fifths_of_train():
    """All fit 22,968; all of train would give three by accident, and three it gives."""
    assert fitting(TRAINED, FITTED)[0] == 36
    number, accident = fitting(TRAINED, 28709)
    assert number == round(accident) == 3


def test_no_logged_accuracy_is_a_share_of_faces():
    """None is a count over its split, nor over test."""
    assert fitting(HELD_OUT, VALIDATION, False)[0] == 0
    assert fitting(HELD_OUT, TEST, False)[0] == 0
    assert fitting(TRAINED, FITTED, False)[0] == 0


def test_verdicts():
    """What follows from the figures is explained; the rest is not called so."""
    assert {name: (finding.audit, finding.verdict) for name, finding in FINDINGS.items()} == {
        "counting": ("A1", EXPLAINED),
        "split_naming": ("A2", EXPLAINED),
        "batch_mean_metric": ("A3", EXPLAINED),
        "label_swap": ("A8", EXPLAINED),
        "majority": ("A9", EXPLAINED),
        "below_majority": ("A11", LIKELY),
        "mixed_table": ("A13", IN_PART),
        "test_above_validation": ("A14", OPEN),
        "loss_pairing": ("A16", LIKELY),
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("counting", "28,717 = 28,709 + 8; 7,186 = 7,178 + 8; each class + 1; the classes sum to 28,716"),
        ("split_naming", "of 5,741 faces: 32 of 32 fit"),
        ("split_naming", "of 7,178: 0"),
        ("batch_mean_metric", "69 of 69 fit, as shares right 0"),
        ("label_swap", "12 of 12 values called accuracy exceed 1; 12 of 12 called loss do not"),
        ("majority", "test has 1,774 happy faces"),
        ("majority", "within 0.0011 of 1.8096"),
        ("below_majority", "6 of 6 lie at or below 0.2471"),
        ("mixed_table", "validation: main/main, optimizer/adagrad; test: activation/relu, layers/512-256"),
        ("mixed_table", "in neither: batch_size/32, final/final"),
        ("mixed_table", "batch_size 32 ranks 5 of 5"),
        ("test_above_validation", "no cause was found"),
        ("loss_pairing", "884-886-888 lies +6.7 standard deviations off it"),
        ("loss_pairing", "500-550-600-650-700 lies +6.6 standard deviations off it"),
    ],
)
def test_sums(name, said):
    """Numbers that can be checked by hand against the slides."""
    assert said in FINDINGS[name].presented


def test_figures_of_other_sections_are_no_shares_of_test_either():
    """Of the eleven of the activations and the layers, .4006, .3882, .1774 and .2468."""
    assert "4 of 11 test accuracies" in FINDINGS["batch_mean_metric"].paragraph


def test_the_swapped_labels_are_the_only_difference():
    """The figures kept for comparison are those of the slides with the two labels changed back."""
    for line in lines("optimizer", "train_accuracy", "val_accuracy"):
        meant = published.figure("optimizer", line.setting, line.metric.replace("accuracy", "loss"))
        assert float(line.value) == meant.value


def test_the_optimizers_that_answer_happy():
    """Three of six; SGD, Adagrad and NAdam are right a few times more and are left out."""
    assert FINDINGS["majority"].printed == "1,774 of 7,178 right for rmsprop, adadelta, adam"


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=FINDINGS.keys())
def test_a_paragraph_is_a_few_plain_sentences(finding):
    """For somebody who has not read the audit."""
    assert finding.paragraph.endswith(".")
    assert 1 <= finding.paragraph.count(". ") + 1 <= 3
