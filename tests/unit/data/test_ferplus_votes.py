"""FER+'s votes beside the faces of test, and for the files of Kaggle's copies."""

import shutil

import numpy as np
import pytest
from helpers import faces_on_disk, processes
from helpers.faces_on_disk import PREFIX
from helpers.vote_files import load, rewritten, votes_for, written

from fer_exp.config.faces import Fer2013Data
from fer_exp.data import datasets, fer2013_faces, ferplus, ferplus_rows
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS


@pytest.fixture(scope="module")
def kaggle(tiny_faces, tmp_path_factory):
    """The tiny faces in the order of fer2013.csv, and as a folder of files; the row of one is not known."""
    folder = tmp_path_factory.mktemp("kaggle")
    order = np.random.default_rng(2).permutation(len(tiny_faces))
    faces = tiny_faces[order[np.argsort(tiny_faces.usage[order], kind="stable")]]
    root = faces_on_disk.folder(faces, folder / "archive")
    starts = [int(np.flatnonzero(faces.usage == usage)[0]) for usage in PREFIX]
    places = zip(faces.labels, faces.usage, strict=True)
    names = [
        f"{'test' if usage else 'train'}/{EMOTIONS[label]}/{PREFIX[usage]}_{row}.png"
        for row, (label, usage) in enumerate(places)
    ]
    rows = {name: row for row, name in enumerate(names) if row != UNKNOWN}
    fer2013_faces.write(folder / "table.npz", faces.pixels, names, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ferplus_rows, "STARTS", dict(zip(PREFIX, starts, strict=True)))
        patch.setattr(fer2013_faces, "ROWS", len(faces))
        patch.setattr(fer2013_faces, "TABLE", folder / "table.npz")
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
            found.append(datasets.load_votes(path, datasets.load_faces(data)))
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
    found = datasets.load_votes(path, dataset)
    test = dataset.test()
    assert found.shape == (len(test), 10)
    np.testing.assert_array_equal(found[:, :7].argmax(axis=1), test.labels)
    keys = [(image.tobytes(), usage) for image, usage in zip(test.pixels, test.usage, strict=True)]
    for key in set(keys):
        rows = [n for n in range(len(copies)) if (copies.pixels[n].tobytes(), copies.usage[n]) == key]
        assert [n % 4 for n in rows] == [found[n, 8] for n in range(len(test)) if keys[n] == key]


@pytest.mark.slow
@pytest.mark.parametrize("target", [["data.labels=ferplus"], []], ids=["ferplus", "fer2013"])
def test_evaluation_stands_a_run_beside_the_taggers(shuffled, votes, tmp_path, migrated_store, target):
    """By the scripts, for either labels: the figures are printed, and in the run."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    table, path = written(tmp_path, shuffled, votes)
    where = ["data=fer2013", f"data.root={table}", f"data.ferplus={path}", *target]
    done = processes.run(tmp_path, "training.epochs=2", "tracking.log_model=false", *where)
    assert done.returncode == 0, done.stderr
    # the run knows its faces, and the cache has them
    asked = ("run=latest", "baseline=none", f"data.ferplus={path}")
    done = processes.run(tmp_path, *asked, script="evaluate.py")
    assert done.returncode == 0, done.stderr
    assert "beside FER+'s ten taggers" in done.stdout
    [run] = processes.open_store(tmp_path).records(kind="job")
    assert run.metrics["taggers/clear_n"] == run.metrics["test/union/n"] == 28
    # every vote is for the label that FER+ gives
    clear = run.metrics["taggers/clear_accuracy"]
    assert clear == pytest.approx(run.metrics["test/union/accuracy"])
    if target:
        assert run.metrics["taggers/errors_of_most"] == run.metrics["taggers/errors_shared"] == 0
    else:
        assert run.metrics["taggers/errors_of_most"] == run.metrics["taggers/errors_shared"]
