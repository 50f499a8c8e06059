"""Test is opened once, scored on its parts, and mistrusted where it should be."""

import dataclasses
import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_exp import places, tracking
from fer_exp.data import photos as photos_module
from fer_exp.errors import UserError
from fer_exp.evaluation import mismatches, scoring
from fer_exp.tracking import artifacts

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def store(trained, tmp_path):
    """A copy of the store with the trained run."""
    folder = Path(trained[0].uri.removeprefix(places.SQLITE)).parent
    shutil.copytree(folder, tmp_path / "copy")
    return tracking.open_store(f"{places.SQLITE}{tmp_path / 'copy' / 'mlflow.db'}", "fer-exp")


@pytest.fixture
def record(trained, store):
    """A finished run on the tiny faces."""
    return store.record(trained[1])


def test_scores_of_every_part_go_into_the_run(record, store, tiny_dataset):
    """Each part with its n and interval, and the same when evaluated again."""
    parts = scoring.evaluate(record, store, tiny_dataset, gallery=True)
    assert {part.name: part.n for part in parts} == {
        "public": 14,
        "private": 14,
        "union": 28,
        "union_no_copies": 28,
        "union_no_near_copies": 28,
    }
    found = store.record(record.run_id)
    assert found.metrics["test/union/n"] == 28
    assert found.metrics["test/union/majority_accuracy"] == pytest.approx(1 / 7)
    low, accuracy, high = (found.metrics[f"test/union/accuracy{end}"] for end in ("_low", "", "_high"))
    assert low <= accuracy <= high
    assert 0 <= found.metrics["test/private/recall_happy"] <= 1
    assert found.status == "FINISHED"
    again = scoring.evaluate(record, store, tiny_dataset, gallery=False)
    assert [part.flat() for part in again] == [part.flat() for part in parts]


def test_other_faces_are_refused(record, store, tiny_dataset):
    """A score on another copy of the data would be a score of something else."""
    other = dataclasses.replace(
        tiny_dataset, fingerprint=dataclasses.replace(tiny_dataset.fingerprint, content="x")
    )
    with pytest.raises(UserError, match="was trained on other faces"):
        scoring.evaluate(record, store, other, gallery=False)


@pytest.mark.fault(
    "Disk: a deleted checkpoint, evaluated", trials=1, expected="one line; the run stays as it was"
)
def test_a_run_that_lost_its_weights_is_refused_and_left_as_it_was(record, store, tiny_dataset):
    """Nothing is logged, so that no table shows half a score."""
    store.run(record.run_id).fetch("checkpoints/best.pt").unlink()
    with pytest.raises(UserError, match=r"has no checkpoints/best\.pt"):
        scoring.evaluate(record, store, tiny_dataset, gallery=True)
    left = store.record(record.run_id)
    assert not [key for key in left.metrics if key.startswith("test/")]
    assert "test_opened" not in left.tags


def test_mismatches_are_logged_for_networks_that_they_fit(record, store, tiny_dataset):
    """Every combination on the test faces; the sound one is the plain score."""
    scoring.evaluate(record, store, tiny_dataset, gallery=False)
    found = mismatches.mismatched(record, store, tiny_dataset)
    logged = store.record(record.run_id).metrics
    assert logged["mismatch/unit/upright/same_order"] == logged["test/union/accuracy"]
    assert len(found) == 30


@pytest.mark.drawn
def test_answers_and_figures_are_kept_in_the_run(record, store, tiny_dataset):
    """The answer to each face beside the truth, to compare runs by; and pictures, the gallery if wanted."""
    scoring.evaluate(record, store, tiny_dataset, gallery=False)
    run = store.run(record.run_id)
    answers, test = artifacts.read_answers(run, artifacts.TEST_ANSWERS), tiny_dataset.test()
    assert answers["face"].tolist() == list(range(28))
    assert (answers["label"].tolist(), answers["group"].tolist()) == (
        test.labels.tolist(),
        test.group.tolist(),
    )
    scored = store.record(record.run_id).metrics["test/union/accuracy"]
    assert (answers["label"] == answers["predicted"]).mean() == scored
    assert run.fetch("figures/confusion.png").read_bytes()[:4] == b"\x89PNG"
    assert run.fetch("figures/reliability.png").stat().st_size > 1000
    with pytest.raises(UserError, match="has no figures/gallery"):
        run.fetch("figures/gallery.png")
    scoring.evaluate(record, store, tiny_dataset, gallery=True)
    assert run.fetch("figures/gallery.png").stat().st_size > 1000


def stripped(record):
    """A scored run as it was before near-copies and majority lines were known."""
    new = [key for key in record.metrics if "near_copies" in key or "majority_accuracy" in key]
    kept = {key: value for key, value in record.metrics.items() if key not in new}
    return dataclasses.replace(record, metrics=kept)


