"""Arms summarised from hand-made records: what they reach, and what is refused to be mixed."""

import pytest
from helpers.archived import job, sweep
from helpers.made_studies import activation, arm, by_the_deck, study

from fer_exp.analysis import comparison, published
from fer_exp.analysis.accuracy import Place
from fer_exp.analysis.verdicts import Verdict
from fer_exp.tracking import studies
from fer_exp.tracking.studies import Gap


def summaries(of):
    """The summary of each arm by its name."""
    return {each.name: each for each in comparison.summarise(of, "union")}


def test_what_was_left_out_is_counted_by_its_reason(store):
    """Other faces, another protocol, settings that are no longer planned: counted, never averaged."""
    for identity, tags in (("x0", {}), ("y0", {"faces": "g"}), ("z0", {"protocol": "deck"}), ("old0", {})):
        job(store, identity, "layers", **tags)
    job(store, "d0", "dropout")
    sweep(store, "layers", "x0")
    [found] = studies.read_studies(store)
    assert list(found.arms[0].runs) == ["0"]
    assert found.left_out == {"other_faces": 1, "other_protocol": 1, "not_planned": 1}


def test_a_sweep_over_two_sets_of_faces_is_a_study_of_each(store):
    """Accuracies on other faces, or on other labels of the same, have no difference to be judged."""
    of = {"x0": "f", "y0": "g"}
    for identity, faces in of.items():
        job(store, identity, "labels", faces=faces)
    sweep(store, "labels", *of, of=of)
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


def test_a_figure_belongs_to_the_first_of_the_arms_that_the_deck_called_the_same():
    """The others only share its name."""
    arms = (arm("32", 0.37, 0.375, 0.378), arm("32, 20 epochs", 0.36, 0.37, 0.38, setting="32"))
    found = summaries(by_the_deck(study("batch_size", *arms)))
    assert found["32"].deck.place is Place.INSIDE
    assert found["32"].deck.misnamed
    assert found["32, 20 epochs"].deck is None


def test_the_decks_softmax_is_compared_with_identity():
    """Its code says nn.Identity (A12), and it never tried a softmax."""
    assert published.figure("activation", "identity", "val_accuracy").value == 0.3401
    assert published.figure("activation", "softmax", "val_accuracy") is None


def test_a_count_right_is_an_accuracy():
    """1,784 of 7,178 for SGD."""
    assert published.figure("optimizer", "sgd", "test_accuracy").value == pytest.approx(1784 / 7178)


def test_the_trials_of_a_search_are_read_as_runs_of_their_arm(store):
    """By number; one that diverged is an outcome, one that failed otherwise is missing."""
    job(store, "adam0t", "optimizer_search")
    for identity, error in (("adam1t", "DivergedError: x"), ("adam2t", "OSError: disk")):
        job(store, identity, "optimizer_search", status="FAILED", error=error)
    sweep(store, "optimizer_search", "adam0t", "adam1t", "adam2t")
    [found] = studies.read_studies(store)
    assert found.searched
    [adam] = found.arms
    assert (list(adam.runs), list(adam.diverged)) == (["0"], ["1"])
    assert adam.unfinished == [Gap("adam2t", "failed")]


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
