"""The tables of a study, as printed."""

import dataclasses
from pathlib import Path

from helpers.made_studies import activation, arm, by_the_deck, study

from fer_exp import tables
from fer_exp.report import study_tables
from fer_exp.report.words import words_of
from fer_exp.tracking.studies import Arm, Gap

GOLDEN = Path(__file__).with_name("golden_tables.md")
ENGLISH = words_of("en")


def notes(table: tables.Table) -> list[str]:
    """The notes of a table in English."""
    return table.in_words(ENGLISH).notes


def test_the_tables_of_six_runs_and_a_gap(capsys):
    """Against a golden file: means, intervals, sizes, contrasts, verdicts, the deck's figures, the gap."""
    gap = Arm(
        "sigmoid", "sigmoid", {}, [Gap("sigmoid · seed 0", "failed"), Gap("sigmoid · seed 1", "missing")]
    )
    shown = study("activation", *activation().arms[:2], gap)
    tables.FORMATS["markdown"](study_tables.tables(shown, "union"), ENGLISH)
    assert capsys.readouterr().out == GOLDEN.read_text(encoding="utf-8")


def test_many_jobs_in_a_row_that_are_missing_are_one_line():
    """As where an arm has ten runs and the others have twenty."""
    gaps = [Gap(f"tanh · seed {n}", "failed" if n == 4 else "missing") for n in range(3, 10)]
    shown = study("activation", *activation().arms[:1], Arm("tanh", "tanh", {}, gaps))
    scores, _ = study_tables.tables(shown, "union")
    assert [note for note in notes(scores) if note.startswith("tanh")] == [
        "tanh · seed 3: missing",
        "tanh · seed 4: failed",
        "tanh · seed 5 to tanh · seed 9: 5 missing",
    ]


def test_a_table_says_what_it_left_out_and_why():
    """Runs that were trained for a study of this name, counted by reason."""
    found = dataclasses.replace(activation(), left_out={"other_protocol": 1, "other_faces": 2})
    scores, _ = study_tables.tables(found, "union")
    assert "left out, not averaged with these: 2 on other faces, 1 by another protocol" in notes(scores)


def test_sizes_that_differ_between_runs_are_a_range():
    """Folds differ by a face or two; arms may by half."""
    arms = [arm("relu", 0.390, 0.394), arm("tanh", 0.370, 0.375)]
    arms[1].runs["0"].params.update({"faces.fit": "90", "faces.validation": "10"})
    scores, _ = study_tables.tables(study("activation", *arms), "union")
    assert any("train n = 80 to 90; validation n = 10 to 20" in note for note in notes(scores))
    [of_val] = [column.of["n"] for column in scores.columns if column.of.get("metric") == "accuracy"][1:2]
    assert of_val == "10-20"


def test_a_mean_over_fewer_seeds_of_test_says_so():
    """Whose seeds were not all evaluated."""
    arms = [arm("relu", 0.390, 0.394), arm("tanh", 0.370, 0.375)]
    arms[0].runs["1"].metrics.update({"test/union/accuracy": 0.38, "test/union/n": 7178})
    scores, _ = study_tables.tables(study("activation", *arms), "union")
    assert "test of fewer seeds: relu 1 of 2, tanh 0 of 2" in notes(scores)
    assert any("test n = 7178" in note for note in notes(scores))


def test_a_subset_has_its_majority_line():
    """Where the runs say it."""
    one = arm("relu", 0.390)
    known = {"accuracy": 0.37, "n": 5941.0, "majority_accuracy": 0.28261}
    one.runs["0"].metrics.update({f"test/union_no_near_copies/{key}": value for key, value in known.items()})
    scores, _ = study_tables.tables(study("activation", one), "union_no_near_copies")
    assert any("test n = 5941, 28.26 % of the largest class" in note for note in notes(scores))


def test_runs_that_learnt_nothing_are_counted():
    """By the largest class of their validation faces; an arm that has none is not named."""
    scores, _ = study_tables.tables(study("x", arm("a", 0.39), arm("b", 0.25, 0.24, 0.26)), "union")
    said = "runs no better on validation than always answering the largest class: b (2 of 3)"
    assert said in notes(scores)


def test_a_tuned_arm_says_its_rates():
    """Below the table of scores, with the trial that they are of."""
    tuned = arm("adam", 0.39, 0.40)
    tuned.tuned = "7"
    for each in tuned.runs.values():
        each.params.update({"optimizer.lr": "0.00213", "optimizer.weight_decay": "1e-05"})
    scores, _ = study_tables.tables(study("optimizer_tuned", tuned), "union")
    assert "adam: learning rate 0.00213, weight decay 1e-05 (trial 7 of its search)" in notes(scores)


def test_a_sweep_over_protocols_names_each_rule():
    """By which the weights were selected."""
    found = dataclasses.replace(activation(), selected_on="last epoch, lowest validation loss")
    scores, _ = study_tables.tables(found, "union")
    heading = ENGLISH.text(scores.heading)
    assert heading.endswith("weights of the last epoch, lowest validation loss")


def test_tidy_records_say_what_each_value_is_of():
    """Study, arm, split, metric, the value as the store has it, its interval, faces and runs."""
    scores, contrasts = study_tables.tables(activation(), "union")
    records = list(tables.tidy(scores, ENGLISH))
    of_validation = [each for each in records if each.get("split") == "validation"]
    [found] = [each for each in of_validation if (each["arm"], each["metric"]) == ("tanh", "accuracy")]
    assert found | {"value": 0, "low": 0, "high": 0} == {
        **{"table": "scores", "study": "activation", "dataset": "fer2013", "protocol": "honest"},
        **{"arm": "tanh", "runs": "3", "metric": "accuracy", "split": "validation", "n": 20},
        **{"value": 0, "low": 0, "high": 0},
    }
    assert 0.36 < found["low"] < found["value"] < found["high"] < 0.39
    verdicts = [each["text"] for each in tables.tidy(contrasts, ENGLISH) if each["metric"] == "verdict"]
    assert verdicts == ["preliminary: worse by more than 1 point", "preliminary: equivalent within 1 point"]


def test_two_runs_have_no_verdict_and_the_table_says_what_is_missing():
    """However near to the deck's figure, and once below for all; seeds that one arm lacks are named."""
    arms = [arm("adam", 0.3567, 0.36, 0.355), arm("sgd", 0.38, 0.385), arm("nadam", 0.37)]
    deck = by_the_deck(study("optimizer", *arms))
    _, contrasts = study_tables.tables(deck, "union")
    _, sgd, nadam = contrasts.in_words(ENGLISH).rows
    assert sgd[2:] == ["38.29", "not placed: fewer than 3 runs"]
    assert nadam[1] == "+1.33"
    first, _, *unpaired = notes(contrasts)
    assert first == "no verdict: fewer than 3 runs with seeds that both arms have"
    assert unpaired == [
        "sgd: not paired, as one of the two arms lacks the seed: 2",
        "nadam: not paired, as one of the two arms lacks the seed: 1, 2",
    ]
