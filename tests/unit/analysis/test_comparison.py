"""Arms summarised from hand-made records: what they reach, and what is refused to be mixed."""

import json

import pytest
from helpers.made_studies import activation, arm, by_the_deck, study

from fer_exp.analysis import comparison, published
from fer_exp.analysis.accuracy import Place
from fer_exp.analysis.verdicts import Verdict
from fer_exp.tracking import studies
from fer_exp.tracking.studies import Gap


def summaries(of):
    """The summary of each arm by its name."""
    return {each.name: each for each in comparison.summarise(of, "union")}


def _job(store, study: str, identity: str, faces: str, protocol: str) -> None:
    tags = {"kind": "job", "study": study, "identity": identity, "faces": faces, "protocol": protocol}
    with store.create(identity, {}, tags).recording():
        pass


def test_what_was_left_out_is_counted_by_its_reason(store):
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
    assert found.left_out == {"other_faces": 1, "other_protocol": 1, "not_planned": 1}


def test_a_sweep_over_two_sets_of_faces_is_a_study_of_each(store):
    """Accuracies on other faces, or on other labels of the same, have no difference to be judged."""
    plan = []
    for identity, faces in (("x", "f"), ("y", "g")):
        _job(store, "labels", identity, faces, "honest")
        name = {"name": identity, "arm": identity, "setting": "labels", "seed": "0"}
        plan.append({**name, "identity": identity, "faces": faces})
    tags = {"kind": "sweep", "study": "labels", "faces": "f, g", "protocol": "honest", "data": "fer2013"}
    sweep = store.create("labels", {}, {**tags, "selected_on": "lowest validation loss"})
    with sweep.recording():
        sweep.text("plan.json", json.dumps({"jobs": plan}))
    found = studies.read_studies(store, "labels")
    assert {each.faces: [one.name for one in each.arms] for each in found} == {"f": ["x"], "g": ["y"]}
    assert not any(each.left_out for each in found)


def test_arms_are_judged_by_the_rule():
    """Softmax's .033 points above ReLU are equivalent within a point; tanh is worse by more than that."""
    found = summaries(activation())
    assert found["softmax"].contrast.verdict is Verdict.EQUIVALENT
    assert found["tanh"].contrast.verdict is Verdict.WORSE_BEYOND
    assert found["tanh"].contrast.preliminary
    assert found["relu"].contrast is None


def test_the_decks_figure_is_placed_among_runs_by_its_protocol_alone():
    """Its 34.75 % lies inside what further seeds of these would give, and far from those."""

    def place(found):
        return summaries(found)["relu"].deck.place

    def near():
        return study("activation", arm("relu", 0.345, 0.35, 0.34))

    assert place(by_the_deck(near())) is Place.INSIDE
    assert place(by_the_deck(activation())) is Place.OUTSIDE
    assert place(by_the_deck(study("activation", arm("relu", 0.345, 0.35)))) is Place.TOO_FEW_RUNS
    assert place(near()) is Place.NOT_COMPARABLE


@pytest.mark.parametrize(
    "otherwise",
    [
        {"faces.kind": "drawn"},
        {"split.method": "grouped"},
        {"protocol.weights": "best"},
        {"training.epochs": "1", "stopping.name": "none"},
    ],
)
def test_a_run_that_the_deck_did_not_make_has_no_place_beside_its_figure(otherwise):
    """Other faces, another split, other weights or other epochs, in one of its runs."""
    found = by_the_deck(study("activation", arm("relu", 0.345, 0.35, 0.34)))
    found.runs[1].params.update(otherwise)
    assert summaries(found)["relu"].deck.place is Place.NOT_COMPARABLE


def test_two_seeds_show_nothing():
    """However near to the deck's figures: no verdict, and no figure is placed."""
    two = study("optimizer", arm("adam", 0.36, 0.35), arm("sgd", 0.25, 0.26))
    found = summaries(by_the_deck(two))
    assert found["sgd"].contrast.verdict is Verdict.NONE
    assert {each.deck.place for each in found.values()} == {Place.TOO_FEW_RUNS}


def test_a_figure_belongs_to_the_first_of_the_arms_that_the_deck_called_the_same():
    """The others only share its name."""
    arms = (arm("32", 0.37, 0.375, 0.378), arm("32, 20 epochs", 0.36, 0.37, 0.38, setting="32"))
    found = summaries(by_the_deck(study("batch_size", *arms)))
    assert [each.deck.place for each in found.values()] == [Place.INSIDE, Place.NOT_COMPARABLE]
    assert found["32"].deck.misnamed


def test_the_decks_softmax_is_compared_with_identity():
    """Its code says nn.Identity (A12), and it never tried a softmax."""
    assert published.figure("activation", "identity", "val_accuracy").value == 0.3401
    assert published.figure("activation", "softmax", "val_accuracy") is None


def test_a_count_right_is_an_accuracy():
    """1,784 of 7,178 for SGD."""
    assert published.figure("optimizer", "sgd", "test_accuracy").value == pytest.approx(1784 / 7178)


def test_arms_of_which_fewer_seeds_were_tested_are_known():
    """So that no mean hides it; where none was, the sizes say that already."""
    arms = [arm("relu", 0.390, 0.394), arm("tanh", 0.370, 0.375)]
    assert comparison.partly_tested(arms, "union") == {}
    arms[0].runs["1"].metrics.update({"test/union/accuracy": 0.38, "test/union/n": 7178})
    assert comparison.partly_tested(arms, "union") == {"relu": (1, 2), "tanh": (0, 2)}
    assert comparison.sizes(study("activation", *arms), "union").test == 7178


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
    assert adam.unfinished == [Gap("adam · trial 2", "failed")]


def test_baselines_of_one_name_say_what_tells_them_apart(store):
    """Two linear SVCs of another C are not the same row twice, and one alone needs no more than its name."""
    for c, accuracy in (("1.0", 0.33), ("0.1", 0.35)):
        tags = {"kind": "baseline", "identity": c, "faces": "f"}
        fitted = store.create("linear SVC", {"baseline.C": c, "baseline.solver": "exact"}, tags)
        with fitted.recording():
            fitted.log({"test/union/accuracy": accuracy, "solver/seconds": 1.0})
        names = [record.name for record in studies.read_baselines(store, "f")]
        assert names == (["linear SVC"] if c == "1.0" else ["linear SVC, C=0.1", "linear SVC, C=1.0"])


def test_runs_that_met_their_limit_of_epochs_are_counted():
    """But for those that nothing was to stop."""
    two = arm("a", 0.1, 0.2, 0.3)
    two.runs["1"].metrics["selected/epochs_run"] = two.runs["2"].metrics["selected/epochs_run"] = 100.0
    two.runs["2"].params["stopping.name"] = "none"
    assert comparison.unstopped(two) == 1
