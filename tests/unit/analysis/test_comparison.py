"""Tables made from hand-made records: what they show, and what they refuse to mix."""

import contextlib
import dataclasses
import io
import json
from pathlib import Path

import pytest

from fer_exp import tables
from fer_exp.analysis import claims, comparison, published
from fer_exp.tracking import Record, studies
from fer_exp.tracking.studies import Arm, Study

GOLDEN = Path(__file__).with_name("golden_tables.md")


def run(seed: int, accuracy: float, **metrics: float) -> Record:
    """A finished run of this validation accuracy."""
    found = {"selected/val_accuracy": accuracy, "selected/train_accuracy": accuracy + 0.05}
    found |= {"selected/val_macro_f1": accuracy - 0.1, "selected/epoch": 10.0 + seed}
    found |= {"selected/train_seconds": 30.0, "yardstick/val_majority_accuracy": 0.25, **metrics}
    params = {"seed": str(seed), "faces.fit": "80", "faces.validation": "20"}
    return Record(f"id{seed}", f"seed {seed}", "FINISHED", params, {}, found, 0.0, "")


def arm(name: str, *accuracies: float, setting: str | None = None) -> Arm:
    """An arm with one run a value, seeds 0, 1, ..."""
    runs = {str(seed): run(seed, value) for seed, value in enumerate(accuracies)}
    return Arm(name, setting or name, runs)


def study(name: str, *arms: Arm) -> Study:
    """A study of these arms, the first its base."""
    return Study(name, "honest", "fer2013", "abc", "lowest validation loss", list(arms))


ACTIVATION = study(
    "activation",
    arm("relu", 0.390, 0.394, 0.392),
    arm("tanh", 0.370, 0.375, 0.371),
    arm("softmax", 0.391, 0.393, 0.393),
)


def printed(*shown: tables.Table) -> str:
    """Tables as Markdown text."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        for table in shown:
            tables.print_markdown(table)
    return text.getvalue()


def test_the_tables_of_six_runs_and_a_gap():
    """Against a golden file: means, intervals, sizes, contrasts, verdicts, the deck's figures, the gap."""
    gap = Arm("sigmoid", "sigmoid", {}, ["sigmoid · seed 0: failed", "sigmoid · seed 1: missing"])
    shown = study("activation", *ACTIVATION.arms[:2], gap)
    found = printed(comparison.scores(shown, "union"), comparison.contrasts(shown))
    assert found == GOLDEN.read_text(encoding="utf-8")


def _job(store, study: str, identity: str, faces: str, protocol: str) -> None:
    tags = {"kind": "job", "study": study, "identity": identity, "faces": faces, "protocol": protocol}
    with store.create(identity, {}, tags).recording():
        pass


def test_a_table_says_what_it_left_out_and_why(store):
    """Other faces, another protocol, settings that are no longer planned: counted, never averaged."""
    for job in [("x", "f", "honest"), ("y", "other", "honest"), ("z", "f", "deck"), ("old", "f", "honest")]:
        _job(store, "layers", *job)
    _job(store, "dropout", "d", "f", "honest")
    tags = {"kind": "sweep", "study": "layers", "faces": "f", "protocol": "honest", "data": "fer2013"}
    sweep = store.create("layers", {}, {**tags, "selected_on": "lowest validation loss"})
    with sweep.recording():
        job = {"name": "128-32 · seed 0", "arm": "128-32", "setting": "128-32", "seed": "0", "identity": "x"}
        sweep.text("plan.json", json.dumps({"jobs": [job]}))
    [found] = studies.read_studies(store)
    assert list(found.arms[0].runs) == ["0"]
    assert found.left_out == {
        "on other faces": 1,
        "by another protocol": 1,
        "of settings or code that the newest sweep does not plan": 1,
    }
    found.arms[0].runs = {}
    assert "left out, not averaged with these: 1 by another protocol" in printed(
        comparison.scores(found, "union")
    )


def test_a_gap_inside_the_noise_is_a_tie():
    """Softmax's .033 points above ReLU are no difference; tanh's two points are."""
    rows = {row[0]: row for row in comparison.contrasts(ACTIVATION).rows}
    assert rows["softmax"][3] == "tie inside the noise"
    assert rows["tanh"][3] == "worse"
    assert rows["relu"][1] == "base"


