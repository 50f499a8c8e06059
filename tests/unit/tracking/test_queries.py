"""Runs are found by what people call them, with all that they have logged."""

import pprint

import pytest

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.tracking import sqlite


def test_latest_prefers_a_finished_run(store):
    """A newer failed try does not hide the figures of an older finished one."""
    done = store.create("a", {}, {"kind": "job", "identity": "x"})
    with done.recording():
        pass
    failed = store.create("a", {}, {"kind": "job", "identity": "x"})
    with pytest.raises(ValueError, match="no"), failed.recording():
        raise ValueError("no")
    assert store.latest("x").run_id == done.id
    assert store.latest("y") is None
    assert {key: run.run_id for key, run in store.latest_of_all().items()} == {"x": done.id}


def _finished(store: tracking.Store, name: str, faces: str, loss: float, data: str = "fer2013") -> str:
    run = store.create(name, {"data.name": data}, {"kind": "job", "identity": name, "faces": faces})
    with run.recording():
        run.log({"selected/val_loss": loss})
    return run.id


def test_a_run_is_found_by_what_people_call_it(store):
    """By id, by name, as the latest, and as the best on the same faces; never by another's losses."""
    other, good, poor = (
        _finished(store, *run) for run in (("other", "f0", 0.1), ("good", "f1", 1.0), ("poor", "f1", 2.0))
    )
    assert store.find("latest").run_id == poor
    assert store.find("best").run_id == good
    assert store.find("best", faces="f0").run_id == store.find("latest", faces="f0").run_id == other
    assert store.find("poor").run_id == store.find(poor).run_id == store.find(poor[:8]).run_id == poor
    for typed, meant in (("latst", "latest"), ("pooor", "poor")):
        with pytest.raises(UserError, match=f"run {typed}: there is no such run .*; did you mean {meant}"):
            store.find(typed)


def test_the_best_is_of_the_largest_set_of_faces(store):
    """A try on a few faces, though newer and lower in loss, hides no network of the whole set."""
    for name, faces, loss, fit in (("whole", "f0", 1.0, "4800"), ("tried", "f1", 0.1, "560")):
        store.run(_finished(store, name, faces, loss)).params({"faces.fit": fit, "faces.validation": "100"})
    assert store.find("best").name == "whole"
    assert store.find("latest").name == "tried"
    assert store.find("best", faces="f1").name == "tried"


def test_runs_on_other_faces_are_counted_where_none_is_on_these(store):
    """Who names the wrong data is told what there is, and not to train again."""
    for name, data in (("a", "fer2013"), ("b", "fer2013"), ("c", "synthetic")):
        _finished(store, name, "f0", 1.0, data)
    with pytest.raises(
        UserError,
        match="run=best: no finished run on these faces, but 2 finished runs on fer2013, 1 on synth",
    ):
        store.find("best", faces="f1")


def test_photos_ask_what_has_seen_photos(store):
    """A network of drawn faces is best at those, and asked about a photo only if there is no other."""
    drawn = _finished(store, "drawn", "f1", 0.1, "synthetic")
    assert store.find("best", photos=True).run_id == store.find("latest", photos=True).run_id == drawn
    poor = _finished(store, "poor", "f0", 2.0)
    good = _finished(store, "good", "f0", 1.0)
    newer = _finished(store, "newer", "f1", 0.2, "synthetic")
    assert store.find("latest").run_id == newer
    assert store.find("latest", photos=True).run_id == good
    assert store.find("best", photos=True).run_id == good != poor
    assert store.record(newer).drawn
    assert not store.record(good).drawn


def test_what_was_restored_without_weights_is_neither_best_nor_latest(store):
    """Who asks for either wants a network; by its name or id it is found."""
    kept = _finished(store, "kept", "f0", 1.0)
    restored = _finished(store, "restored", "f0", 0.5)
    store.client.set_tag(restored, "moved", "figures")
    assert store.find("best").run_id == store.find("latest").run_id == kept
    assert store.find("restored").run_id == restored
    store.client.delete_run(kept)
    with pytest.raises(UserError, match="but those that were restored from an archive, without weights"):
        store.find("best")


