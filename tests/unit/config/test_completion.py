"""What a shell completes."""

from pathlib import Path

import pytest

from fer_exp.config import completion
from fer_exp.config.overrides import ALIASES

CONF = Path(__file__).parents[3] / "conf"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("train.py activation=re", ["activation=relu"]),
        ("train.py model/activation=re", ["model/activation=relu"]),
        ("train.py rung=reference/c", ["rung=reference/cnn"]),
        ("train.py -m optimizer=sgd,nad", ["optimizer=sgd,nadam"]),
        ("train.py optimizer=x", []),
        ("train.py data.root=", None),
        ("train.py opt", None),
    ],
)
def test_an_option_is_completed_by_whatever_name_it_is_typed(line, found):
    """Short names, options in a folder of their group, the last of several; the rest is Hydra's to say."""
    assert completion.options(line, CONF, ALIASES) == found


def test_evaluation_knows_studies_by_a_key_of_its_own():
    """They are a group for train.py alone."""
    assert "study=optimizer" in completion.options("evaluate.py study=opt", CONF, {"study": "of_study"})


def test_short_names_are_completed():
    """As Hydra does not know them."""
    assert completion.short_names("train.py act", ALIASES) == ["activation="]
    assert completion.short_names("train.py activation=", ALIASES) == []
