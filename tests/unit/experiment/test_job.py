"""One job from settings to a finished run."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_exp import tracking
from fer_exp.config import derived
from fer_exp.config.identity import job_identity
from fer_exp.data import datasets
from fer_exp.data.dataset import Dataset
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, job_check, plan, recorder
from fer_exp.experiment.job import Job
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts, record
from fer_exp.training.trainer import DivergedError, Trainer

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.fixture
def tiny(monkeypatch, tiny_dataset, tracking_overrides, compose_settings):
    """What composes a job on the tiny faces with a store of its own; test raises when touched."""

    def closed(_dataset):
        raise AssertionError("training opened the test split")

    monkeypatch.setattr(Dataset, "test", closed)
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    common = ["layers=64-32-16", "batch_size='16'", "training.epochs=3", "stopping=none", *tracking_overrides]
    return lambda *overrides: compose_settings(*common, *overrides)


def nothing(_epoch) -> None:
    """Watch nothing."""


@pytest.mark.drawn
def test_a_job_trains_and_logs_without_opening_test(tiny, store):
    """Three epochs become three steps of each metric, baselines, sizes, and selected scores."""
    seen = []
    outcome = drivers.run(Job(tiny(), "main", {"choice.optimizer": "adam"}, show=seen.append))
    record = store.record(outcome.run_id)
    assert record.status == "FINISHED"
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    run = store.run(outcome.run_id)
    for metric in ("train/loss", "train/macro_f1", "val/loss", "val/accuracy", "val/macro_f1"):
        assert run.logged_steps(metric) == {1, 2, 3}
    assert record.metrics["yardstick/train_prior_entropy"] == pytest.approx(math.log(7))
    assert int(record.params["faces.fit"]) + int(record.params["faces.validation"]) == 42
    assert record.tags["choice.optimizer"] == "adam"
    assert record.tags["selected_on"] == "lowest validation loss"
    best = min(seen, key=lambda epoch: epoch.validation.loss)
    assert record.metrics["selected/epoch"] == best.number
    assert run.fetch("figures/curves.png").read_bytes().startswith(b"\x89PNG")
    assert record.metrics["selected/val_loss"] == pytest.approx(best.validation.loss, rel=1e-5)


def test_a_checkpoint_describes_itself(tiny, store):
    """Architecture, classes, recipe, epoch and scores lie beside the weights."""
    outcome = drivers.run(Job(tiny(), "main"))
    content = checkpoint.load(store.run(outcome.run_id).fetch(artifacts.LAST))
    assert content["model"]["hidden"] == [64, 32, 16]
    assert content["classes"][0] == "angry"
    assert content["recipe"]["optimizer.lr"] == 0.001
    assert content["epoch"] == 3
    assert set(content["scores"]) >= {"train/loss", "val/loss"}


def test_three_epochs_and_three_more_equal_six(tiny, store):
    """A resumed run has the same weights, bit for bit, and the whole history, dropout included."""
    whole = drivers.run(Job(tiny("training.epochs=6", "model.dropout=0.3"), "whole"))
    half = drivers.run(Job(tiny("model.dropout=0.3"), "half"))
    rest = drivers.run(Job(tiny("training.epochs=6", "model.dropout=0.3", f"resume='{half.run_id}'"), "rest"))
    one, other = (
        checkpoint.load(store.run(done.run_id).fetch(artifacts.LAST))["network"] for done in (whole, rest)
    )
    for name, weights in one.items():
        np.testing.assert_array_equal(weights.numpy(), other[name].numpy())
    assert store.run(rest.run_id).logged_steps("val/loss") == {1, 2, 3, 4, 5, 6}
    assert store.record(rest.run_id).tags["resumed_from"] == half.run_id


def test_another_architecture_is_refused_by_name(tiny):
    """A resumed run never silently becomes what it was not asked to be."""
    half = drivers.run(Job(tiny(), "half"))
    with pytest.raises(UserError, match=r"it is 2304-64-32-16-7 relu \(unit\), not 2304-64-32-16-7 tanh"):
        drivers.run(Job(tiny("model/activation=tanh", f"resume='{half.run_id}'"), "x"))


def test_another_recipe_is_refused_by_name(tiny):
    """The setting that differs is named with both values."""
    half = drivers.run(Job(tiny(), "half"))
    with pytest.raises(UserError, match=r"optimizer\.lr=0\.001 \(here 0\.1\)"):
        drivers.run(Job(tiny("optimizer.lr=0.1", f"resume='{half.run_id}'"), "x"))


def test_a_loss_that_is_not_finite_fails_the_run(tiny, store):
    """The message names epoch, step and learning rate, and the run says it too."""
    with pytest.raises(DivergedError, match=r"epoch 1, step \d, at learning rate 1e\+30"):
        drivers.run(Job(tiny("optimizer=sgd", "optimizer.lr=1e30"), "x"))
    [failed] = store.records("FAILED", kind="job")
    assert "learning rate 1e+30" in failed.tags["error"]


def test_a_job_of_a_sweep_is_trained_once(tiny, store):
    """The second sweep with the same job finds its figures by identity."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    first = drivers.run(Job(tiny(f"sweep.parent='{parent.id}'"), "a"))
    again = drivers.run(Job(tiny(f"sweep.parent='{parent.id}'"), "a"))
    anew = drivers.run(Job(tiny(f"sweep.parent='{parent.id}'", "rerun=all"), "a"))
    assert (first.action, again.action, anew.action) == (plan.TRAIN, plan.REUSE, plan.TRAIN)
    assert again.run_id == first.run_id != anew.run_id


