"""A job that goes on where another ended, and one whose figures are there already."""

import numpy as np
import pytest

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.experiment import drivers, plan, progress, recorder
from fer_exp.experiment.job import Job
from fer_exp.metrics import Scores
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts, record
from fer_exp.training.early_stopping import Stopping
from fer_exp.training.trainer import DivergedError, Trainer

pytestmark = pytest.mark.usefixtures("plain_figures")


@pytest.mark.slow
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
    assert store.run(rest.run_id).logged_steps("loss/val") == {1, 2, 3, 4, 5, 6}
    assert store.record(rest.run_id).tags["resumed_from"] == half.run_id


def test_a_run_that_gets_no_better_keeps_the_best_weights_of_before(tiny, store, monkeypatch):
    """They are those of the run that it goes on from."""
    half = drivers.run(Job(tiny("training.epochs=1"), "half"))
    monkeypatch.setattr(Stopping, "update", lambda *_: False)
    rest = drivers.run(Job(tiny("training.epochs=3", f"resume='{half.run_id}'"), "rest"))
    before, found = store.record(half.run_id).metrics, store.record(rest.run_id).metrics
    assert (found["selected/epoch"], found["selected/epochs_run"]) == (1, 3)
    assert found["selected/val_loss"] == before["selected/val_loss"]


def test_another_network_or_recipe_is_refused_by_name(tiny):
    """A resumed run never silently becomes what it was not asked to be; what differs is named."""
    half = drivers.run(Job(tiny(), "half"))
    with pytest.raises(UserError, match=r"it is 2304-64-32-16-7 relu \(unit\), not 2304-64-32-16-7 tanh"):
        drivers.run(Job(tiny("model/activation=tanh", f"resume='{half.run_id}'"), "x"))
    with pytest.raises(UserError, match=r"optimizer\.lr=0\.001 \(here 0\.1\)"):
        drivers.run(Job(tiny("optimizer.lr=0.1", f"resume='{half.run_id}'"), "x"))


def test_a_choice_that_is_given_up_is_another_recipe(tiny):
    """A recipe does not name what is as usual, so it takes both to see what differs."""
    half = drivers.run(Job(tiny("training.label_smoothing=0.3"), "half"))
    with pytest.raises(UserError, match=r"training\.label_smoothing=0\.3 \(here None\)"):
        drivers.run(Job(tiny(f"resume='{half.run_id}'"), "x"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ["scheduler=cosine"],
            ["scheduler=cosine", "training.epochs=6"],
            "only stopping, under a cosine, may",
        ),
        ([], ["training.epochs=2"], "it has 3 epochs behind it; training.epochs must be more"),
        (
            [],
            ["training.epochs=9", "stopping=patience", "stopping.patience=1", "stopping.min_delta=5"],
            "stopping=patience would have ended it after epoch 2 of 3",
        ),
    ],
)
def test_what_a_whole_run_would_not_have_reached_is_refused(tiny, store, before, after, said):
    """Else it would be kept, and reused, as the run of these choices."""
    half = drivers.run(Job(tiny(*before), "half"))
    with pytest.raises(UserError, match=said):
        drivers.run(Job(tiny(*after, f"resume='{half.run_id}'"), "x"))
    assert [run.status for run in store.records(kind="job")].count("FINISHED") == 1


def test_a_run_of_older_code_is_not_gone_on_with(tiny, store):
    """Its epochs are not those that a run of now would have, whose identity it would get."""
    old = drivers.run(Job(tiny(), "old"))
    store.client.set_tag(old.run_id, "recipe", "2")
    with pytest.raises(UserError, match=r"code of other figures trained it \(recipe 2, now 3\)"):
        drivers.run(Job(tiny("training.epochs=9", f"resume='{old.run_id}'"), "x"))