def test_only_shared_seeds_are_compared():
    """A seed that one arm lacks is left out of the difference, not of the means."""
    base, other = arm("a", 0.1, 0.2, 0.3), arm("b", 0.2, 0.3)
    found = comparison.against(other, base)
    assert found.mean == pytest.approx(0.1)
    assert comparison.against(arm("c", 0.2), base) is None


def test_the_deck_is_reproduced_if_one_more_run_would_plausibly_give_its_figure():
    """Its 34.75 % lies within what further seeds of these would give, and far from those."""
    near = study("activation", arm("relu", 0.345, 0.35, 0.34))
    assert comparison.contrasts(near).rows[0][-1] == "reproduced"
    assert comparison.contrasts(ACTIVATION).rows[0][-1] == "not reproduced"


def test_a_figure_that_the_deck_misnamed_is_said_to_be_of_validation():
    """Its batch section printed validation as test (A2)."""
    batch = study("batch_size", arm("batch_size 32", 0.37, 0.375, 0.378, setting="32"))
    assert comparison.contrasts(batch).rows[0][-1] == "reproduced; printed as test, but of validation"


def test_the_decks_softmax_is_compared_with_identity():
    """Its code says nn.Identity (A12), and it never tried a softmax."""
    assert published.figure("activation", "identity", "val_accuracy").value == 0.3401
    assert published.figure("activation", "softmax", "val_accuracy") is None


def test_a_count_right_is_an_accuracy():
    """1,784 of 7,178 for SGD."""
    assert published.figure("optimizer", "sgd", "test_accuracy").value == pytest.approx(1784 / 7178)


def test_conclusions_are_judged_by_the_runs():
    """ReLU ties with one arm, so the deck's conclusion is not shown; tanh's promise is contradicted."""
    rows = dict(claims.supported([ACTIVATION]).rows)
    assert rows["ReLU is the best activation"].startswith("not shown: softmax tie")
    assert rows["Tanh would be best with more epochs"].startswith("contradicted: tanh against relu")
    assert rows["more and wider layers over-fit"] == "not run: study=layers"


def test_the_chosen_optimizer_is_held_against_every_other():
    """Though the study's base is another."""
    arms = (
        arm("adam", 0.390, 0.394, 0.392),
        arm("adagrad", 0.410, 0.414, 0.411),
        arm("sgd", 0.37, 0.372, 0.371),
    )
    said = dict(claims.supported([study("optimizer", *arms)]).rows)["Adagrad is the optimizer to integrate"]
    assert said == "supported: every other arm is worse than adagrad"
    better = arm("nadam", 0.45, 0.454, 0.451)
    said = dict(claims.supported([study("optimizer", *arms, better)]).rows)
    assert said["Adagrad is the optimizer to integrate"].startswith(
        "contradicted: better than adagrad are nadam"
    )


def test_a_tuned_study_is_judged_beside_its_own():
    """By the same question, in a column that is there only if one was tuned."""
    tuned = dataclasses.replace(ACTIVATION, name="activation_tuned", arms=ACTIVATION.arms[::2])
    [kind] = claims.alike([ACTIVATION, tuned])
    table = claims.supported(kind)
    assert table.header[-1] == "the same, each arm tuned"
    said = {row[0]: row[1:] for row in table.rows}
    assert said["ReLU is the best activation"][1].startswith("not shown: softmax tie")
    assert said["Tanh would be best with more epochs"][1] == "undecided: one seed"
    assert said["more and wider layers over-fit"][1] == "not searched"
    assert said["Adagrad is the optimizer to integrate"][1] == "not run: study=optimizer_tuned"
    assert len(claims.supported([ACTIVATION]).header) == 2


def test_no_p_value_is_zero():
    """However small: in tables, and in what is said of a conclusion."""
    assert [comparison.chance(p) for p in (1.0, 0.0494, 0.0005, 0.0004, 0.0)] == [
        *("1.000", "0.049", "0.001", "<0.001", "<0.001")
    ]


