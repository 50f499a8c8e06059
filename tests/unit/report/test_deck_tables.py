"""The deck's closing table and conclusions, as printed."""

import dataclasses

from helpers.made_studies import activation, arm, run, study

from fer_exp.audit import audit
from fer_exp.report import deck_tables
from fer_exp.report.words import words_of
from fer_exp.tracking.studies import Arm

ENGLISH = words_of("en")


def conclusions(*studies) -> dict[str, list[str]]:
    """What is said of each conclusion."""
    rows = deck_tables.conclusions(studies).in_words(ENGLISH).rows
    return {name: cells for name, *cells in rows}


def closing(studies, fitted=()):
    """The closing table in English."""
    return deck_tables.closing(studies, "union", fitted).in_words(ENGLISH)


def test_an_answer_names_its_arms_and_differences():
    """Each question in its own words."""
    said = conclusions(activation())
    assert said["ReLU is the best activation"] == [
        "preliminary: contradicted; against relu worse: tanh -2.00 points [-2.33, -1.67];"
        " equivalent: softmax +0.03 points [-0.35, +0.41]"
    ]
    [tanh] = said["Tanh would be best with more epochs"]
    assert tanh == ("preliminary: contradicted: tanh against relu -2.00 points [-2.33, -1.67], p = 0.003")


def test_in_short_a_conclusion_stands_beside_what_speaks_most_against_it():
    """Of several arms the one that comes out best; or the arm that the conclusion is about."""
    table = deck_tables.verdicts([activation()]).in_words(ENGLISH)
    verdict = "preliminary: contradicted"
    assert [row[:5] for row in table.rows] == [
        [
            "ReLU is the best activation",
            verdict,
            "softmax against relu",
            "+0.03 [-0.35, +0.41]",
            "+0.03 [-0.35, +0.41]",
        ],
        [
            "Tanh would be best with more epochs",
            verdict,
            "tanh against relu",
            "-2.00 [-2.33, -1.67]",
            "-2.00 [-2.33, -1.67]",
        ],
    ]


def test_conclusions_of_which_nothing_is_known_are_named_below():
    """With the studies that would answer them, and in no row."""
    for makes in (deck_tables.conclusions, deck_tables.in_words):
        table = makes([activation()]).in_words(ENGLISH)
        assert [row[0] for row in table.rows] == [
            "ReLU is the best activation",
            "Tanh would be best with more epochs",
        ]
    notes = deck_tables.conclusions([activation()]).in_words(ENGLISH).notes
    assert notes == ["the other conclusions: study=optimizer/batch_size/layers/final"]


def test_answers_of_every_kind_are_in_words():
    """Better, worse, equivalent and undecided arms; what is missing."""
    base, alike = arm("128-32", 0.390, 0.394, 0.392), arm("x", 0.391, 0.393, 0.393)
    open_ = arm("u", 0.38, 0.40, 0.39)
    wide = arm("y", 0.30, 0.301, 0.299)
    for arm_, gaps in ((wide, (0.14, 0.142, 0.139)), (open_, (0.05, 0.09, 0.06))):
        for gap, each in zip(gaps, arm_.runs.values(), strict=True):
            each.metrics["selected/train_accuracy"] = each.metrics["selected/val_accuracy"] + gap
    layers = study("layers", base, alike, wide, open_, Arm("z", "z"))
    [said] = conclusions(layers)["more and wider layers over-fit"]
    assert said.startswith(
        "preliminary: supported in part, by the gap between the accuracy on train and on validation; "
        "against 128-32 larger: y +9.03 points ["
    )
    assert said.endswith("undecided: u; without a run to compare: z")
    batch = study("batch_size", arm("32", 0.390, 0.394, 0.392), alike)
    [said] = conclusions(batch)["a larger batch is not always better: the size does not matter"]
    assert said.startswith("preliminary: supported; against 32 equivalent: x +0.03 points [")
    better = study("optimizer", base, arm("adagrad", 0.30, 0.301, 0.299))
    [said] = conclusions(better)["Adagrad is the optimizer to integrate"]
    assert said.startswith("preliminary: contradicted; against adagrad better: 128-32 +9.20 points [")