@pytest.mark.parametrize("wanted", ["latest", "best"])
def test_no_run_yet_is_said(store, wanted):
    """An empty store names the command that fills it."""
    with pytest.raises(UserError, match=f"run={wanted}: there is no finished run yet"):
        store.find(wanted)


def test_an_unknown_run_is_refused_by_name(store):
    """One line that names the id and the store."""
    with pytest.raises(UserError, match="run nope: there is no such run in sqlite"):
        store.run("nope")


def test_a_run_that_was_deleted_is_refused_by_name(store):
    """MLflow still gives it, but takes nothing for it."""
    run = store.create("a", {}, {})
    store.client.delete_run(run.id)
    with pytest.raises(UserError, match=f"run {run.id}: it is deleted in sqlite.*; restore it there"):
        store.record(run.id)


@pytest.mark.fault(
    "Store: a tag that somebody has deleted", trials=1, expected="one line that names run and tag"
)
def test_a_run_that_has_lost_a_tag_is_named(store):
    """Anybody can delete one in MLflow's pages; who needs none of it does not notice."""
    run = store.create("a", {}, {"kind": "job", "identity": "x"})
    store.client.delete_tag(run.id, "identity")
    for found in (store.record(run.id), *store.records(kind="job")):
        assert found.tags.get("identity") is None
        with pytest.raises(UserError, match=f"run {run.id}: has no selected/val_loss any more"):
            found.metrics["selected/val_loss"]
    with pytest.raises(UserError, match=f"run {run.id}: has no identity any more; delete the run, or give"):
        store.latest_of_all()


def test_runs_are_read_as_mlflow_finds_them(store, monkeypatch):
    """The same runs in the same order, with all they were told and their last metrics, odd ones too.

    Also where MLflow's tables are not those that are read directly, which a new version may change.
    """
    for identity, loss in (("a", 1.0), ("b", float("nan")), ("a", float("inf")), ("it's", -0.5)):
        run = store.create(identity, {"lr": 0.1}, {"kind": "job", "identity": identity})
        run.log({"loss/val": 3.0, "other": 1.0}, 1)
        run.log({"loss/val": loss}, 2)
    run.end("FAILED")
    store.create("gone", {}, {"kind": "job"})
    store.client.delete_run(store.records(kind="job")[0].run_id)
    store.create("sweep", {}, {"kind": "sweep"})
    path = sqlite.file_of(store.uri)
    for schema in (sqlite._SCHEMA, "of another version"):
        monkeypatch.setattr(sqlite, "_SCHEMA", schema)
        assert sqlite.is_known(path) == (schema != "of another version")
        for wanted in ({}, {"kind": "job"}, {"status": "FAILED"}, {"kind": "job", "identity": "b"}):
            terms = [
                f"attributes.status = '{value}'" if key == "status" else f"tags.{key} = '{value}'"
                for key, value in wanted.items()
            ]
            found = store.client.search_runs([store.experiment_id], " and ".join(terms))
            assert len(found) > 0
            expected = [tracking.Record.of(run) for run in found]
            # as text, since no nan is equal to another
            read, as_mlflow = (
                [pprint.pformat(vars(run)) for run in runs] for runs in (store.records(**wanted), expected)
            )
            assert read == as_mlflow, wanted


@pytest.mark.fault(
    "Store: its file is removed or overwritten while a program has it open",
    trials=2,
    expected="one line that names it; no empty store in its place",
)
def test_a_store_that_goes_while_it_is_open_is_named(store):
    """Nobody takes it for one without runs."""
    path = sqlite.file_of(store.uri)
    path.write_bytes(b"no database" * 100)
    with pytest.raises(UserError, match=r"mlflow\.db: the store cannot be read \(file is not a database\)"):
        store.records()
    for file in path.parent.glob("mlflow.db*"):
        file.unlink()
    with pytest.raises(UserError, match=r"mlflow\.db: the store cannot be read \(unable to open"):
        store.records()
    assert not path.exists()
