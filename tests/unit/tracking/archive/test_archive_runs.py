"""The runs behind the tables as a text file, and as runs again."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.processes import store_in
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fer_exp import tracking
from fer_exp.config.evaluation import Evaluation
from fer_exp.config.identity import ensemble_identity, job_identity
from fer_exp.config.schema import build
from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.evaluation import command
from fer_exp.experiment import drivers
from fer_exp.experiment import plan as experiment_plan
from fer_exp.experiment.job import Job
from fer_exp.fer2013 import PARTS
from fer_exp.report import studies, text
from fer_exp.tracking import artifacts, keys
from fer_exp.tracking.archive import archive_runs
from fer_exp.tracking.studies import read_studies

CONF = Path(__file__).parents[4] / "conf"
SHARED = {"faces": "f", "protocol": "honest", "selected_on": "lowest validation loss"}
NOTE = (
    "**Question**: Which?\n\n```\npython train.py study=ladder 'data.root=/home/ann b/faces.zip' "
    "tracking.uri=sqlite:////srv/runs.db seed=0,1 data.ferplus=../ann/votes.csv\n```\n"
)


@pytest.fixture
def make(migrated_store, tmp_path):
    """What makes an empty store by name."""
    return lambda name: store_in(tmp_path / name, migrated_store)


def job(store, identity, study="ladder", accuracy=0.4, parent=None, status="FINISHED", **tags):
    """A job that has ended, evaluated if it has finished."""
    tags = {
        **SHARED,
        "kind": "job",
        "study": study,
        "identity": identity,
        "log": "outputs/1/train.log",
        "device": "NVIDIA H200",
        **tags,
    }
    params = {"seed": identity[-1], "faces.fit": "80", "faces.validation": "20", "optimizer.lr": "0.1"}
    params |= {
        "optimizer.weight_decay": "0.0",
        "data.root": "/home/ann/faces.zip",
        "protocol.weights": "best",
    }
    run = store.create(f"job {identity}", params, tags, parent)
    found = {"yardstick/val_majority_accuracy": 0.25}
    if status == "FINISHED":
        for key in ("val_accuracy", "train_accuracy", "val_macro_f1"):
            found[f"selected/{key}"] = accuracy + 1 / 3
        found |= {"selected/val_loss": 1.5, "selected/epoch": 9.0, "selected/train_seconds": 61.0}
        found |= scores(accuracy)
    run.log({"val/loss": 1.6, "train/loss": 1.5, "val/huge": float("inf")}, 1)
    run.log({"val/loss": 1.5, "train/loss": float("nan")}, 2)
    run.log(found)
    run.end(status)
    return run


def scores(accuracy):
    """The accuracies of all parts of test."""
    ends = {"": accuracy, "_low": accuracy - 0.1, "_high": accuracy + 0.1}
    found = {f"test/{part}/accuracy{end}": value for part in PARTS for end, value in ends.items()}
    return found | {f"test/{part}/n": 28.0 for part in PARTS}


def sweep(store, study, *planned, note=NOTE):
    """A sweep of jobs, each an identity as `deck0`: its arm and its seed; a trial where it ends in `t`."""
    entries = []
    for each in planned:
        name, number = each.rstrip("t")[:-1], each.rstrip("t")[-1]
        entry = {"name": each, "arm": name, "setting": name, "identity": each, "seed": number}
        entries.append(entry | ({keys.TRIAL: number, "seed": "0"} if each.endswith("t") else {}))
    tags = {**SHARED, "kind": "sweep", "study": study, "data": "fer2013", "mlflow.note.content": note}
    run = store.create(f"{study} · honest", {"study": study, "jobs": len(planned)}, tags)
    run.text(artifacts.PLAN, json.dumps({"jobs": entries}))
    run.end("FINISHED")
    return run


def beside(store, kind, name, identity, **metrics):
    """A baseline or an ensemble."""
    run = store.create(name, {"of": kind}, {**SHARED, "kind": kind, "identity": identity, "study": "ladder"})
    run.log(scores(0.35) | metrics)
    run.end("FINISHED")


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
    beside(store, "baseline", "ridge", "ridge", **{"fit/seconds": 3.0})
    # else a copy lacks what lies in its journal
    with closing(sqlite3.connect(store.uri.removeprefix(tracking.SQLITE))) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store


@pytest.fixture
def filled(ladder, tmp_path):
    """The same as a store of this test alone."""
    return store_in(tmp_path / "filled", ladder.uri.removeprefix(tracking.SQLITE))


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


def named(store):
    """The arguments that name a store."""
    return ["--tracking-uri", store.uri, "--experiment", "test"]


def restore(path, store):
    """Put a file's runs into a store."""
    archive_runs.main([str(path), "--restore", *named(store)])