def test_a_tuned_study_is_told_in_a_column_of_its_own():
    """That is there only if one was tuned."""
    tuned = dataclasses.replace(activation(), name="activation_tuned", arms=activation().arms[::2])
    said = conclusions(activation(), tuned)
    assert said["Tanh would be best with more epochs"][1] == (
        "undecided: fewer than 3 runs with seeds that both arms have; without a run to compare: tanh"
    )
    plain = conclusions(activation(), study("optimizer", arm("adagrad", 0.3)), tuned)
    assert plain["Adagrad is the optimizer to integrate"][1] == "not run: study=optimizer_tuned"
    layers = conclusions(study("layers", arm("128-32", 0.3)), tuned)
    assert layers["more and wider layers over-fit"][1] == "not tuned"
    assert all(len(cells) == 1 for cells in conclusions(activation()).values())


def test_a_paragraph_on_each_conclusion():
    """On what the deck rested it, then each study that answers it, by how many seeds, with its verdict."""
    tuned = dataclasses.replace(
        activation(), name="activation_tuned", arms=[activation().arms[0], arm("tanh", 0.37)]
    )
    words = dict(deck_tables.in_words([activation(), tuned]).in_words(ENGLISH).rows)
    [judged] = conclusions(activation())["ReLU is the best activation"]
    said = words["ReLU is the best activation"]
    assert said.startswith("The deck saw leaky ReLU ahead on validation")
    assert f"At the deck's rates, 3 seeds an arm: {judged}." in said
    assert said.endswith(
        "Each arm tuned, 1 to 3 seeds an arm: undecided: fewer than 3 runs with seeds that both arms have."
    )


def test_the_closing_table_has_the_decks_columns():
    """Ours beside the deck's, and what was not run is said."""
    rows = {row[0]: row for row in closing([activation()]).rows}
    assert list(rows)[:6] == ["MAIN", "Batch", "Activation", "Optimizer", "Layer", "FINAL"]
    assert rows["Activation"][1:3] == ["relu", "3"]
    assert rows["Activation"][-3:] == ["56.87", "34.75", "44.68"]
    assert rows["Layer"][1] == "not run"


def test_the_closing_table_sets_baselines_beside_the_networks():
    """What was fitted, with its time; what was not, with the command; and the deck's own that it gave up."""
    metrics = {"test/union/accuracy": 0.331, "solver/seconds": 99.0}
    svc = dataclasses.replace(run(0, 0.0), name="linear SVC, C=0.1", metrics=metrics)
    table = closing([activation()], [svc])
    rows = {row[0]: row for row in table.rows}
    assert rows["linear SVC, C=0.1"][1] == "fitted once in 99.0 s"
    assert rows["linear SVC, C=0.1"][5] == "33.10"
    assert rows["majority"][1] == "not fitted"
    assert "majority: python evaluate.py baseline=majority fits it" in table.notes
    assert not any("linear SVC: python" in note for note in table.notes)
    assert "gave its linear SVC up after 307 minutes" in table.notes[-1]


def test_the_closing_table_says_whose_test_is_of_fewer_seeds():
    """Of the arms in it alone."""
    shown = activation()
    shown.arms[0].runs["1"].metrics.update({"test/union/accuracy": 0.38, "test/union/n": 7178})
    assert "test of fewer seeds: relu 1 of 3" in closing([shown]).notes


def test_the_audit_counts_what_is_settled():
    """Each finding once, by the weakest of its rows."""
    table = deck_tables.audit(audit.findings([], [])).in_words(ENGLISH)
    assert len(table.rows) == 19
    assert table.notes[0] == (
        "of the 16 findings 4 explained, 1 in part, 1 likely, 10 open; "
        "one of several parts counts by its weakest"
    )
