"""What a user types to have pictures predicted, and reads."""

import csv
import io
import json
import os

import numpy as np
import pytest
import torch
from helpers.archived import named
from helpers.refused import refusal
from PIL import Image

from fer_exp import console
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference import face_detection
from fer_exp.inference import predict as inference_predict
from fer_exp.inference.face_detection import BoundingBox
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts, registry


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder of its own to work in, where OpenCV is not installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(face_detection, "load", lambda: None)
    return tmp_path


@pytest.fixture
def predict(trained, capsys):
    """Type the command: exit code, stdout, lines of stderr."""

    def typed(*arguments):
        code = 0
        try:
            with console.mistakes_in_one_line():
                inference_predict.main([*map(str, arguments), "--tracking-uri", trained[0].uri])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err.splitlines()

    return typed


def photo(path, size=(60, 80), seed=0):
    """A file with a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def test_a_picture_gets_a_table_of_seven_ranked_emotions(predict, place, trained):
    """Under a line that says which run speaks, how its weights were chosen and how good it is."""
    code, out, err = predict(photo(place / "a.png"))
    assert (code, err) == (0, [])
    head = out.splitlines()[0]
    store, run = trained
    record = store.record(run)
    accuracy = 100 * record.metrics["selected/val_accuracy"]
    for said in ("tiny", record.run_id, "honest protocol", "lowest validation loss", f"{accuracy:.2f} %"):
        assert said in head
    assert f"(n = {record.params['faces.validation']})" in head
    rows = [line.split() for line in out.splitlines() if set(line.split()) & set(EMOTIONS)]
    chances = [float(row[-1]) for row in rows]
    assert {row[-2] for row in rows} == set(EMOTIONS)
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(100, abs=0.5)
    assert "no face was looked for" in out


def test_the_probabilities_are_the_networks_own(predict, place, trained, tiny_faces):
    """For a 48x48 picture those of its very pixels, by the weights that the protocol selects."""
    Image.fromarray(tiny_faces.pixels[0]).save(place / "a.png")
    _, out, _ = predict("a.png", "--format", "json")
    (found,) = json.loads(out)
    store, run = trained
    expected = registry.load_classifier(store.record(run), store).probabilities(tiny_faces.pixels[:1])[0]
    np.testing.assert_allclose([found[name] for name in EMOTIONS], expected, atol=1e-6)
    assert found["predicted"] == EMOTIONS[expected.argmax()]
    assert found["note"] == "48x48: taken as a face already"
    assert (found["path"], found["left"], found["run"]) == ("a.png", None, run)


def test_a_csv_has_a_row_a_face(predict, place, monkeypatch):
    """With its rectangle, and the same figures as the JSON."""
    monkeypatch.setattr(
        face_detection, "load", lambda: lambda _: [BoundingBox(1, 2, 30), BoundingBox(40, 5, 20)]
    )
    photo(place / "a.png")
    _, out, _ = predict("a.png", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["note"][:11] for row in rows] == ["face 1 of 2", "face 2 of 2"]
    assert [rows[1][key] for key in ("path", "left", "top", "width", "height")] == [
        "a.png",
        "40",
        "5",
        "20",
        "20",
    ]
    _, out, _ = predict("a.png", "--format", "json")
    assert [{key: str(value) for key, value in found.items()} for found in json.loads(out)] == rows


def test_a_folder_gives_its_pictures_at_any_depth_sorted(predict, place):
    """Hidden ones are not looked at, and what is not called a picture is said to be left out."""
    for name in ("b/z.png", "b/a/x.JPG", "c.bmp", ".hidden/y.png", "._c.png"):
        photo(place / "in" / name)
    (place / "in" / "\x1b[31mnotes.txt").write_text("hello")
    code, out, err = predict("in", "--format", "json")
    assert [found["path"] for found in json.loads(out)] == ["in/b/a/x.JPG", "in/b/z.png", "in/c.bmp"]
    assert (code, err) == (0, [r"in: left out, not called pictures: 1, as in/\x1b[31mnotes.txt"])


def test_bad_pictures_do_not_stop_good_ones(predict, place):
    """Each has a line of its own, and the exit code tells."""
    cut = photo(place / "in" / "cut.jpg").read_bytes()
    (place / "in" / "cut.jpg").write_bytes(cut[: len(cut) // 2])
    photo(place / "in" / "good.png")
    code, out, err = predict("nowhere.png", "in", "--format", "json")
    assert code == 1
    assert [found["path"] for found in json.loads(out)] == ["in/good.png"]
    assert [line[:40] for line in err] == [
        "error: nowhere.png: cannot be read (No s",
        "error: in/cut.jpg: cannot be read as an ",
    ]


@pytest.mark.parametrize("name", ["nowhere.png", "empty", "texts", "text.png", "x" * 300])
def test_nothing_to_predict_is_one_line_and_exit_code_2(predict, place, name):
    """No such file, an empty folder, one without pictures, a text, a name too long to exist."""
    (place / "empty").mkdir()
    (place / "texts").mkdir()
    for text in ("texts/a.txt", "text.png"):
        (place / text).write_text("hello")
    code, out, err = predict(name)
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(f"error: {name}: ")


@pytest.mark.parametrize(
    "name",
    ["[/b]", "[bold].png", ":smile:.png", "line\nbreak.png", b"\xff.png".decode("utf-8", "surrogateescape")],
)
@pytest.mark.parametrize("form", list(inference_predict.FORMATS))
def test_any_name_of_a_file_can_be_printed(predict, place, name, form):
    """Markup, emoji, line breaks and bytes that are no text."""
    photo(place / "a.png")
    (place / name).parent.mkdir(exist_ok=True)
    (place / "a.png").rename(place / name)
    code, out, err = predict(name, "--format", form)
    assert (code, err) == (0, [])
    if form == "table" and name.isprintable():
        assert name in out.splitlines()


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(predict, place):
    """The pictures beside it are predicted; one that is named itself, as a shell's <(...), may be a pipe."""
    photo(place / "faces" / "a.png")
    os.mkfifo(place / "faces" / "b.png")
    code, out, err = predict("faces", "--format", "csv")
    assert code == 1
    assert [row["path"] for row in csv.DictReader(io.StringIO(out))] == ["faces/a.png"]
    assert "error: faces/b.png: is no file, as a pipe or a device is none; move it away" in err
    reader, writer = os.pipe()
    os.write(writer, (place / "faces" / "a.png").read_bytes())
    os.close(writer)
    assert predict(f"/dev/fd/{reader}")[0] == 0
    os.close(reader)