def tables(store, capsys):
    """All that compare prints."""
    capsys.readouterr()
    text.main(["--format", "markdown", *named(store)])
    return capsys.readouterr().out


def test_the_tables_are_printed_again(filled, kept, make, capsys, monkeypatch, tmp_path):
    """To the letter: rungs, ensembles, contrasts, trials that diverged, baselines, what is left out."""
    monkeypatch.chdir(tmp_path)
    expected = tables(filled, capsys)
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


def test_a_restored_run_is_what_it_was(filled, kept, make):
    """Times, status, the last metrics, params but for places; below its sweep, or one that plans it."""
    restored = make("restored")
    restore(kept, restored)
    old = {run.run_id: run for run in filled.records()}
    new = {run.tags["moved_from"]: run for run in restored.records()}
    [unwanted] = set(old) - set(new)
    assert old[unwanted].params["jobs"] == "1"
    for key, run in new.items():
        was, now = (store.client.get_run(each) for store, each in ((filled, key), (restored, run.run_id)))
        for fact in ("run_name", "status", "start_time", "end_time"):
            assert getattr(now.info, fact) == getattr(was.info, fact)
        assert repr(sorted(now.data.metrics.items())) == repr(sorted(was.data.metrics.items()))
        assert now.data.params == {k: v for k, v in was.data.params.items() if k != "data.root"}
    ladder = next(
        run for run in new.values() if run.tags["kind"] == "sweep" and run.tags["study"] == "ladder"
    )
    first = next(run for run in new.values() if run.tags.get("identity") == "deck0")
    assert first.tags["mlflow.parentRunId"] == ladder.run_id
    assert "mlflow.parentRunId" not in next(run for run in new.values() if run.name == "job gone0").tags


def test_a_restored_run_has_no_learning_curve(filled, kept, make):
    """The report says that the values by epoch are not there, rather than draw the last ones at epoch 0."""
    restored = make("restored")
    restore(kept, restored)
    for store, known in ((filled, {"train/loss", "val/loss"}), (restored, set())):
        [study] = read_studies(store, "ladder")
        assert set(studies._bands(study.base, SimpleNamespace(store=store))) == known


def test_the_file_tells_nothing_of_the_machine(kept, filled, tmp_path):
    """No folder, user or host; a command is kept as another can type it."""
    text = kept.read_text(encoding="utf-8")
    host = next(run.tags["host"] for run in filled.records())
    for said in (str(tmp_path), "/home", "/srv", "ann", f'"{host}"', "mlflow.user", "outputs/1"):
        assert said not in text
    assert "python train.py study=ladder data.root=PATH seed=0,1 data.ferplus=PATH" in text


def test_the_same_runs_make_the_same_file(kept, filled, make, tmp_path):
    """Kept again, or from where they were restored, so that a diff shows what is new."""
    before = kept.read_bytes()
    archive_runs.main([str(kept), *named(filled)])
    assert kept.read_bytes() == before
    restored = make("restored")
    restore(kept, restored)
    for path in (kept, tmp_path / "again.jsonl"):
        archive_runs.main([str(path), *named(restored)])
        assert path.read_bytes() == before
    starts = [json.loads(line)["started"] for line in before.splitlines()]
    assert starts == sorted(starts)


def test_a_study_is_kept_alone(filled, kept, tmp_path):
    """With what stands beside it; another is added to what is there."""
    path = tmp_path / "one.jsonl"
    archive_runs.main([str(path), "--study", "activation", *named(filled)])
    assert {line.tags.get("study") for line in archive_runs.read(path)} == {"activation", "ladder"}
    assert {line.tags["kind"] for line in archive_runs.read(path)} == {"sweep", "job", "ensemble", "baseline"}
    archive_runs.main([str(path), "--study", "ladder", "--study", "optimizer_search", *named(filled)])
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


