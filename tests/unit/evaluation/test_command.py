"""What evaluate.py finds to score, and prints."""

import dataclasses
import json

import pytest

from fer_exp.data import datasets
from fer_exp.errors import UserError
from fer_exp.evaluation import command
from fer_exp.experiment import drivers
from fer_exp.experiment.job import Job

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def train(monkeypatch, tiny_dataset, tracking_overrides, compose_settings):
    """What trains a run on the tiny faces, which the cache then holds; its id."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    known = {tiny_dataset.digest: tiny_dataset}
    monkeypatch.setattr(datasets, "cached_faces", lambda content, _: known.get(content))

    def trained(name, *overrides):
        common = ["layers=64-32-16", "training.epochs=1", *tracking_overrides]
        return drivers.run(Job(compose_settings(*common, *overrides), name)).run_id

    return trained


@pytest.fixture
def sweep(store, train, tiny_dataset):
    """What makes a sweep of these arms, of two runs each, as its own run keeps it."""

    def made(study, *arms):
        jobs = []
        for arm in arms:
            for seed in ("0", "1"):
                own = (f"optimizer={arm}", f"seed={seed}", f"study={study}")
                run = store.record(train(f"{arm} · seed {seed}", *own))
                facts = {"setting": arm, "seed": seed, "identity": run.identity}
                jobs.append({"name": run.name, "arm": arm, **facts})
        tags = {"kind": "sweep", "study": study, "protocol": "honest", "data": "synthetic"}
        tags |= {"faces": tiny_dataset.digest, "selected_on": "lowest validation loss"}
        run = store.create(study, {}, tags)
        run.text("plan.json", json.dumps({"jobs": jobs}))
        run.end("FINISHED")

    return made


@pytest.fixture
def evaluate(compose_settings, tracking_overrides, capsys):
    """What evaluates, and returns what it prints."""

    def evaluated(*overrides):
        args = compose_settings(*tracking_overrides, *overrides, script="evaluate")
        capsys.readouterr()
        command.evaluate(args, any(override.startswith("baseline=") for override in overrides))
        return capsys.readouterr().out

    return evaluated


def test_a_run_is_scored_on_its_own_faces_at_once(train, evaluate, store):
    """Nothing of its data is asked for; a table of one row, and every subset only if that is asked for."""
    run = train("main")
    said = evaluate("run=latest", "baseline=none")
    assert "adhoc on synthetic: accuracy on the test set in %" in said
    assert "honest protocol, weights of the lowest validation loss; test n = 28" in said
    assert "always answering the largest class: 14.29 %" in said
    assert "union" not in said
    assert "test/union/accuracy" in store.record(run).metrics
    assert "union_no_near_copies" in evaluate("run=latest", "baseline=none", "verbose=true")


def test_a_run_that_trained_no_network_is_named(evaluate, store):
    """A baseline's or a sweep's, whose id a table has printed."""
    run = store.create("sweep", {}, {"kind": "sweep"})
    run.end("FINISHED")
    with pytest.raises(UserError, match="trained no network itself: name one of its jobs"):
        evaluate(f"run='{run.id}'", "baseline=none")


def test_a_study_is_a_row_an_arm(sweep, train, evaluate):
    """Means over runs; the baseline is counted over them, and what the newest sweep leaves out is told."""
    sweep("optimizer", "sgd", "adam")
    train("old", "optimizer=adagrad", "study=optimizer")
    said = evaluate("of_study=optimizer", "baseline=majority")
    scores, _, beside = said.partition("beside the baselines")
    assert [scores.count(f"\n{name} ") for name in ("sgd", "adam", "adagrad")] == [1, 1, 0]
    assert "±" in scores
    assert "not in the newest sweep: 1 finished run" in scores
    assert beside.count("of 2") == 2


def test_a_study_without_a_name_is_the_newest_such_sweep(sweep, evaluate):
    """Another sweep of before may be about something else."""
    sweep("adhoc", "sgd")
    sweep("adhoc", "adam")
    said = evaluate("of_study=adhoc", "baseline=none")
    assert "adam" in said
    assert "sgd" not in said


def test_who_names_other_faces_is_told_where_the_runs_are(sweep, evaluate, monkeypatch, tiny_dataset):
    """And not to train again."""
    sweep("optimizer", "sgd")
    other = dataclasses.replace(tiny_dataset.fingerprint, content="other")
    elsewhere = dataclasses.replace(tiny_dataset, fingerprint=other)
    monkeypatch.setattr(datasets, "load_faces", lambda _: elsewhere)
    with pytest.raises(UserError, match=r"but 2 finished runs on synthetic: leave data=\.\.\. out"):
        evaluate("of_study=optimizer", "data=synthetic", "baseline=none")


@pytest.fixture
def of_photos(train, store, monkeypatch):
    """Lets the latest run be one that says that it was trained on FER-2013."""
    record = store.record(train("main"))
    params = {key: value for key, value in record.params.items() if not key.startswith("data.")}
    params |= {"data.name": "fer2013", "data.on_error": "fail"}
    monkeypatch.setattr(type(store), "find", lambda *_: dataclasses.replace(record, params=params))


@pytest.mark.usefixtures("of_photos")
def test_faces_that_are_nowhere_are_asked_for(evaluate, monkeypatch):
    """By the one thing that a run cannot know."""
    monkeypatch.setattr(datasets, "cached_faces", lambda *_: None)
    with pytest.raises(UserError, match=r"whose faces are not in \.cache: say where they are, data\.root=P"):
        evaluate("run=latest", "baseline=none")


def test_drawn_faces_are_drawn_again_and_lie_nowhere(train, evaluate, monkeypatch):
    """So there is no place to ask for, or to remember."""
    train("main")
    monkeypatch.setattr(datasets, "cached_faces", lambda *_: None)
    assert "14.29" in evaluate("run=latest", "baseline=none")
    with pytest.raises(UserError, match="remember=true: the faces of this run are drawn, and lie nowhere"):
        evaluate("run=latest", "baseline=none", "data.root=x", "remember=true")


@pytest.mark.usefixtures("of_photos")
def test_where_the_faces_are_is_kept_if_that_is_asked_for(evaluate, monkeypatch, tmp_path):
    """As a whole path, so that it holds in another folder, too."""
    monkeypatch.chdir(tmp_path)
    said = evaluate("run=latest", "baseline=none", "data.root=faces.zip", "remember=true")
    assert ".env keeps it" in said
    assert (tmp_path / ".env").read_text() == f"FER2013_ROOT='{tmp_path / 'faces.zip'}'\n"
