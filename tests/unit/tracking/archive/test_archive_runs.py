"""The runs behind the tables as a text file, and as runs again."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.archived import SHARED, beside, job, named, restore, sweep, tables
from helpers.processes import store_in

from fer_exp import places
from fer_exp.config.identity import ensemble_identity
from fer_exp.errors import UserError
from fer_exp.report import studies
from fer_exp.tracking.archive import archive_runs
from fer_exp.tracking.studies import read_studies


@pytest.fixture(scope="module")
def ladder(migrated_store, tmp_path_factory):
    """A ladder with an ensemble, one job left out and one missing; a study, a search, a baseline."""
    store = store_in(tmp_path_factory.mktemp("ladder") / "store", migrated_store)
    old = sweep(store, "ladder", "deck0")
    members = [job(store, "deck0", parent=old.id), job(store, "deck1", accuracy=0.41)]
    job(store, "top0", accuracy=0.45)
    job(store, "gone0", "activation")
    sweep(store, "ladder", "deck0", "deck1", "top0", "top1")
    for identity in ("relu0", "relu1", "tanh0", "tanh1"):
        job(store, identity, "activation", 0.3 + int(identity[-1]) / 30)
    sweep(store, "activation", "relu0", "relu1", "tanh0", "tanh1")
    job(store, "sgd0t", "optimizer_search", seed="0")
    job(store, "sgd1t", "optimizer_search", status="FAILED", error="DivergedError: loss of /srv/x is nan")
    sweep(store, "optimizer_search", "sgd0t", "sgd1t")
    key = ensemble_identity(store.record(run.id).identity for run in members)
    beside(store, "ensemble", "deck · mean of 2 seeds", key, **{"selected/train_seconds": 122.0})
    beside(store, "baseline", "ridge", "ridge", **{"solver/seconds": 3.0})
    # else a copy lacks what lies in its journal
    with closing(sqlite3.connect(store.uri.removeprefix(places.SQLITE))) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store


@pytest.fixture
def filled(ladder, tmp_path):
    """The same as a store of this test alone."""
    return store_in(tmp_path / "filled", ladder.uri.removeprefix(places.SQLITE))


@pytest.fixture(scope="module")
def whole_file(ladder, tmp_path_factory):
    """The file that all of it was kept in."""
    path = tmp_path_factory.mktemp("kept") / "runs.jsonl"
    archive_runs.main([str(path), *named(ladder)])
    return path


@pytest.fixture
def kept(whole_file, tmp_path):
    """The same as a file of this test alone."""
    return Path(shutil.copy(whole_file, tmp_path / "runs.jsonl"))


@pytest.fixture(scope="module")
def restored(whole_file, migrated_store, tmp_path_factory):
    """A store with the runs of that file, for those who add nothing to it."""
    store = store_in(tmp_path_factory.mktemp("restored") / "store", migrated_store)
    restore(whole_file, store)
    return store


def test_the_tables_are_printed_again(ladder, kept, make, capsys, monkeypatch, tmp_path):
    """To the letter: rungs, ensembles, contrasts, trials that diverged, baselines, what is left out."""
    monkeypatch.chdir(tmp_path)
    expected = tables(ladder, capsys)
    for said in ("deck, together", "top1: missing", "left out, not averaged with these: 1", "ridge"):
        assert said in expected
    restored = make("restored")
    restore(kept, restored)
    assert "runs restored: 15 (3 sweeps, 10 jobs, 1 ensemble, 1 baseline); there before: 0" in (
        capsys.readouterr().out
    )
    assert tables(restored, capsys) == expected
    before = {run.run_id for run in restored.records()}
    restore(kept, restored)
    assert "runs restored: 0; there before: 15" in capsys.readouterr().out
    assert {run.run_id for run in restored.records()} == before


def test_a_restored_run_is_what_it_was(ladder, restored):
    """Times, status, the last metrics, params but for places; below its sweep, or one that plans it."""
    old = {run.run_id: run for run in ladder.records()}
    new = {run.tags["moved_from"]: run for run in restored.records()}
    [unwanted] = set(old) - set(new)
    assert old[unwanted].params["jobs"] == "1"
    for key, run in new.items():
        was, now = (store.client.get_run(each) for store, each in ((ladder, key), (restored, run.run_id)))
        for fact in ("run_name", "status", "start_time", "end_time"):
            assert getattr(now.info, fact) == getattr(was.info, fact)
        assert repr(sorted(now.data.metrics.items())) == repr(sorted(was.data.metrics.items()))
        assert now.data.params == {k: v for k, v in was.data.params.items() if k != "data.root"}
    sweep = next(run for run in new.values() if run.tags["kind"] == "sweep" and run.tags["study"] == "ladder")
    first = next(run for run in new.values() if run.tags.get("identity") == "deck0")
    assert first.tags["mlflow.parentRunId"] == sweep.run_id
    assert "mlflow.parentRunId" not in next(run for run in new.values() if run.name == "job gone0").tags


def test_a_restored_run_has_no_learning_curve(ladder, restored):
    """The report says that the values by epoch are not there, rather than draw the last ones at epoch 0."""
    for store, known in ((ladder, {("train", "loss"), ("val", "loss")}), (restored, set())):
        [study] = read_studies(store, "ladder")
        assert set(studies._bands(study.base, SimpleNamespace(store=store))) == known


def test_the_file_tells_nothing_of_the_machine(kept, ladder, tmp_path):
    """No folder, user or host; a command is kept as another can type it."""
    text = kept.read_text(encoding="utf-8")
    host = next(run.tags["host"] for run in ladder.records())
    for said in (str(tmp_path), "/home", "/srv", "ann", f'"{host}"', "mlflow.user", "outputs/1"):
        assert said not in text
    assert "python train.py study=ladder data.root=PATH seed=0,1 data.ferplus=PATH" in text


def test_the_same_runs_make_the_same_file(kept, ladder, restored, tmp_path):
    """Kept again, or from where they were restored, so that a diff shows what is new."""
    before = kept.read_bytes()
    archive_runs.main([str(kept), *named(ladder)])
    assert kept.read_bytes() == before
    for path in (kept, tmp_path / "again.jsonl"):
        archive_runs.main([str(path), *named(restored)])
        assert path.read_bytes() == before
    starts = [line.started for line in archive_runs.read(kept)]
    assert starts == sorted(starts)


def test_a_study_is_kept_alone(ladder, kept, tmp_path):
    """With what stands beside it; another is added to what is there."""
    path = tmp_path / "one.jsonl"
    archive_runs.main([str(path), "--study", "activation", *named(ladder)])
    assert {line.tags.get("study") for line in archive_runs.read(path)} == {"activation", "ladder"}
    assert {line.tags["kind"] for line in archive_runs.read(path)} == {"sweep", "job", "ensemble", "baseline"}
    archive_runs.main([str(path), "--study", "ladder", "--study", "optimizer_search", *named(ladder)])
    assert path.read_bytes() == kept.read_bytes()


def test_what_several_machines_have_found_adds_up(filled, kept, make, capsys):
    """A job that one had not, and of a study that both have swept the later plan."""
    other = make("other")
    restore(kept, other)
    job(other, "top1", accuracy=0.46)
    sweep(other, "ladder", "deck0", "deck1", "top0", "top1")
    archive_runs.main([str(kept), "--study", "ladder", *named(other)])
    assert "2 new or changed" in capsys.readouterr().out.splitlines()[-1]
    restore(kept, filled)
    assert "top1: missing" not in tables(filled, capsys)
    assert len(filled.records(identity="deck0")) == 1


def test_a_job_that_was_evaluated_later_takes_the_place_of_its_old_line(make, tmp_path):
    """In the file, and where the old one was restored; never the other way round."""
    store, early, path = make("store"), make("early"), tmp_path / "runs.jsonl"
    sweep(store, "ladder", "deck0")
    run = job(store, "deck0")
    archive_runs.main([str(path), *named(store)])
    restore(path, early)
    run.log({"mismatch/unit/upright/same_order": 0.5})
    archive_runs.main([str(path), *named(store)])
    scored = path.read_bytes()
    archive_runs.main([str(path), *named(early)])
    assert path.read_bytes() == scored
    restore(path, early)
    [found] = early.records(identity="deck0")
    assert found.metrics["mismatch/unit/upright/same_order"] == 0.5


def test_a_copy_of_a_run_that_was_gone_on_with_is_brought_up_to_date(make, tmp_path):
    """It was killed when it was kept first; that older file changes nothing any more."""
    store, copies, path, old = make("store"), make("copies"), tmp_path / "runs.jsonl", tmp_path / "old.jsonl"
    sweep(store, "ladder", "deck0")
    job(store, "deck0")
    archive_runs.main([str(path), *named(store)])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    [killed] = [line for line in lines if line.get("tags", {}).get("kind") == "job"]
    killed |= {"status": "KILLED", "ended": killed["ended"] - 1}
    old.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for file, status in ((old, "KILLED"), (path, "FINISHED"), (old, "FINISHED")):
        restore(file, copies)
        [found] = copies.records(identity="deck0")
        assert found.status == status
        restore(file, copies)
        assert [each.run_id for each in copies.records(identity="deck0")] == [found.run_id]
    lines = archive_runs.merged([*archive_runs.read(old), *archive_runs.read(path)])
    assert [line.text() for line in lines] == [line.text() for line in archive_runs.read(path)]


def test_what_was_cut_short_is_not_seen_and_made_anew(kept, make, monkeypatch, capsys):
    """As by a full disk: one line; whole runs stay, and the same command goes on."""
    restored = make("restored")
    log_artifact, calls = restored.client.log_artifact, []

    def fails_late(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("the disk is full")
        log_artifact(*arguments)

    monkeypatch.setattr(type(restored.client), "log_artifact", lambda _, *arguments: fails_late(*arguments))
    with pytest.raises(UserError, match=r"cannot be restored \(the disk is full\)"):
        restore(kept, restored)
    assert [len(restored.records(kind=kind)) for kind in ("sweep", "job")] == [1, 0]
    assert len(restored.records()) == 2
    restore(kept, restored)
    assert "runs restored: 14" in capsys.readouterr().out
    assert len(restored.records()) == 15


def test_what_a_store_has_itself_stays(kept, make):
    """A finished job is not restored beside it, one that failed is; a newer sweep stays the newest."""
    store = make("own")
    job(store, "deck0", accuracy=0.1)
    job(store, "deck1", status="FAILED")
    own = sweep(store, "ladder", "deck0")
    restore(kept, store)
    assert len(store.records(identity="deck0")) == 1
    assert store.latest("deck1").status == "FINISHED"
    assert [run.run_id for run in store.records(kind="sweep", study="ladder")] == [own.id]
    assert store.latest("top0").tags["mlflow.parentRunId"] == own.id


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED"])
def test_a_sweep_at_work_is_left(filled, tmp_path, capsys, status):
    """Here, or where a cluster has its jobs: it says so; the jobs that have finished are kept."""
    at_work = filled.create("ladder · honest", {}, {**SHARED, "kind": "sweep", "study": "ladder"})
    filled.client.update_run(at_work.id, status)
    with at_work.lock:
        archive_runs.main([str(tmp_path / "runs.jsonl"), *named(filled)])
    assert f"left: ladder · honest is {status}" in capsys.readouterr().out
    kinds = [line.tags["kind"] for line in archive_runs.read(tmp_path / "runs.jsonl")]
    assert kinds.count("sweep") == 2