@pytest.mark.parametrize("moment", ["checkpoint", "log"])
def test_a_killed_job_goes_on_in_the_same_run(tiny, store, moment, monkeypatch):
    """Killed before or after an epoch was logged, it ends with each epoch once and the same figures."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    chosen = tiny("training.epochs=4", f"sweep.parent='{parent.id}'")
    log = tracking.Run.log

    def killed_before_logging(run, metrics, step=0):
        if step == 2:
            raise KeyboardInterrupt
        log(run, metrics, step)

    def killed_after_logging(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "checkpoint":
            patch.setattr(tracking.Run, "log", killed_before_logging)
        with pytest.raises(KeyboardInterrupt):
            drivers.run(Job(chosen, "a", show=killed_after_logging))
    [killed] = store.records("KILLED", kind="job")
    done = drivers.run(Job(chosen, "a"))
    assert (done.action, done.run_id) == (plan.CONTINUE, killed.run_id)
    history = store.client.get_metric_history(done.run_id, "val/loss")
    assert sorted(point.step for point in history) == [1, 2, 3, 4]
    whole = drivers.run(Job(tiny("training.epochs=4"), "whole"))
    figures = [store.record(run).metrics["selected/val_loss"] for run in (whole.run_id, done.run_id)]
    assert figures[0] == figures[1]


def test_a_job_killed_after_its_last_scores_logs_them_once(tiny, store, monkeypatch):
    """Whoever goes on with it finds them there."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    chosen = tiny(f"sweep.parent='{parent.id}'")

    def kill(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recorder.Recorder, "_draw", kill)
        with pytest.raises(KeyboardInterrupt):
            drivers.run(Job(chosen, "a"))
    done = drivers.run(Job(chosen, "a"))
    assert done.action == plan.CONTINUE
    assert len(store.client.get_metric_history(done.run_id, "selected/val_loss")) == 1


