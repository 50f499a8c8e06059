"""FER+'s votes as labels, and beside a network's errors."""

import csv
import itertools
import shutil
import zipfile

import numpy as np
import pytest
from helpers import faces_on_disk, processes
from helpers.photos import FERPLUS, ROOT

from fer_exp.config.settings import Fer2013Data
from fer_exp.data import datasets, fer2013_faces, ferplus, ferplus_rows
from fer_exp.data.faces import Faces, Usage
from fer_exp.errors import UserError
from fer_exp.evaluation import taggers
from fer_exp.fer2013 import EMOTIONS

HEADER = ["Usage", "Image name", "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
HEADER += ["contempt", "unknown", "NF"]
USAGE = {Usage.TRAIN: "Training", Usage.PUBLIC: "PublicTest", Usage.PRIVATE: "PrivateTest"}


def votes_for(*answers: str) -> dict[str, int]:
    """Ten votes, as many for each answer as it is named."""
    share = 10 // len(answers)
    found = dict.fromkeys(HEADER[2:], 0)
    for answer in answers:
        found[answer] += share
    return found


def written(path, faces, votes, dropped=()):
    """A file of votes, one dict a face, and the CSV of the faces beside it.

    As in the real file, a dropped face has no name and takes no number, so that those after it lag.
    """
    numbers = itertools.count()
    with open(path / "fer2013new.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        for row, (each, usage) in enumerate(zip(votes, faces.usage, strict=True)):
            name = "" if row in dropped else f"fer{next(numbers):07d}.png"
            writer.writerow({"Usage": USAGE[usage], "Image name": name, **each})
    return faces_on_disk.table(faces, path / "fer2013.csv"), path / "fer2013new.csv"


@pytest.fixture
def shuffled(tiny_faces):
    """The tiny faces in an order that no source keeps."""
    return tiny_faces[np.random.default_rng(1).permutation(len(tiny_faces))]


@pytest.fixture
def votes(shuffled):
    """Votes that move every label on by one, so that none is FER-2013's own."""
    return [votes_for(ferplus.OURS[(label + 1) % 7]) for label in shuffled.labels]


def load(table, path, on_error="fail"):
    """The relabelled set."""
    return datasets.load_fer2013(table, table.parent / "cache", on_error, path)


def test_each_face_has_the_label_of_its_own_votes(shuffled, votes, tmp_path):
    """Whatever its place in the file; halves of test stay what they are."""
    found = load(*written(tmp_path, shuffled, votes)).faces
    expected = Faces.of(shuffled.pixels, (shuffled.labels + 1) % 7, shuffled.usage)
    for name in ("pixels", "labels", "usage", "group"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_what_has_no_label_is_left_out_and_counted(shuffled, votes, tmp_path):
    """Ties, other answers and what FER+ dropped; the note of the set says so, and how many labels agree."""
    votes[0], votes[1] = votes_for("fear", "surprise"), votes_for("happiness", "unknown")
    votes[2], votes[3], votes[4] = votes_for("contempt"), votes_for("unknown"), votes_for("NF")
    votes[5] = votes_for("neutral", "neutral", "contempt")
    own = ferplus.OURS[shuffled.labels[6]]
    votes[6] = votes_for(own)
    dataset = load(*written(tmp_path, shuffled, votes, dropped=[7, 8]))
    assert len(dataset.faces) == len(shuffled) - 7
    message = "; ".join(dataset.fingerprint.differences)
    assert "left out: 1 contempt, 2 dropped by FER+, 1 not a face, 2 tied, 1 unknown" in message
    assert f"{1 / len(dataset.faces):.1%} as FER-2013's" in message
    assert dataset.fingerprint.kind == "relabelled"
    again = load(tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv")
    assert again.fingerprint == dataset.fingerprint


def test_labels_of_two_kinds_never_share_a_cache_or_a_fingerprint(shuffled, votes, tmp_path):
    """Other votes are other faces, too; FER-2013's own stay as they were."""
    table, path = written(tmp_path, shuffled, votes)
    before = datasets.load_fer2013(table, tmp_path / "cache", "fail")
    relabelled = load(table, path)
    votes[0] = votes_for("NF")
    written(tmp_path, shuffled, votes)
    changed = load(table, path)
    after = datasets.load_fer2013(table, tmp_path / "cache", "fail")
    assert before.fingerprint == after.fingerprint
    np.testing.assert_array_equal(before.faces.labels, after.faces.labels)
    assert len({each.fingerprint.content for each in (before, relabelled, changed)}) == 3


def test_a_zip_of_the_csv_will_do_as_well(shuffled, votes, tmp_path):
    """As Kaggle serves the original."""
    table, path = written(tmp_path, shuffled, votes)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(table, "fer2013/fer2013.csv")
    assert load(tmp_path / "a.zip", path).fingerprint == load(table, path).fingerprint


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_strange_pictures_do_not_tell_their_row(shuffled, votes, tmp_path, kind):
    """Nothing in a picture's name says which votes are its own, so none are guessed."""
    _, path = written(tmp_path, shuffled, votes)
    root = faces_on_disk.folder(shuffled, tmp_path / "a")
    if kind == "zip":
        root = faces_on_disk.zipped(root, tmp_path / "a.zip")
    with pytest.raises(UserError, match=r"those of 0 of the 70 faces are known; data\.root must"):
        load(root, path)
    assert not list(tmp_path.glob("a/cache/*")) + list(tmp_path.glob("cache/*"))


@pytest.fixture
def kaggle(tiny_faces, tmp_path, monkeypatch):
    """The tiny faces in the order of fer2013.csv, and as a folder of files; the row of one is not known."""
    order = np.random.default_rng(2).permutation(len(tiny_faces))
    faces = tiny_faces[order[np.argsort(tiny_faces.usage[order], kind="stable")]]
    root = faces_on_disk.folder(faces, tmp_path / "archive")
    starts = [int(np.flatnonzero(faces.usage == usage)[0]) for usage in USAGE]
    monkeypatch.setattr(ferplus_rows, "STARTS", dict(zip(USAGE, starts, strict=True)))
    monkeypatch.setattr(fer2013_faces, "ROWS", len(faces))
    monkeypatch.setattr(fer2013_faces, "TABLE", tmp_path / "table.npz")
    places = zip(faces.labels, faces.usage, strict=True)
    names = [
        f"{'test' if usage else 'train'}/{EMOTIONS[label]}/{USAGE[usage]}_{row}.png"
        for row, (label, usage) in enumerate(places)
    ]
    rows = {name: row for row, name in enumerate(names) if row != UNKNOWN}
    fer2013_faces.write(tmp_path / "table.npz", faces.pixels, names, rows)
    fer2013_faces.known.cache_clear()
    yield faces, root
    fer2013_faces.known.cache_clear()


# The row whose file is not known.
UNKNOWN = 50


def test_kaggles_files_have_the_votes_of_their_rows(kaggle, tmp_path):
    """From folder, zip and CSV the same faces get the same labels, and the same votes beside them."""
    faces, root = kaggle
    told = [votes_for(ferplus.OURS[(row + label) % 7]) for row, label in enumerate(faces.labels)]
    table, path = written(tmp_path, faces, told, dropped=[UNKNOWN])
    of_table = load(table, path)
    found = []
    for place in (root, faces_on_disk.zipped(root, tmp_path / "archive.zip", "fer2013/")):
        dataset = load(place, path)
        for name in ("pixels", "labels", "usage", "csv_row"):
            np.testing.assert_array_equal(getattr(dataset.faces, name), getattr(of_table.faces, name))
        assert dataset.digest == of_table.digest
        assert dataset.fingerprint.differences[-1] == "left out: 1 of unknown row"
        for labels in ("fer2013", "ferplus"):
            data = Fer2013Data(
                "fer2013", str(place), "fail", str(tmp_path / "cache"), labels=labels, ferplus=str(path)
            )
            found.append(datasets.load_votes(data, datasets.load_faces(data)))
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])
    # with FER-2013's labels the face of no row stays, without votes
    assert len(found[0]) == len(found[1]) + 1
    assert np.count_nonzero(found[0].any(axis=1)) == len(found[1])


def test_votes_of_fewer_rows_do_not_fit_kaggles_files(kaggle, tmp_path):
    """The table knows rows that the file does not hold."""
    faces, root = kaggle
    _, path = written(tmp_path, faces, [votes_for("fear")] * len(faces))
    rewritten(path, lambda rows: rows.pop())
    with pytest.raises(UserError, match="has votes for 69 rows, the faces are 70"):
        load(root, path)


def test_votes_that_leave_a_class_without_training_faces_are_refused(kaggle, tmp_path):
    """It could not be learnt."""
    faces, root = kaggle
    _, path = written(tmp_path, faces, [votes_for("fear")] * len(faces))
    with pytest.raises(UserError, match="most votes call no training face angry"):
        load(root, path)


def rewritten(path, change):
    """The file of votes with its rows changed."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    change(rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].__setitem__(3, "joy"), "has no column happiness"),
        (lambda rows: rows[3].__setitem__(4, "x"), "row 3: votes are"),
        (lambda rows: rows[3].__setitem__(4, "11"), "row 3: holds 21 votes"),
        (
            lambda rows: rows[3].__setitem__(0, "Test"),
            "row 3: Usage is 'Test', not one of Training, PublicTest",
        ),
        (lambda rows: rows[3].__delitem__(slice(5, None)), "row 3: votes are"),
        (lambda rows: rows.pop(), "has votes for 69 rows, the faces are 70|row 70 of the faces has no votes"),
        (
            lambda rows: rows.append(["Training", "", *"0000000009"]),
            "has votes for 71 rows, the faces are 70",
        ),
        (lambda rows: rows.__delitem__(slice(1, None)), "holds no row"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(shuffled, votes, tmp_path, change, message):
    """By row, before a cache is written: votes of other rows would be wrong labels unseen."""
    table, path = written(tmp_path, shuffled, [*votes])
    rewritten(path, change)
    with pytest.raises(UserError, match=message):
        load(table, path)
    assert not list(tmp_path.glob("cache/*.faces"))


def test_nine_votes_will_do(shuffled, votes, tmp_path):
    """As one row of the real file has."""
    votes[9]["unknown"], votes[9][ferplus.OURS[(shuffled.labels[9] + 1) % 7]] = 0, 9
    assert len(load(*written(tmp_path, shuffled, votes, dropped=[3, 8])).faces) == len(shuffled) - 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(30), "row 30: does not follow from the rows before it"),
        (lambda rows: rows.insert(30, rows[30]), "row 31: does not follow"),
        (lambda rows: rows.__setitem__(slice(1, None), sorted(rows[1:])), "does not follow"),
        (lambda rows: rows[20].__setitem__(1, "face20.png"), "row 20: Image name 'face20.png' is no name as"),
    ],
    ids=["missing", "doubled", "sorted", "other names"],
)
def test_rows_out_of_order_are_named(shuffled, votes, tmp_path, change, message):
    """Their votes would be those of other faces, and the number of rows need not say so."""
    table, path = written(tmp_path, shuffled, votes)
    rewritten(path, change)
    with pytest.raises(UserError, match=message):
        load(table, path)
    assert not list(tmp_path.glob("cache/*.faces"))


def test_a_file_far_larger_than_the_real_one_is_refused(tmp_path):
    """It holds something else."""
    with open(tmp_path / "a.csv", "wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(UserError, match=r"a\.csv: is larger than 64 MiB; name fer2013new\.csv"):
        ferplus.read(tmp_path / "a.csv")


def test_votes_of_another_usage_are_refused(shuffled, votes, tmp_path):
    """They are votes for other faces."""
    table, path = written(tmp_path, shuffled, votes)
    first = next(n for n, usage in enumerate(shuffled.usage) if usage != shuffled.usage[0])

    def swap_usages(rows):
        rows[1][0], rows[first + 1][0] = rows[first + 1][0], rows[1][0]

    rewritten(path, swap_usages)
    with pytest.raises(UserError, match="row 1 of the faces has no votes of its Usage"):
        load(table, path)


def test_no_row_may_be_skipped(shuffled, votes, tmp_path):
    """Votes belong to rows."""
    with pytest.raises(UserError, match=r"data\.on_error=fail"):
        load(*written(tmp_path, shuffled, votes), on_error="skip")


def test_a_missing_file_is_named(compose_settings, shuffled, votes, tmp_path):
    """With the key that names it."""
    table, path = written(tmp_path, shuffled, votes)
    with pytest.raises(UserError, match=r"no.csv: cannot be read"):
        load(table, path.with_name("no.csv"))
    config = compose_settings("data=fer2013", "data.labels=ferplus", f"data.root={table}")
    with pytest.raises(UserError, match=r"name the file of its votes, data.ferplus=PATH/fer2013new.csv"):
        datasets.load_faces(config.data)


@pytest.mark.parametrize("relabelled", [True, False])
def test_each_test_face_keeps_its_own_votes(shuffled, tmp_path, relabelled):
    """Copies with other votes, too: they lie in the order of the file."""
    rng = np.random.default_rng(0)
    at = rng.permutation(np.concatenate([np.arange(len(shuffled))] * 2))
    copies = shuffled[at]
    # the winner by label, and a trace of the row in the votes that do not win
    votes = [votes_for(ferplus.OURS[label]) for label in copies.labels]
    for number, each in enumerate(votes):
        traced = number % 4
        each[ferplus.OURS[copies.labels[number]]] -= traced
        each["unknown"] += traced
    table, path = written(tmp_path, copies, votes)
    labels = "ferplus" if relabelled else "fer2013"
    data = Fer2013Data(
        name="fer2013",
        root=str(table),
        on_error="fail",
        cache_dir=str(tmp_path / "cache"),
        labels=labels,
        ferplus=str(path),
    )
    dataset = datasets.load_faces(data)
    found = datasets.load_votes(data, dataset)
    test = dataset.test()
    assert found.shape == (len(test), 10)
    np.testing.assert_array_equal(found[:, :7].argmax(axis=1), test.labels)
    keys = [(image.tobytes(), usage) for image, usage in zip(test.pixels, test.usage, strict=True)]
    for key in set(keys):
        rows = [n for n in range(len(copies)) if (copies.pixels[n].tobytes(), copies.usage[n]) == key]
        assert [n % 4 for n in rows] == [found[n, 8] for n in range(len(test)) if keys[n] == key]


def test_shared_errors_are_counted_by_hand():
    """Four faces: right and clear; an error of one tagger; of most of them; of none, on an unclear face."""
    counts = np.zeros((4, 10), int)
    counts[0, 3] = 10
    counts[1, [0, 2]] = 9, 1
    counts[2, [4, 6]] = 3, 7
    counts[3, [1, 5, 8]] = 4, 3, 3
    found = taggers.scores([3, 2, 6, 0], [3, 0, 4, 1], counts)
    assert found == {
        "taggers/clear_n": 3,
        "taggers/clear_accuracy": pytest.approx(1 / 3),
        "taggers/errors_n": 3,
        "taggers/errors_shared": pytest.approx(2 / 3),
        "taggers/errors_of_most": pytest.approx(1 / 3),
    }
    unknown = np.vstack([counts, np.zeros((2, 10), int)])
    assert taggers.scores([3, 2, 6, 0, 1, 1], [3, 0, 4, 1, 1, 2], unknown) == found
    flawless = taggers.scores([3], [3], np.full((1, 10), 1))
    assert flawless == {"taggers/clear_n": 0, "taggers/errors_n": 0}


def test_every_emotion_has_its_name_in_the_file():
    """In our order, which is not the file's."""
    pairs = dict(zip(EMOTIONS, ferplus.OURS, strict=True))
    assert pairs == {
        "angry": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happy": "happiness",
        "sad": "sadness",
        "surprise": "surprise",
        "neutral": "neutral",
    }
    assert set(ferplus.COLUMNS) == set(HEADER[2:])


REAL = FERPLUS / "fer2013new.csv"


@pytest.mark.skipif(not REAL.exists(), reason="FER+'s own file is not here: FERPLUS_ROOT names its folder")
def test_the_real_file_is_read():
    """Votes for every row of fer2013.csv, in its splits, 173 of them without a name."""
    votes = ferplus.read(REAL)
    assert np.bincount(votes.usage).tolist() == [28_709, 3_589, 3_589]
    assert np.count_nonzero(~votes.named) == 173
    assert np.unique(votes.counts.sum(axis=1)).tolist() == [9, 10]


@pytest.mark.slow
@pytest.mark.skipif(not (REAL.exists() and ROOT.is_file()), reason="needs FER2013_ROOT and FERPLUS_ROOT")
def test_the_real_files_have_the_labels_of_their_votes(tmp_path):
    """The zip and its folder alike; 179 files have no row, and the majority agrees with the folder."""
    with zipfile.ZipFile(ROOT) as archive:
        archive.extractall(tmp_path / "folder")
    zipped, folder = (
        datasets.load_fer2013(root, tmp_path, "fail", REAL) for root in (ROOT, tmp_path / "folder")
    )
    assert zipped.fingerprint == folder.fingerprint
    assert (zipped.fingerprint.kind, zipped.fingerprint.copy) == ("relabelled", "kaggle")
    np.testing.assert_array_equal(zipped.faces.csv_row, folder.faces.csv_row)
    votes = ferplus.read(REAL)
    assert [votes.label(row) for row in zipped.faces.csv_row] == zipped.faces.labels.tolist()
    assert zipped.fingerprint.differences == (
        "pixels: kaggle",
        "labels: what most of FER+'s votes say, 65.7% as FER-2013's",
        "left out: 212 contempt, 3 not a face, 179 of unknown row, 1,776 tied, 222 unknown",
    )
    plain = datasets.load_fer2013(ROOT, tmp_path, "fail")
    counts = ferplus.beside(votes, plain.test())
    assert np.count_nonzero(~counts.any(axis=1)) == np.count_nonzero(plain.test().csv_row < 0)
    ferplus.check(votes, plain.faces)


@pytest.mark.slow
@pytest.mark.parametrize("target", [["data.labels=ferplus"], []], ids=["ferplus", "fer2013"])
def test_evaluation_stands_a_run_beside_the_taggers(
    shuffled, votes, tmp_path, monkeypatch, migrated_store, target
):
    """By the scripts, for either labels: the figures are printed, and in the run."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    table, path = written(tmp_path, shuffled, votes)
    where = [
        "data=fer2013",
        f"data.root={table}",
        f"data.ferplus={path}",
        "tracking.log_model=false",
        *target,
    ]
    done = processes.run(tmp_path, "training.epochs=2", "tracking.log_model=false", *where)
    assert done.returncode == 0, done.stderr
    done = processes.run(tmp_path, "run=latest", "baseline=majority", *where, script="evaluate.py")
    assert done.returncode == 0, done.stderr
    assert "errors that at least one tagger made too" in done.stdout
    [run] = processes.open_store(tmp_path).records(kind="job")
    assert run.metrics["taggers/clear_n"] == run.metrics["test/union/n"] == 28
    # every vote is for the label that FER+ gives
    clear = run.metrics["taggers/clear_accuracy"]
    assert clear == pytest.approx(run.metrics["test/union/accuracy"])
    if target:
        assert run.metrics["taggers/errors_of_most"] == run.metrics["taggers/errors_shared"] == 0
    else:
        assert run.metrics["taggers/errors_of_most"] == run.metrics["taggers/errors_shared"]