def test_what_was_cut_short_is_not_seen_and_made_anew(kept, make, monkeypatch, capsys):
    """As by a full disk: one line; whole runs stay, and the same command goes on."""
    restored = make("restored")
    log_text, calls = restored.client.log_text, []

    def fails_late(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("the disk is full")
        log_text(*arguments)

    monkeypatch.setattr(type(restored.client), "log_text", lambda _, *arguments: fails_late(*arguments))
    with pytest.raises(SystemExit, match="2"):
        restore(kept, restored)
    assert "cannot be restored (the disk is full)" in capsys.readouterr().err
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


def test_a_sweep_at_work_is_left(filled, tmp_path, capsys):
    """It says so; the jobs that have finished are kept."""
    at_work = filled.create("ladder · honest", {}, {**SHARED, "kind": "sweep", "study": "ladder"})
    with at_work.lock:
        archive_runs.main([str(tmp_path / "runs.jsonl"), *named(filled)])
    assert "left: ladder · honest is RUNNING" in capsys.readouterr().out
    kinds = [line.tags["kind"] for line in archive_runs.read(tmp_path / "runs.jsonl")]
    assert kinds.count("sweep") == 2


def test_a_run_that_no_table_can_be_made_of_is_not_kept(store, tmp_path, capsys):
    """Rather one line now than a file that nobody can read."""
    sweep(store, "main", "main0")
    run = store.create("main", {"seed": 0}, {**SHARED, "kind": "job", "study": "main", "identity": "main0"})
    run.end("FINISHED")
    with pytest.raises(SystemExit, match="2"):
        archive_runs.main([str(tmp_path / "runs.jsonl"), *named(store)])
    assert f"run {run.id}: cannot be kept (params lack faces.fit" in capsys.readouterr().err
    assert not (tmp_path / "runs.jsonl").exists()


GOOD = {"id": "0" * 32, "name": "a", "status": "FINISHED", "started": 1, "ended": 2, "params": {}}
GOOD |= {"tags": {"kind": "baseline", "identity": "i", "faces": "f"}}
GOOD |= {"metrics": {"test/union/accuracy": 0.5, "fit/seconds": 1}}
PLAN = {"jobs": [{"name": "a", "arm": "a", "setting": "a", "seed": "0", "identity": "x"}]}
SWEEP = GOOD | {"tags": {**SHARED, "kind": "sweep", "study": "main", "data": "d"}, "plan": PLAN}


def test_a_line_by_hand_is_read(tmp_path):
    """So the broken ones below are refused for what they break."""
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(SWEEP) + "\n", encoding="utf-8")
    assert [line.tags["kind"] for line in archive_runs.read(path)] == ["baseline", "sweep"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps(GOOD)[:-9], "is no whole line of JSON"),
        ("<<<<<<< HEAD", "is no whole line of JSON"),
        ("[" * 100_000, "is no whole line of JSON"),
        (json.dumps(GOOD).replace("0.5", "NaN"), "is no whole line of JSON"),
        (json.dumps(GOOD).replace("0.5", "9" * 5000), "is no whole line of JSON"),
        ("[]", "must hold ended, id, metrics"),
        (json.dumps(GOOD | {"more": 1}), "must hold"),
        (json.dumps(GOOD | {"id": "x' or 'a' = 'a"}), "id is none of a run"),
        (json.dumps(GOOD | {"status": "RUNNING"}), "status is none of FINISHED"),
        (json.dumps(GOOD | {"ended": 10**18}), "ended is no time"),
        (json.dumps(GOOD | {"started": True}), "started is no time"),
        (json.dumps(GOOD | {"name": "\x1b[2J"}), "name is no plain text"),
        (json.dumps(GOOD | {"name": "\ud800"}), "name is no plain text"),
        (json.dumps(GOOD | {"params": {"a": 1}}), "params are no texts"),
        (json.dumps(GOOD | {"metrics": {"a": "0.5"}}), "metrics are no numbers"),
        (json.dumps(GOOD).replace("0.5", "1e999"), "metrics are no numbers"),
        (json.dumps(GOOD | {"tags": {"kind": ["job"]}}), "tags are no texts"),
        (json.dumps(GOOD | {"metrics": GOOD["metrics"] | {"../../x": 1}}), "metrics hold '../../x', which"),
        (json.dumps(GOOD | {"params": {"": "x"}}), "params hold '', which MLflow takes for no name"),
        (json.dumps(GOOD | {"params": {"a//b": "x"}}), "params hold 'a//b', which"),
        (json.dumps(GOOD | {"tags": GOOD["tags"] | {"choice." + "x" * 250: "x"}}), "tags hold 'choice.xx"),
        (
            json.dumps(GOOD | {"tags": GOOD["tags"] | {"mlflow.parentRunId": "x"}}),
            "tags hold mlflow.parentRunId, which is none of those that are kept",
        ),
        (json.dumps(GOOD | {"tags": {"kind": "other"}}), "tags.kind is none of sweep"),
        (json.dumps(GOOD | {"tags": {"kind": "baseline"}}), "tags lack identity, faces"),
        (json.dumps(GOOD | {"metrics": {}}), "metrics lack test/union/accuracy"),
        (json.dumps(GOOD | {"plan": PLAN}), "only a sweep has a plan"),
        (json.dumps({**SWEEP, "plan": {"jobs": []}}), "plan is none"),
        (json.dumps(SWEEP).replace('"seed": "0"', '"seed": "-1"'), "plan is none"),
    ],
)
def test_a_broken_line_is_named_and_nothing_restored(tmp_path, line, said, store):
    """Cut short, left by a merge, or made up by somebody."""
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(SWEEP) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"runs\.jsonl, line 2: {said}"):
        archive_runs.read(path)
    with pytest.raises(SystemExit, match="2"):
        restore(path, store)
    assert store.records() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--restore"], "nothing.jsonl: cannot be read (No such file or directory)"),
        (["--study", "nope"], "no sweep nope in sqlite"),
        ([], "no sweep in sqlite"),
    ],
)
def test_a_mistake_is_one_line(store, tmp_path, arguments, said, capsys):
    """And writes nothing."""
    with pytest.raises(SystemExit, match="2"):
        archive_runs.main([str(tmp_path / "nothing.jsonl"), *arguments, *named(store)])
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "nothing.jsonl").exists()


