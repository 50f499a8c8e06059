"""One job from settings to a finished run."""

import dataclasses
import math
import sys
from pathlib import Path

import pytest

from fer_exp.config import derived
from fer_exp.data import datasets
from fer_exp.data.splits import train_val_split
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, job_check
from fer_exp.experiment.job import Job
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts
from fer_exp.training.trainer import DivergedError, Trainer

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.mark.drawn
def test_a_job_trains_and_logs_without_opening_test(tiny, store):
    """Three epochs become three steps of each metric, baselines, sizes, and selected scores."""
    seen = []
    outcome = drivers.run(Job(tiny(), "main", {"choice.optimizer": "adam"}, show=seen.append))
    record = store.record(outcome.run_id)
    assert record.status == "FINISHED"
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    run = store.run(outcome.run_id)
    for metric in ("loss/train", "macro_f1/train", "loss/val", "accuracy/val", "macro_f1/val"):
        assert run.logged_steps(metric) == {1, 2, 3}
    assert record.metrics["prior/train_prior_entropy"] == pytest.approx(math.log(7))
    assert int(record.params["faces.fit"]) + int(record.params["faces.validation"]) == 42
    assert (record.params["faces.photos"], record.params["faces.test_near"]) == ("70", "0")
    assert record.tags["choice.optimizer"] == "adam"
    assert record.tags["selected_on"] == "lowest validation loss"
    best = min(seen, key=lambda epoch: epoch.validation.loss)
    assert record.metrics["selected/epoch"] == best.number
    assert run.fetch("figures/curves.png").read_bytes().startswith(b"\x89PNG")
    assert record.metrics["selected/val_loss"] == pytest.approx(best.validation.loss, rel=1e-5)
    answers = artifacts.read_answers(run, artifacts.VALIDATION_ANSWERS)
    assert len(answers) == int(record.params["faces.validation"])
    right = (answers["label"] == answers["predicted"]).mean()
    assert record.metrics["selected/val_accuracy"] == pytest.approx(right)


def test_a_checkpoint_describes_itself(tiny, store):
    """Architecture, classes, recipe, epoch and scores lie beside the weights."""
    outcome = drivers.run(Job(tiny(), "main"))
    content = checkpoint.load(store.run(outcome.run_id).fetch(artifacts.LAST))
    assert content["model"]["hidden"] == [64, 32, 16]
    assert content["classes"][0] == "angry"
    assert content["recipe"]["optimizer.lr"] == 0.001
    assert content["epoch"] == 3
    assert set(content["scores"]) >= {"loss/train", "loss/val"}


def test_a_loss_that_is_not_finite_fails_the_run(tiny, store):
    """The message names epoch, step and learning rate, and the run says it too."""
    with pytest.raises(DivergedError, match=r"epoch 1, step \d, at learning rate 1e\+30"):
        drivers.run(Job(tiny("optimizer=sgd", "optimizer.lr=1e30"), "x"))
    [failed] = store.records("FAILED", kind="job")
    assert "learning rate 1e+30" in failed.tags["error"]


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


@pytest.mark.slow
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
        Trainer(each, faces, train_val_split(faces, faces.group, chosen.split, chosen.seed))
        for each in (stage, chosen)
    )
    list(first.epochs())
    second.network.load_state_dict(first.network.state_dict())
    last = list(second.epochs())[-1]
    assert store.record(outcome.run_id).metrics["loss/val"] == last.validation.loss
    fresh = drivers.run(Job(dataclasses.replace(chosen, trained_before=[]), "fresh"))
    assert store.record(fresh.run_id).metrics["loss/val"] != last.validation.loss


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
        drivers.run(Job(tiny("rerun=all"), "failed"))
    [failed] = store.records("FAILED")
    assert failed.tags["error"] == (
        "UserError: checkpoints/best.pt: cannot write the checkpoint (No space left on device)"
    )
    [model] = store.client.search_logged_models([store.experiment_id])
    assert store.client.get_model_version_by_alias("fer-exp", "best-synthetic").run_id == done.run_id
    told = [*failed.tags.values(), *failed.params.values(), *model.tags.values(), *model.params.values()]
    told += [*store.record(done.run_id).tags.values(), *store.record(done.run_id).params.values()]
    files = [path for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()]
    assert {"skipped.txt", "config.yaml", "MLmodel", "best.pt"} <= {path.name for path in files}
    told += [path.read_bytes().decode("latin-1") for path in files]
    places = [tmp_path, Path.cwd(), Path(sys.prefix), Path(__file__).parents[3]]
    for text in told:
        assert not [place for place in places if str(place) in text], text[:300]