def test_a_file_is_written_whole_or_not_at_all(predict, place):
    """Nothing is printed then; a folder that is not there, a folder and a device are refused by name."""
    photo(place / "a.png")
    assert predict("a.png", "--format", "json", "--output", "out.json") == (0, "", [])
    assert json.loads((place / "out.json").read_text())[0]["path"] == "a.png"
    for output in ("none/out.json", place, "/dev/null"):
        code, out, err = predict("a.png", "--output", output)
        assert (code, out, len(err)) == (2, "", 1)
        assert err[0].startswith(f"error: {output}: cannot be written")
    assert sorted(path.name for path in place.iterdir()) == ["a.png", "out.json"]


@pytest.mark.parametrize("wanted", ["latest", "best", "tiny", "id"])
def test_a_run_is_named_as_people_name_it(predict, place, trained, wanted):
    """The latest, the best, a name or an id."""
    wanted = trained[1] if wanted == "id" else wanted
    assert predict(photo(place / "a.png"), "--run", wanted)[0] == 0


def test_an_unknown_run_is_one_line(predict, place):
    """It names the run and the store, before any picture is read."""
    code, out, err = predict(photo(place / "a.png"), "nowhere.png", "--run", "nope")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith("error: run nope: there is no such run in sqlite")


@pytest.mark.parametrize(
    ("tags", "status", "said"),
    [
        ({"kind": "job"}, "FINISHED", "has no checkpoints/best.pt"),
        ({"kind": "job"}, "KILLED", "is KILLED: only a finished run"),
        ({"kind": "sweep"}, "FINISHED", "trained no network itself"),
        ({"kind": "job", "classes": "other"}, "FINISHED", "trained on other classes"),
    ],
)
def test_a_run_that_cannot_predict_is_one_line(store, capsys, place, tags, status, said):
    """Without a checkpoint, ended early, a sweep, or of another list of classes."""
    run = store.create("a", {"protocol.weights": "best"}, tags)
    if "classes" in tags:
        with run.file(artifacts.BEST) as path:
            checkpoint.save(path, {})
            torch.save(torch.load(path) | {"classes": ["joy", "grief"]}, path)
    store.client.set_terminated(run.id, status)
    asked = [photo(place / "a.png"), "--run", run.id, *named(store)]
    line = refusal(capsys, inference_predict.main, *asked)
    assert run.id in line
    assert said in line
