"""Figures say what their arrays hold."""

import io

import numpy as np
import pytest

from fer_exp.fer2013 import EMOTIONS
from fer_exp.metrics import Scores
from fer_exp.plots import diagnostics


def texts(figure) -> set[str]:
    """Everything that is written in a figure."""
    figure.savefig(io.BytesIO(), format="png")
    return {text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))}


def test_a_confusion_matrix_shows_counts_and_shares():
    """Row the true class; a class without faces has shares of 0 and no error."""
    counts = np.zeros((7, 7), int)
    counts[0, :2] = 1500, 500
    said = texts(diagnostics.confusion(counts, "test, n = 2,000"))
    both = {"75", "25", "test, n = 2,000", "predicted", "true", *EMOTIONS}
    assert both | {"1,500", "500"} <= said
    said = texts(diagnostics.class_shares(counts, "test, n = 2,000"))
    assert both <= said
    assert "500" not in said


def test_reliability_draws_only_bins_with_faces():
    """Two confidences, two points, at the share that was right."""
    labels = np.array([0, 0, 0, 1])
    scores = np.log(np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]]))
    figure = diagnostics.reliability(scores, labels, "test, n = 4")
    [line] = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert line.get_xydata() == pytest.approx(np.array([[0.6, 0.5], [0.9, 1.0]]))
    assert "confidence of the prediction" in texts(figure)


def test_a_gallery_names_what_was_predicted(tiny_faces):
    """Right faces by their class, wrong ones by what they were taken for; a class may have none."""
    predicted = tiny_faces.labels.copy()
    predicted[tiny_faces.labels == 3] = 4
    said = texts(diagnostics.gallery(tiny_faces.pixels, tiny_faces.labels, predicted, "faces"))
    assert {"predicted: sad", "angry", "faces"} <= said
    assert "predicted: angry" not in said


def epochs(rates):
    """What `curves` takes of a history with these learning rates."""
    scores = [Scores(1.5, 0.4, 0.3, 70)] * len(rates)
    return scores, scores, rates


def test_curves_name_their_lines_the_selected_epoch_and_the_drops():
    """In both halves, beside what they name; there is no legend."""
    figure = diagnostics.curves(*epochs([0.1, 0.1, 0.01, 0.01, 0.001, 0.001]), 4, "adam · seed 0")
    said = texts(figure)
    assert {"train", "validation", "epoch", "loss", "accuracy", "adam · seed 0"} <= said
    assert {"selected: 4", "rate 0.01", "rate 0.001"} <= said
    assert [axes.get_legend() for axes in figure.axes] == [None, None]


@pytest.mark.parametrize("rates", [[0.1], [0.4, 0.3, 0.2, 0.1]])
def test_curves_of_one_epoch_or_a_gliding_rate_are_drawn(rates):
    """A rate that falls in every epoch has no drops to mark."""
    said = texts(diagnostics.curves(*epochs(rates), 1, "title"))
    assert "selected: 1" in said
    assert not any(text.startswith("rate") for text in said)