def test_a_mean_over_fewer_seeds_of_test_says_so():
    """Whose seeds were not all evaluated; where none was, the tables say that already."""
    part = "test/union/accuracy"
    arms = [arm("relu", 0.390, 0.394), arm("tanh", 0.370, 0.375)]
    assert not comparison.partly_tested(arms, "union")
    arms[0].runs["1"].metrics.update({part: 0.38, "test/union/n": 7178})
    scores = comparison.scores(study("activation", *arms), "union")
    assert "test of fewer seeds: relu 1 of 2, tanh 0 of 2" in scores.notes
    assert any("test n = 7178" in note for note in scores.notes)
    closing = claims.closing([study("activation", *arms)], "union", [])
    assert "test of fewer seeds: relu 1 of 2" in closing.notes


def test_a_paragraph_on_each_conclusion():
    """On what the deck rested it, then each study that answers it, by how many seeds, with its verdict."""
    tuned = dataclasses.replace(
        ACTIVATION, name="activation_tuned", arms=[ACTIVATION.arms[0], arm("tanh", 0.37)]
    )
    words = dict(claims.in_words([ACTIVATION, tuned]).rows)
    judged = dict(claims.supported([ACTIVATION]).rows)
    said = words["ReLU is the best activation"]
    assert said.startswith("The deck saw leaky ReLU ahead on validation")
    assert f"At the deck's rates, 3 seeds an arm: {judged['ReLU is the best activation']}." in said
    assert said.endswith("Each arm tuned, 1 to 3 seeds an arm: undecided: one seed.")
    assert words["more and wider layers over-fit"].endswith("Not run here: study=layers.")


def test_tuned_studies_alone_close_no_table():
    """The closing table has the deck's choices, at the deck's rates; its conclusions can be judged."""
    tuned = dataclasses.replace(ACTIVATION, name="activation_tuned")
    [kind] = claims.alike([tuned])
    assert not claims.closes(kind)
    assert claims.closes([ACTIVATION, tuned])
    assert claims.supported(kind).rows[0][1] == "not run: study=activation"


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([(0.30, 0.301, 0.299)], "supported"),
        ([(0.45, 0.451, 0.452)], "contradicted"),
        ([(0.391, 0.393, 0.393)], "contradicted"),
        ([(0.30, 0.301, 0.299), (0.391, 0.393, 0.393)], "supported in part"),
    ],
)
def test_over_fitting_needs_worse_validation(others, verdict):
    """All larger networks worse, none, or some."""
    arms = [arm("128-32", 0.390, 0.394, 0.392), *(arm(f"x{i}", *values) for i, values in enumerate(others))]
    said = dict(claims.supported([study("layers", *arms)]).rows)["more and wider layers over-fit"]
    assert said.startswith(verdict)


def test_a_conclusion_names_the_arms_that_are_missing():
    """A verdict on some of the arms is no verdict on all."""
    layers = study("layers", arm("128-32", 0.390, 0.394, 0.392), arm("512-256", 0.30, 0.301, 0.299))
    layers.arms.append(Arm("884-886-888", "884-886-888"))
    said = dict(claims.supported([layers]).rows)["more and wider layers over-fit"]
    assert said.endswith("; not run: 884-886-888")


def test_the_closing_table_has_the_decks_columns():
    """Ours beside the deck's, and what was not run is said."""
    table = claims.closing([ACTIVATION], "union", [])
    rows = {row[0]: row for row in table.rows}
    assert list(rows)[:6] == ["MAIN", "Batch", "Activation", "Optimizer", "Layer", "FINAL"]
    assert rows["Activation"][1:3] == ["relu", "3"]
    assert rows["Activation"][-3:] == ["56.87", "34.75", "44.68"]
    assert rows["Layer"][1] == "not run"


