"""What a sweep has found, for whoever sees it for the first time."""

import dataclasses

import pytest
from helpers import made_studies
from helpers.made_studies import arm

from fer_exp.analysis import contrasts
from fer_exp.errors import UserError
from fer_exp.report import finding
from fer_exp.report.words import words_of


def with_test(*arms):
    """A study of these arms, its question and its runs' scores on test."""
    for each in arms:
        for run in each.runs.values():
            score = run.metrics["selected/val_accuracy"] - 0.01
            run.metrics.update({"test/union/accuracy": score, "test/union/majority_accuracy": 0.2471})
    made = made_studies.study("quick", *arms)
    return dataclasses.replace(made, data="synthetic", question="Which is best?", margin=1.0)


def test_a_finding_has_a_question_bars_verdicts_a_sentence_and_what_to_do(capsys, monkeypatch):
    """The best first, below it what knowing nothing reaches, and nothing of the deck."""
    monkeypatch.setenv("COLUMNS", "100")
    arms = arm("sgd", 0.70, 0.702, 0.698), arm("adam", 0.80, 0.804, 0.796), arm("nadam", 0.79, 0.795, 0.78)
    finding.show(with_test(*arms), words_of("en"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Which is best?", "quick: 3 arms x 3 seeds on synthetic, honest protocol"]
    names = ("adam ", "nadam ", "sgd ", "always the largest class ")
    rows = [next(n for n, line in enumerate(lines) if line.startswith(name)) for name in names]
    assert rows == sorted(rows)
    bars = [lines[row].count("█") for row in rows]
    assert bars == sorted(bars, reverse=True)
    assert lines[rows[0]].split()[-4:] == ["80.00", "±0.99", "79.00", "±0.99"]
    assert lines[rows[-1]].split()[-2:] == ["25.00", "24.71"]
    assert any(line.startswith("adam against sgd: +10.00 [") for line in lines)
    assert "adam and nadam are better than sgd." in lines
    assert "Preliminary: a verdict is firm from 10 runs an arm on." in lines
    assert any(line.startswith("make restore-runs ") for line in lines)
    assert "deck" not in " ".join(lines)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([(0.60, 0.61, 0.59)], ["b is worse than a."]),
        ([(0.70, 0.65, 0.75)], ["These runs do not decide between a and b."]),
        ([(0.60, 0.61, 0.59), (0.80, 0.81, 0.79)], ["b is worse than a.", "c is better than a."]),
        (
            [(0.70, 0.71)],
            ["No verdict against a, as that takes 3 runs of the same seeds in both arms: b."],
        ),
        ([], ["There is one arm, and so nothing to compare it with."]),
    ],
)
def test_the_sentence_says_no_more_than_the_verdicts(others, said):
    """Worse, better, undecided, or too few runs for any."""
    arms = [arm(name, *values) for name, values in zip("bc", others, strict=False)]
    judged = contrasts.contrasts(made_studies.study("x", arm("a", 0.701, 0.7, 0.699), *arms))
    found = finding.sentences(judged, "a", words_of("en"))
    assert [each for each in found if not each.startswith("Preliminary")] == said


def test_arms_of_too_few_runs_are_named_once(capsys):
    """Of a study with a run or a few an arm; how many there are is said as it is."""
    arms = arm("a", 0.7, 0.71, 0.69), arm("b", 0.6), arm("c", 0.5)
    finding.show(made_studies.study("x", *arms), words_of("en"))
    said = capsys.readouterr().out
    assert "x: 3 arms x 1 to 3 seeds on" in said
    assert "b against a" not in said
    assert "in both arms: b and c." in " ".join(said.split())


def test_scores_that_are_not_there_are_asked_for(capsys):
    """Without a test score there is no column of dashes, but the command."""
    finding.show(made_studies.activation(), words_of("en"))
    said = capsys.readouterr().out
    assert "What differs from relu?" in said
    assert "python evaluate.py study=activation" in said
    assert "restore-runs" not in said


@pytest.mark.parametrize(
    ("wanted", "next_step"),
    [
        (None, "make run"),
        ("main", "python train.py study=main"),
        ("optimizer2", "did you mean optimizer[?]"),
        ("zzz", "there is no such study; known: activation, .*, optimizer, .*"),
    ],
)
def test_no_sweep_yet_is_said(store, wanted, next_step):
    """With the command that makes one, or the study that is meant."""
    with pytest.raises(UserError, match=rf"no sweep with finished runs in sqlite.* yet: {next_step}$"):
        finding.newest(store, wanted)


@pytest.mark.parametrize("name", ["optimizer_search", "audit"])
def test_a_study_that_compares_no_arms_is_sent_to_its_tables(monkeypatch, store, name):
    """Its runs are there, so nobody is told to train them."""
    found = made_studies.study(name, arm("a", 0.39))
    found.searched = name == "optimizer_search"
    monkeypatch.setattr(finding, "read_studies", lambda *_: [found])
    for wanted in (name, None):
        with pytest.raises(
            UserError, match=rf"{name} compares no arms; .* compare --study {name} shows what"
        ):
            finding.newest(store, wanted)


def test_of_a_study_by_two_protocols_the_honest_one_is_told(monkeypatch, store):
    """Though the other is newer."""
    honest, deck = (made_studies.study("main", arm("a", 0.39)) for _ in range(2))
    deck.protocol = "deck"
    monkeypatch.setattr(finding, "read_studies", lambda *_: [honest, deck])
    assert finding.newest(store, "main") is honest
    assert finding.newest(store, None) is deck