def test_a_run_scored_before_is_completed_from_its_answers(record, store, tiny_dataset, monkeypatch):
    """With what needs no probabilities, and nothing that it has is changed."""
    scoring.evaluate(record, store, tiny_dataset, gallery=False)
    before = store.record(record.run_id)
    logged = []
    monkeypatch.setattr(store.run(record.run_id).__class__, "log", lambda _, found: logged.append(found))
    scoring.complete(stripped(before), store, tiny_dataset)
    [found] = logged
    assert {key.rpartition("/")[0] for key in found} == {
        f"test/{part}" for part in ("public", "private", "union", "union_no_copies", "union_no_near_copies")
    }
    assert not set(found) & set(stripped(before).metrics)
    for key, value in found.items():
        assert before.metrics[key] == value
    assert "test/union_no_near_copies/log_loss" not in found
    assert scoring.complete(before, store, tiny_dataset) is before
    assert len(logged) == 1


def test_a_run_without_answers_or_scores_is_left_as_it_is(record, store, tiny_dataset):
    """As one from an archive is."""
    assert scoring.complete(record, store, tiny_dataset) is record
    scoring.evaluate(record, store, tiny_dataset, gallery=False)
    store.run(record.run_id).fetch(artifacts.TEST_ANSWERS).unlink()
    old = stripped(store.record(record.run_id))
    assert scoring.complete(old, store, tiny_dataset) is old


def test_near_copies_of_train_are_left_out_of_a_part(tiny_faces, tiny_dataset, caplog):
    """Where a set is too large to search for them there is no such part, and the log says so."""
    photos = np.arange(len(tiny_faces))
    photos[45:48] = photos[0]
    known = dataclasses.replace(tiny_dataset)
    known.__dict__["photos"] = photos
    assert dict(known.test_parts())["union_no_near_copies"].tolist() == [0, 1, 2, *range(6, 28)]
    strange = dataclasses.replace(
        tiny_dataset, fingerprint=dataclasses.replace(tiny_dataset.fingerprint, kind="other")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos_module, "MOST_SEARCHED", 69)
        assert list(dict(strange.test_parts())) == ["public", "private", "union", "union_no_copies"]
    assert "no score on union_no_near_copies: 70 faces are too many" in caplog.text


@pytest.mark.fault("Disk: damaged answers to test", trials=5, expected="one line that names the run")
def test_damaged_answers_are_refused_by_name(record, store, tiny_dataset):
    """Cut short, another file, a pickle, which is never opened, or another array."""
    scoring.evaluate(record, store, tiny_dataset, gallery=False)
    run = store.run(record.run_id)
    path = run.fetch(artifacts.TEST_ANSWERS)
    pickled = io.BytesIO()
    np.save(pickled, np.array([print]), allow_pickle=True)
    for content in (b"", b"\x93NUMPY", b"no array", pickled.getvalue()):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"answers\.npy is damaged .*: evaluate it again"):
            artifacts.read_answers(run, artifacts.TEST_ANSWERS)
    np.save(path, np.zeros(28))
    with pytest.raises(UserError, match=r"answers\.npy holds no answers: evaluate it again"):
        artifacts.read_answers(run, artifacts.TEST_ANSWERS)


def test_what_gives_no_probabilities_has_no_loss():
    """Nor has what gives the truth none at all: its loss would be infinite."""
    labels = np.array([0, 1])
    bare = scoring._score("union", scoring.Answers(labels, None), labels)
    assert (bare.loss, bare.calibration_error) == (None, None)
    assert "test/union/log_loss" not in bare.flat()
    with np.errstate(divide="ignore"):
        sure = np.log(np.eye(7)[[0, 0]])
    wrong = scoring._score("union", scoring.Answers(np.array([0, 0]), sure), labels)
    assert wrong.loss is None
    assert wrong.calibration_error == 0.5


def part(counts) -> scoring.Part:
    """A part with this confusion matrix."""
    return scoring.Part("union", np.array(counts), 1.0, 0.0, 0.0, 1.0)


def test_parts_are_compared_at_the_same_classes():
    """A part of other classes scores as the whole where each class does; without a class it cannot."""
    whole, other = part([[30, 10], [5, 5]]), part([[3, 1], [50, 50]])
    assert whole.accuracy_at(whole.class_shares) == pytest.approx(0.7)
    assert other.accuracy_at(whole.class_shares) == pytest.approx(0.7)
    assert part([[3, 1], [0, 0]]).accuracy_at(whole.class_shares) is None


GREY = np.full((2, 48, 48), 128, np.uint8)


def test_a_collapsed_network_raises_an_alarm():
    """`Happy` for all, as three of the deck's optimizers said 1,774 times (A9)."""
    counts = np.zeros((7, 7), int)
    counts[:, 3] = [958, 111, 1024, 1774, 1247, 831, 1233]
    said = scoring.alarms(part(counts), GREY, GREY)
    assert said[0] == "100% of the predictions are happy: the network has collapsed"
    assert "not above always answering the largest class (24.7%)" in said[1]


def test_test_faces_on_another_scale_raise_an_alarm():
    """As when a test set is divided by 255 twice (A10)."""
    said = scoring.alarms(part(np.eye(7, dtype=int)), GREY, GREY // 8)
    assert len(said) == 1
    assert "differ by 43.9 % of 255" in said[0]


def test_a_sound_score_raises_none():
    """Seven classes, all right, on like faces."""
    assert scoring.alarms(part(np.eye(7, dtype=int)), GREY, GREY) == []