def test_a_rule_that_heeds_the_scheduler_is_held_against_what_it_would_have_counted(tiny, monkeypatch):
    """Three bad epochs in a row would have ended the run by the deck's rule as printed."""
    losses = iter([2.0, 2.1, 2.2, 2.3, 1.0, 0.9])
    monkeypatch.setattr(Trainer, "_validate", lambda *_: Scores(next(losses), 0.3, 0.2, 20))
    run = drivers.run(Job(tiny("training.epochs=6"), "main"))
    with pytest.raises(UserError, match="stopping=deck would have ended it after epoch 4 of 6"):
        drivers.run(Job(tiny("training.epochs=9", "stopping=deck", f"resume='{run.run_id}'"), "x"))


def test_a_job_that_was_trained_by_hand_is_offered_and_not_trained_again(tiny, store, caplog):
    """Whoever wants it anew says so; another seed is another job; and a dry run knows all of it."""
    assert Job(tiny(), "main").plan() == plan.TRAIN
    first = drivers.run(Job(tiny(), "main"))
    with caplog.at_level("INFO"):
        again = drivers.run(Job(tiny(), "main"))
    assert (again.action, again.run_id) == (plan.REUSE, first.run_id)
    assert "main: trained before, " in caplog.text
    assert "rerun=all trains it anew" in caplog.text
    assert Job(tiny(), "main").plan() == plan.REUSE
    assert Job(tiny("rerun=all"), "main").plan() == plan.TRAIN
    for overrides in (["rerun=all"], ["seed=1"]):
        assert drivers.run(Job(tiny(*overrides), "main")).action == plan.TRAIN
    assert len(store.records("FINISHED", kind="job")) == 3


def test_what_was_restored_without_weights_is_trained(tiny, store):
    """A sweep needs its figures alone; whoever trains one job wants a network."""
    first = drivers.run(Job(tiny(), "main"))
    store.client.set_tag(first.run_id, "moved", "figures")
    # a dry run says so, too
    assert Job(tiny(), "main").plan() == plan.TRAIN
    assert drivers.run(Job(tiny(), "main")).action == plan.TRAIN


def test_two_processes_do_not_train_one_job_at_a_time(tiny):
    """The second says so at once, where a sweep would wait."""
    job = Job(tiny(), "main")
    with job:
        assert job.begin()
        with pytest.raises(UserError, match="main: another process trains this very job now"):
            drivers.run(Job(tiny(), "main"))


@pytest.mark.parametrize("moment", [pytest.param("checkpoint", marks=pytest.mark.slow), "log"])
def test_a_killed_job_goes_on_in_the_same_run(tiny, store, moment, monkeypatch, caplog):
    """Killed before or after an epoch was logged, it ends with each epoch once and the same figures."""
    chosen = tiny("training.epochs=4")
    if moment == "checkpoint":
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
    with caplog.at_level("INFO"):
        done = drivers.run(Job(chosen, "a"))
    assert (done.action, done.run_id) == (plan.CONTINUE, killed.run_id)
    # whoever trains one job is told
    assert moment == "checkpoint" or "a: goes on after epoch 2" in caplog.text
    history = store.client.get_metric_history(done.run_id, "loss/val")
    assert sorted(point.step for point in history) == [1, 2, 3, 4]
    whole = drivers.run(Job(tiny("training.epochs=4", "rerun=all"), "whole"))
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


def test_a_trial_that_diverged_is_not_tried_again(tiny, store):
    """Its sweep counts it as done, while a job of another study is tried again."""
    parent = store.create("sweep", {}, {"kind": "sweep"})
    drawn = ("optimizer=sgd", "search.lr.sgd=[1e30,1e30]", f"sweep.parent='{parent.id}'")
    with pytest.raises(DivergedError):
        drivers.run(Job(tiny("study=optimizer_search", *drawn), "x"))
    again = drivers.run(Job(tiny("study=optimizer_search", *drawn), "x"))
    assert (again.action, again.finished) == (plan.REUSE, False)
    [failed] = store.records("FAILED", kind="job")
    assert record.diverged(failed)
    assert progress.known(failed, plan.REUSE).startswith(f"diverged before (run {failed.run_id})")
    assert failed.metrics["prior/val_majority_accuracy"] > 0
