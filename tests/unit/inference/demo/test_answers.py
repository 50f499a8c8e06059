"""What the page answers to a picture, and which runs it can ask."""

import base64
import io
import json

import numpy as np
import pytest
from helpers.demo_page import face, reason
from helpers.faces_on_disk import png
from PIL import Image

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference.demo.answers import MOST_NETWORKS, Answers, NoRunError
from fer_exp.inference.face_detection import BoundingBox
from fer_exp.tracking import registry


def pixels_of(address):
    """The pixels of a picture that is written out in its address."""
    head, data = address.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_drawn_face_gets_seven_ranked_emotions(ask, trained):
    """With the very pixels that the network saw, and the spots that mattered in colour."""
    status, _, text = ask("POST", f"/predict?run={trained[1]}", png(face()))
    assert status == 200
    found = json.loads(text)
    (view,) = found["views"]
    assert {name for name, _ in view["ranked"]} == set(EMOTIONS)
    chances = [chance for _, chance in view["ranked"]]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1)
    np.testing.assert_array_equal(pixels_of(view["crop"]), face())
    assert pixels_of(view["overlay"]).shape == (48, 48, 4)
    assert (found["cut"], found["size"], view["face"]) == ("ready", [48, 48], None)
    assert -1 < view["largest_fall"] < 1


def test_the_runs_to_choose_from_say_how_good_they_are(ask, trained, begin):
    """Finished jobs alone, with their weights, and which is shown first."""
    store, run = trained
    begin({})
    store.client.set_terminated(begin({}).id)
    params, metrics = store.record(run).params, store.record(run).metrics
    restored = begin(params)
    for key, value in metrics.items():
        store.client.log_metric(restored.id, key, value)
    store.client.set_tag(restored.id, "moved_from", "0" * 32)
    store.client.set_tag(restored.id, "moved", "figures")
    store.client.set_terminated(restored.id)
    found = json.loads(ask("GET", "/runs")[2])
    record = store.record(run)
    accuracy = record.metrics["selected/val_accuracy"]
    said = {"id": run, "name": "tiny", "data": "fer2013", "protocol": "honest", "accuracy": accuracy}
    said |= {"n": int(record.params["faces.validation"]), "epoch": 1}
    assert found == {"chosen": run, "runs": [said]}


def test_a_run_of_another_experiment_can_be_chosen_by_its_id(trained):
    """It is in the list then, alone here."""
    store, run = trained
    elsewhere = tracking.Store(settings.Tracking(store.uri, "unused", "elsewhere", False))
    assert [found["id"] for found in Answers(elsewhere, None).runs(run)] == [run]


@pytest.mark.parametrize(
    ("finder", "size", "cut", "faces"),
    [
        (None, 60, "unsearched", [None]),
        (lambda _: [], 60, "none", [None]),
        (lambda _: [BoundingBox(1, 2, 30)], 60, "found", [[1, 2, 30]]),
        (lambda _: [BoundingBox(1, 2, 30), BoundingBox(20, 5, 40)], 60, "found", [[1, 2, 30], [20, 5, 40]]),
        (lambda _: [BoundingBox(1, 2, 30)], 48, "ready", [None]),
    ],
)
def test_it_says_how_the_picture_was_cut(trained, finder, size, cut, faces):
    """Not searched, none found, one, several, and a face already."""
    picture = np.random.default_rng(0).integers(0, 256, (size, size), dtype=np.uint8)
    found = Answers(trained[0], finder).answer(trained[1], png(picture))
    assert found["cut"] == cut
    assert [view["face"] and list(view["face"]) for view in found["views"]] == faces


@pytest.mark.parametrize("data", [b"", b"hello", png(face())[:60]])
def test_what_is_no_picture_is_refused(ask, trained, data):
    """Nothing, a text, and half a picture."""
    assert reason(ask("POST", f"/predict?run={trained[1]}", data), 400).startswith("the picture: cannot be")


def test_a_picture_of_too_many_pixels_is_refused(ask, trained):
    """However few bytes it takes to declare them."""
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG")
    assert "declares 9000x9000" in reason(ask("POST", f"/predict?run={trained[1]}", file.getvalue()), 400)


@pytest.mark.parametrize("query", ["?run=nope", "", "?run=", "?run=../../etc/passwd", "?run=%00"])
def test_an_unknown_run_is_404(ask, query):
    """Also none, and what is no id."""
    assert "run" in reason(ask("POST", f"/predict{query}", png(face())), 404)


def test_a_run_without_a_network_is_404(ask, trained, begin):
    """One that is not finished, and one that lost its weights."""
    run = begin({"protocol.weights": "best"})
    assert "only a finished run" in reason(ask("POST", f"/predict?run={run.id}", png(face())), 404)
    trained[0].client.set_terminated(run.id)
    assert "has no checkpoints" in reason(ask("POST", f"/predict?run={run.id}", png(face())), 404)


def test_only_the_latest_few_networks_are_kept(trained, monkeypatch):
    """The one that was asked longest ago goes; a run is read once while it is kept."""
    store, run = trained
    read = []
    record = store.record(run)
    monkeypatch.setattr(store, "find", lambda name: tracking.Record(**{**vars(record), "run_id": name}))
    monkeypatch.setattr(registry, "load_classifier", lambda record, _: read.append(record.run_id))
    answers = Answers(store, None)
    for name in [*"abcd", "a", "e", "a", "b"]:
        answers.load(name)
    assert MOST_NETWORKS == 4
    assert "".join(read) == "abcdeb"


def test_which_run_is_the_latest_is_asked_each_time(trained, monkeypatch):
    """It may have changed since."""
    store, run = trained
    answers = Answers(store, None)
    assert answers.load("latest")[0].run_id == run
    monkeypatch.setattr(store, "find", lambda _: store.record("gone"))
    with pytest.raises(NoRunError, match="gone"):
        answers.load("latest")
