"""Baselines are fitted once, scored on test, and found again."""

import numpy as np
import pytest
from helpers import made_studies

from fer_exp import metrics
from fer_exp.config import schema
from fer_exp.config.evaluation import Baseline
from fer_exp.errors import UserError
from fer_exp.evaluation import significance
from fer_exp.evaluation.baselines import estimators
from fer_exp.formatting import PLAIN
from fer_exp.tracking import artifacts, studies

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def ensure(compose_settings, store, tiny_dataset, tmp_path):
    """What fits a baseline on the tiny faces, or finds it."""

    def ensured(*overrides, watch=lambda *_: None):
        chosen = compose_settings(*overrides, script="evaluate").baseline
        return estimators.ensure(chosen, tiny_dataset, store, tmp_path / "kept", watch)

    return ensured


@pytest.mark.parametrize("name", schema.variants(schema.schema_of(Baseline)))
def test_every_baseline_is_scored_once_and_found_again(ensure, store, name):
    """Fitted, with its time and its scores on every part; the second time it is only looked up."""
    overrides = [f"baseline={name}", *(["baseline.trees=5"] if name == "forest" else [])]
    record, anew = ensure(*overrides)
    assert anew
    assert record.status == "FINISHED"
    assert record.metrics["solver/seconds"] > 0
    assert record.metrics["test/union/n"] == 28
    assert "test/private/recall_happy" in record.metrics
    assert len(artifacts.read_answers(store.run(record.run_id), artifacts.TEST_ANSWERS)) == 28
    again, anew = ensure(*overrides)
    assert (again.run_id, anew) == (record.run_id, False)


def test_another_setting_is_another_baseline(ensure):
    """One neighbour and three are not the same figure."""
    one, three = (ensure("baseline=nearest", f"baseline.neighbours={n}")[0] for n in (1, 3))
    assert one.run_id != three.run_id


def test_more_neighbours_than_faces_are_refused(ensure, store):
    """In a line, before a run is made."""
    with pytest.raises(UserError, match=r"baseline\.neighbours=1000: there are 42 faces to train on"):
        ensure("baseline=nearest", "baseline.neighbours=1000")
    assert store.records(kind="baseline") == []


def test_the_prior_has_the_loss_that_a_network_must_get_under(ensure, tiny_faces):
    """Its log-loss is the entropy of the class frequencies; the majority has no finite one."""
    prior, _ = ensure("baseline=prior")
    majority, _ = ensure("baseline=majority")
    assert prior.metrics["test/union/log_loss"] == pytest.approx(metrics.prior_entropy(tiny_faces.labels))
    assert "test/union/log_loss" not in majority.metrics
    assert majority.metrics["test/union/accuracy"] == pytest.approx(1 / 7)


def test_libsvm_stays_possible_and_agrees(ensure, store):
    """The same problem by scikit-learn's solver: another run of another name, the same answers."""
    exact, _ = ensure("baseline=svc")
    libsvm, _ = ensure("baseline=svc", "baseline.solver=libsvm")
    assert (exact.name, libsvm.name) == ("linear SVC", "linear SVC (libsvm)")
    answers = [
        artifacts.read_answers(store.run(record.run_id), artifacts.TEST_ANSWERS)["predicted"]
        for record in (exact, libsvm)
    ]
    assert np.mean(answers[0] == answers[1]) > 0.9
    assert exact.metrics["solver/widest_gap"] <= 1e-4


def test_an_interrupted_svc_goes_on_from_its_pairs(ensure, store):
    """Ctrl-C ends the run as KILLED; the next start fits only what is missing, in a run of its own."""
    done: set[int] = set()

    def interrupt(pair, _, gap):
        if gap <= 1e-4:
            done.add(pair)
        if len(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure("baseline=svc", watch=interrupt)
    assert [record.status for record in store.records(kind="baseline")] == ["KILLED"]
    reported = []
    record, anew = ensure("baseline=svc", watch=lambda pair, _, gap: reported.append((pair, gap)))
    assert anew
    assert record.status == "FINISHED"
    # the kept ones are told first, done already
    assert all(gap <= 1e-4 for _, gap in reported[:3])


def test_hog_is_blind_to_brightness():
    """900 numbers a face, of gradients only."""
    face = np.random.default_rng(0).integers(0, 200, (1, 2304))
    assert estimators.hog(face).shape == (1, 900)
    assert estimators.hog(face + 50) == pytest.approx(estimators.hog(face), abs=1e-5)


def test_runs_stand_beside_baselines_with_a_test(ensure, store, tiny_dataset):
    """Best first; the reference has no p value, a copy of it differs with p = 1."""
    majority, _ = ensure("baseline=majority")
    prior, _ = ensure("baseline=prior")
    nearest, _ = ensure("baseline=nearest")
    fitted = studies.read_baselines(store, tiny_dataset.fingerprint.content)
    assert {record.run_id for record in fitted} == {run.run_id for run in (majority, prior, nearest)}
    both = made_studies.study("x", studies.Arm("both", "", {"0": prior, "1": nearest}))
    table = significance.beside([both], fitted, majority, store)
    rows = {row[0]: row for row in table.in_words(PLAIN).rows}
    assert rows["majority"][-1] == ""
    assert rows["class prior"][-1] == "p = 1.000"
    assert rows["both"][-1] == "0 differ of 2"
    assert table.title.endswith("n = 28)")
    # of one name by two protocols
    deck = made_studies.study("x", studies.Arm("both", "", {"0": prior}))
    deck.protocol = "deck"
    rows = significance.beside([both, deck], fitted, majority, store).in_words(PLAIN).rows
    assert {"both · honest", "both · deck"} < {row[0] for row in rows}


def test_baselines_of_other_faces_are_not_shown(ensure, store):
    """A figure on another set is no baseline here."""
    ensure("baseline=majority")
    assert studies.read_baselines(store, "other") == []