def test_a_job_with_a_broken_checkpoint_is_trained_from_the_start(tiny, store):
    """A cut file is not trusted: the job begins anew in a run of its own."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    chosen = tiny(f"sweep.parent='{parent.id}'")

    def kill(_epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drivers.run(Job(chosen, "a", show=kill))
    [killed] = store.records("KILLED", kind="job")
    path = store.run(killed.run_id).fetch(artifacts.LAST)
    path.write_bytes(path.read_bytes()[:1000])
    done = drivers.run(Job(chosen, "a"))
    assert done.run_id != killed.run_id
    assert store.record(done.run_id).status == "FINISHED"


def test_identity_depends_on_what_determines_figures_alone(compose_settings, tiny_dataset):
    """Paths, device and names leave it; a seed, a rate or a split changes it."""
    key = job_identity(compose_settings(), tiny_dataset.digest)
    paths = ("data.cache_dir=elsewhere", "tracking.uri=sqlite:///x.db")
    for same in (*paths, "study=main", "about.question=why", "n_jobs=2"):
        assert job_identity(compose_settings(same), tiny_dataset.digest) == key
    for other in ("seed=1", "optimizer.lr=0.002", "split=random", "training.epochs=99", "protocol=deck"):
        assert job_identity(compose_settings(other), tiny_dataset.digest) != key


def test_a_teacher_that_teaches_nothing_leaves_the_identity(compose_settings, tiny_dataset):
    """So a sweep may name it for those of its jobs that are taught."""
    key = job_identity(compose_settings(), tiny_dataset.digest)
    named = ("training.teacher=abc", "training.taught=0.5")
    assert job_identity(compose_settings(named[0]), tiny_dataset.digest) == key
    taught = job_identity(compose_settings(*named), tiny_dataset.digest)
    by_another = job_identity(compose_settings("training.teacher=x", named[1]), tiny_dataset.digest)
    assert len({key, taught, by_another}) == 3


def test_a_job_is_taught_by_a_finished_run(tiny, store):
    """By its answers to the train faces; and the run says by which."""
    teacher = drivers.run(Job(tiny(), "teacher")).run_id
    alone = drivers.run(Job(tiny("training.epochs=1"), "alone"))
    options = ("training.epochs=1", f"training.teacher={teacher}", "training.taught=0.9")
    taught = drivers.run(Job(tiny(*options), "taught"))
    assert store.record(taught.run_id).tags["taught_by"] == f"teacher (run {teacher})"
    one, other = (
        checkpoint.load(store.run(done.run_id).fetch(artifacts.LAST))["network"] for done in (alone, taught)
    )
    assert any((one[name] != other[name]).any() for name in one)


def test_a_taught_job_is_known_by_what_taught_it(tiny, store):
    """By whatever name it was called, wherever it is kept; another teacher makes another job."""
    first = drivers.run(Job(tiny(), "first")).run_id
    other = drivers.run(Job(tiny("optimizer=sgd"), "other · seed 0")).run_id
    options = ("training.epochs=1", "training.taught=0.9")
    keys = []
    for teacher in (first, "first", other, "'other · seed ${seed}'"):
        run = drivers.run(Job(tiny(*options, f"training.teacher={teacher}"), "taught")).run_id
        keys.append(store.record(run).tags["identity"])
        known = first if teacher == "first" else other if "other" in teacher else teacher
        assert store.record(run).params["training.teacher"] == store.record(known).tags["identity"]
    assert keys[0] == keys[1] != keys[2] == keys[3]
    store.create("first", {}, {"kind": "job", "faces": "others"}).end("FINISHED")
    again = drivers.run(Job(tiny(*options, "training.teacher=first"), "taught")).run_id
    assert store.record(again).tags["identity"] == keys[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("seed=1", r"it has learnt from \d+ of the validation faces; it needs the same seed \(its is 0\)"),
        ("split.validation_fraction=0.4", r"it has learnt from \d+ of the validation faces"),
        ("training.teacher=nobody", "run nobody: there is no such run"),
        ("training.teacher=null", "name who teaches, training.teacher=<its id or name>"),
        (
            "training={views: 3, taught: 0}",
            "training.views=3: they are for a teacher; set training.taught too",
        ),
    ],
)
def test_a_teacher_that_knows_the_validation_faces_or_is_none_is_refused(tiny, store, change, said):
    """What selects must be new to the teacher too, or it would tell."""
    teacher = drivers.run(Job(tiny("training.epochs=1"), "teacher")).run_id
    with pytest.raises(UserError, match=said):
        drivers.run(Job(tiny(f"training.teacher={teacher}", "training.taught=0.5", change), "x"))
    assert len(store.records()) == 1


def test_options_are_refused_before_data_is_read(tiny, monkeypatch):
    """An option that PyTorch does not know stops the job at once."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: pytest.fail("data was read"))
    with pytest.raises(UserError, match=r"optimizer\.options\.foo"):
        drivers.run(Job(tiny("+optimizer.options.foo=1"), "x"))


