"""The commands that are printed are those that the user can type."""

import pytest

from fer_exp import places, provenance
from fer_exp.report.words import words_of


@pytest.fixture
def wheel(monkeypatch):
    """As where a wheel is installed, which has no scripts and no Makefile."""
    monkeypatch.setattr(places, "IS_WHEEL", True)
    words_of.cache_clear()
    yield
    words_of.cache_clear()


@pytest.mark.parametrize(
    ("checkout", "installed"),
    [
        ("look at it: make ui", "look at it: fer-exp ui"),
        ("the tables: make compare ARGS=--all", "the tables: fer-exp compare --all"),
        (
            "python train.py seed=1; python evaluate.py --help",
            "fer-exp train seed=1; fer-exp evaluate --help",
        ),
        ("yet: make run", "yet: fer-exp train study=quick"),
        ("make demo-page RUN=best", "fer-exp demo --run best"),
        (
            "yet: make baseline ARGS='data=fer2013'",
            "yet: fer-exp evaluate -m baseline=majority,prior,ridge,nearest data=fer2013",
        ),
    ],
)
def test_a_wheel_names_its_own_command(monkeypatch, checkout, installed):
    """And a checkout the scripts and the targets of its Makefile."""
    assert provenance.as_typed(checkout) == checkout
    monkeypatch.setattr(places, "IS_WHEEL", True)
    assert provenance.as_typed(checkout) == installed


def test_what_goes_on_does_not_begin_anew():
    """Neither all jobs, by rerun=all, nor from the end of the run that a run went on from."""
    assert provenance.again("python train.py -m rerun=all seed=0,1") == "python train.py -m seed=0,1"
    typed = "python train.py rerun=all seed=1"
    assert provenance.going_on("1f2e3d4c", typed).startswith("go on by python train.py seed=1, or by: ")
    resumed = provenance.going_on("1f2e3d4c", "python train.py resume=abc training.epochs=9")
    assert resumed == "go on by: python train.py resume=1f2e3d4c"


@pytest.mark.usefixtures("wheel")
def test_what_goes_on_and_what_a_page_says_does_so(monkeypatch):
    """From a command as it was typed there, too."""
    monkeypatch.setattr(provenance, "_TYPED", ["optimizer=sgd", "tracking.uri=http://a:1"])
    typed = provenance.typed("train.py")
    assert typed == "fer-exp train optimizer=sgd tracking.uri=http://a:1"
    assert (
        provenance.evaluating("run=1f2e3d4c", typed)
        == "fer-exp evaluate run=1f2e3d4c tracking.uri=http://a:1"
    )
    assert (
        provenance.of_study("main", typed) == "fer-exp train study=main optimizer=sgd tracking.uri=http://a:1"
    )
    assert "fer-exp train resume=1f2e3d4c" in provenance.going_on("1f2e3d4c", typed)
    assert words_of("en")("gap.store").endswith("fer-exp train -m optimizer=sgd,adam")
    assert not [said for said in words_of("ko").templates.values() if "train.py" in str(said)]