@pytest.fixture
def restored(monkeypatch, tiny_dataset, compose_settings, tracking_overrides, store, make, tmp_path):
    """A job of a sweep, trained, evaluated, kept and restored: its identity, and its new store."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    chosen = compose_settings("layers=64-32-16", "training.epochs=1", "study=main", *tracking_overrides)
    identity = job_identity(chosen, tiny_dataset.digest)
    outcome = drivers.run(Job(chosen, "main"))
    tags = {**SHARED, "kind": "sweep", "study": "main", "data": "synthetic"}
    plan = store.create("main", {}, tags | {"faces": tiny_dataset.fingerprint.content})
    entry = {"name": "main", "arm": "main", "setting": "main", "seed": "0", "identity": identity}
    plan.text(artifacts.PLAN, json.dumps({"jobs": [entry]}))
    plan.end("FINISHED")
    assert store.latest(identity).run_id == outcome.run_id
    opened(store, "study=main")
    archive_runs.main([str(tmp_path / "runs.jsonl"), *named(store)])
    other = make("other")
    restore(tmp_path / "runs.jsonl", other)
    return identity, other


def opened(store, *overrides):
    """Do to a store what evaluate.py does."""
    overrides = [*overrides, "baseline=majority", f"tracking.uri={store.uri}", "tracking.experiment=test"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("evaluate", overrides=[each.replace("study=", "of_study=") for each in overrides])
    args = build(Evaluation, OmegaConf.to_container(config))
    command.evaluate(args, baseline_asked=True)


@pytest.mark.usefixtures("plain_figures")
def test_a_sweep_reuses_a_restored_job(restored, compose_settings):
    """It is known by its identity, as any other."""
    identity, other = restored
    parent = other.create("sweep", {}, {"kind": "sweep"})
    place = [f"tracking.uri={other.uri}", "tracking.experiment=test", f"sweep.parent='{parent.id}'"]
    chosen = compose_settings("layers=64-32-16", "training.epochs=1", "study=main", *place)
    outcome = drivers.run(Job(chosen, "main"))
    assert (outcome.action, outcome.run_id) == (experiment_plan.REUSE, other.latest(identity).run_id)


@pytest.mark.usefixtures("plain_figures")
def test_a_restored_run_keeps_its_scores(restored, capsys):
    """Among a study's it is passed over; asked for by itself it cannot be scored, and stays as it was."""
    identity, other = restored
    before = other.latest(identity)
    capsys.readouterr()
    opened(other, "study=main")
    said = capsys.readouterr().out
    assert f"main (run {before.run_id}): keeps its scores; its weights are not here" in said
    assert "majority: fitted before" in said
    assert "no p: where the answers to test, of either, are not here" in said
    with pytest.raises(UserError, match=r"has no checkpoints/best\.pt; .* restored from an archive"):
        opened(other, f"run={before.run_id}")
    assert other.latest(identity) == before
    assert len(read_studies(other)) == 1