@pytest.mark.slow
def test_the_best_weights_are_a_model_that_answers_with_names(tiny, tiny_faces, store, monkeypatch):
    """The logged model, loaded by MLflow as a server would, gives class names for uint8 pictures."""
    import mlflow

    # MLflow's set_tracking_uri writes it, for other tests to trip over
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")

    chosen = tiny("tracking.log_model=true")
    outcome = drivers.run(Job(chosen, "main"))
    mlflow.set_tracking_uri(chosen.tracking.uri)
    [logged] = mlflow.search_logged_models([store.experiment_id], output_format="list")
    assert logged.source_run_id == outcome.run_id
    answers = mlflow.pyfunc.load_model(f"models:/{logged.model_id}").predict(tiny_faces.pixels[:3])
    assert set(answers) <= {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}


def test_a_network_goes_through_the_trainings_before_its_own(
    monkeypatch, tiny_dataset, tracking_overrides, compose_settings, store
):
    """As one carried through batch sizes (A4): the same as training on by hand, with a fresh optimizer."""
    monkeypatch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
    chosen = compose_settings("layers=64-32-16", "training.epochs=2", *tracking_overrides)
    chosen = dataclasses.replace(chosen, trained_before=[{"training": {"batch_size": 16}}])
    outcome = drivers.run(Job(chosen, "carried"))
    faces = tiny_dataset.train()
    [stage] = derived.stages(chosen)
    first, second = (
        Trainer(each, faces, train_val_split(faces, chosen.split, chosen.seed)) for each in (stage, chosen)
    )
    list(first.epochs())
    second.network.load_state_dict(first.network.state_dict())
    last = list(second.epochs())[-1]
    assert store.record(outcome.run_id).metrics["val/loss"] == last.validation.loss
    fresh = drivers.run(Job(dataclasses.replace(chosen, trained_before=[]), "fresh"))
    assert store.record(fresh.run_id).metrics["val/loss"] != last.validation.loss


def test_the_network_stays_the_same_through_all_trainings(compose_settings):
    """Weights of other layers cannot be carried over."""
    chosen = dataclasses.replace(compose_settings(), trained_before=[{"model": {"hidden": [8]}}])
    with pytest.raises(UserError, match="only its training may change"):
        job_check.check(chosen)


@pytest.mark.slow
@pytest.mark.fault(
    "Security: absolute paths in what a run logs",
    trials=1,
    expected="none in a tag, a param, an artifact or a model",
)
def test_a_run_says_nothing_of_this_machines_folders(tiny, store, tmp_path, monkeypatch):
    """A run may be shown to others: with a model, with files that were left out, and when it fails."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    left_out = dataclasses.replace(datasets.load_faces(None), skipped=("set: train/sad/a.png: broken",))
    monkeypatch.setattr(datasets, "load_faces", lambda _: left_out)
    done = drivers.run(Job(tiny("tracking.log_model=true"), "main"))

    def full(path, _content):
        raise UserError(f"{path}: cannot write the checkpoint (No space left on device)")

    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(UserError, match=str(tmp_path)):
        drivers.run(Job(tiny(), "failed"))
    [failed] = store.records("FAILED")
    assert failed.tags["error"] == (
        "UserError: checkpoints/best.pt: cannot write the checkpoint (No space left on device)"
    )
    [model] = store.client.search_logged_models([store.experiment_id])
    told = [*failed.tags.values(), *failed.params.values(), *model.tags.values(), *model.params.values()]
    told += [*store.record(done.run_id).tags.values(), *store.record(done.run_id).params.values()]
    files = [path for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()]
    assert {"skipped.txt", "config.yaml", "MLmodel", "best.pt"} <= {path.name for path in files}
    told += [path.read_bytes().decode("latin-1") for path in files]
    places = [tmp_path, Path.cwd(), Path(sys.prefix), Path(__file__).parents[3]]
    for text in told:
        assert not [place for place in places if str(place) in text], text[:300]


def test_a_trial_that_diverged_is_not_tried_again(tiny, store):
    """Its sweep counts it as done, while a job of another study is tried again."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    drawn = ("optimizer=sgd", "search.lr.sgd=[1e30,1e30]", f"sweep.parent='{parent.id}'")
    with pytest.raises(DivergedError):
        drivers.run(Job(tiny("study=optimizer_search", *drawn), "x"))
    assert drivers.run(Job(tiny("study=optimizer_search", *drawn), "x")).action == plan.REUSE
    [failed] = store.records("FAILED", kind="job")
    assert record.diverged(failed)
    assert failed.metrics["yardstick/val_majority_accuracy"] > 0