def test_baselines_of_one_name_say_what_tells_them_apart(store):
    """Two linear SVCs of another C are not the same row twice, and one alone needs no more than its name."""
    for c, accuracy in (("1.0", 0.33), ("0.1", 0.35)):
        tags = {"kind": "baseline", "identity": c, "faces": "f"}
        fitted = store.create("linear SVC", {"baseline.C": c, "baseline.solver": "exact"}, tags)
        with fitted.recording():
            fitted.log({"test/union/accuracy": accuracy, "fit/seconds": 1.0})
        names = [record.name for record in studies.read_baselines(store, "f")]
        assert names == (["linear SVC"] if c == "1.0" else ["linear SVC, C=0.1", "linear SVC, C=1.0"])
    table = claims.closing([ACTIVATION], "union", studies.read_baselines(store, "f"))
    assert not any("linear SVC: python" in note for note in table.notes)


def test_the_closing_table_sets_baselines_beside_the_networks():
    """What was fitted, with its time; what was not, with the command; and the deck's own that it gave up."""
    svc = dataclasses.replace(
        run(0, 0.0), name="linear SVC", metrics={"test/union/accuracy": 0.331, "fit/seconds": 99.0}
    )
    table = claims.closing([ACTIVATION], "union", [svc])
    rows = {row[0]: row for row in table.rows}
    assert rows["linear SVC"][1] == "fitted once in 99.0 s"
    assert rows["linear SVC"][5] == "33.10"
    assert rows["majority"][1] == "not fitted"
    assert "majority: python evaluate.py baseline=majority fits it" in table.notes
    assert "gave its linear SVC up after 307 minutes" in table.notes[-1]


@pytest.mark.parametrize("width", [40, 44])
def test_a_narrow_terminal_shows_words_and_numbers_whole(width, capsys, monkeypatch):
    """The frames go first."""
    monkeypatch.setenv("COLUMNS", str(width))
    row = ["500-550-600", "0.374025 ±0.10", "0.374026", "12345"]
    tables.print_terminal(tables.Table("t", ["arm", "train", "validation", "n"], [row]))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert set(" ".join(row).split()) <= set(" ".join(lines).split())


@pytest.mark.parametrize("form", list(tables.FORMATS))
def test_every_form_prints_every_cell(form, capsys):
    """Terminal, Markdown, CSV and LaTeX."""
    tables.FORMATS[form](tables.Table("t", ["a_1", "b"], [["x", "50 %"], ["y", "±2"]], ["a note"]))
    said = capsys.readouterr().out
    for cell in ("x", "y", "50", "2"):
        assert cell in said


def test_the_trials_of_a_search_are_read_as_runs_of_their_arm(store):
    """By number; one that diverged is an outcome, one that failed otherwise is missing."""
    tags = {
        "kind": "sweep",
        "study": "optimizer_search",
        "faces": "f",
        "protocol": "honest",
        "data": "fer2013",
    }
    sweep = store.create("optimizer_search", {}, {**tags, "selected_on": "lowest validation loss"})
    entries = []
    for number, error in enumerate(("", "DivergedError: x", "OSError: disk")):
        _job(store, "optimizer_search", f"id{number}", "f", "honest")
        [made] = store.records(identity=f"id{number}")
        store.run_of(made).tag(error=error)
        store.run_of(made).end("FAILED" if error else "FINISHED")
        entry = {"name": f"adam · trial {number}", "arm": "adam", "setting": "optimizer_search", "seed": "0"}
        entries.append({**entry, "identity": f"id{number}", "trial": str(number)})
    with sweep.recording():
        sweep.text("plan.json", json.dumps({"jobs": entries}))
    [found] = studies.read_studies(store)
    assert found.searched
    [adam] = found.arms
    assert (list(adam.runs), list(adam.diverged)) == (["0"], ["1"])
    assert adam.unfinished == ["adam · trial 2: failed"]


def test_a_tuned_arm_says_its_rates():
    """Below the table of scores, with the trial that they are of."""
    tuned = arm("adam", 0.39, 0.40)
    tuned.tuned = "7"
    for each in tuned.runs.values():
        each.params.update({"optimizer.lr": "0.00213", "optimizer.weight_decay": "1e-05"})
    said = comparison.scores(study("optimizer_tuned", tuned), "union").notes
    assert "adam: learning rate 0.00213, weight decay 1e-05 (trial 7 of its search)" in said
