"""Copies of runs hold all that the runs held, once."""

from dataclasses import dataclass

import pytest
from helpers.processes import store_in
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.models import Model

from fer_exp import tracking
from fer_exp.data.fingerprint import take
from fer_exp.errors import UserError
from fer_exp.tracking.archive.transfer import Copied, Transfer
from fer_exp.tracking.artifacts import PLAN
from fer_exp.tracking.run import local_path


@pytest.fixture
def other(migrated_store, tmp_path):
    """An empty store to copy to."""
    return store_in(tmp_path / "other", migrated_store)


@dataclass(frozen=True)
class Both:
    """A filled store and one that it was copied to; new: ids of the copies, by those of the runs."""

    store: tracking.Store
    other: tracking.Store
    new: dict[str, str]
    sums: list[Copied]


@pytest.fixture(scope="module")
def both(migrated_store, tiny_faces, tmp_path_factory):
    """They, copied once for the tests that only look."""
    folder = tmp_path_factory.mktemp("both")
    store, other = (store_in(folder / name, migrated_store) for name in ("store", "other"))
    fill(store, tiny_faces, folder)
    return Both(store, other, *copied(store, other))


def fill(store, tiny_faces, tmp_path):
    """A job taken up by a later sweep, one that went on from it and failed, and a killed one; their ids."""
    taken = store.create("taken up", {f"p{at}": at for at in range(130)}, {"kind": "job"})
    for step in range(3):
        taken.client.log_batch(taken.id, [Metric("val/loss", 1.5 - step, 1_000 + step, step)])
    taken.log({"val/nan": float("nan"), "val/inf": float("inf")}, 7)
    known = take(tiny_faces, drawn=True)
    taken.dataset("synthetic", known.content, known.flat(), "training")
    taken.text("figures/plan.json", "{}")
    sweep = store.create("sweep", {}, {"kind": "sweep"})
    sweep.text(PLAN, "{}")
    taken.reopen(sweep.id)
    resumed = store.create("resumed", {}, {"resumed_from": taken.id}, sweep.id)
    killed = store.create("killed", {}, {"note": "of a user"})
    _add_model(store, taken.id, tmp_path / "model")
    for run, status, end in ((taken, "FINISHED", 5), (sweep, "FINISHED", 7), (resumed, "FAILED", 6)):
        store.client.set_terminated(run.id, status, 10**12 + end)
    store.client.set_terminated(killed.id, "KILLED", 10**12)
    return [run.id for run in (taken, sweep, resumed, killed)]


def _add_model(store, run_id, folder):
    made = store.client.create_logged_model(store.experiment_id, "model", run_id, {"a": "tag"}, {"p": "1"})
    folder.mkdir()
    (folder / "best.pt").write_bytes(b"weights")
    Model(run_id=run_id, model_id=made.model_id, artifact_path=made.artifact_location).save(
        str(folder / "MLmodel")
    )
    store.client.log_model_artifacts(made.model_id, str(folder))
    store.client.finalize_logged_model(made.model_id, "READY")
    store.client.log_outputs(run_id, [LoggedModelOutput(made.model_id, 2)])
    store.client.log_batch(run_id, [Metric("val/loss", 0.5, 9_000, 9, model_id=made.model_id)])


def copied(source, target):
    """Copy what is missing, and the copies by the ids that they were copied from."""
    plan = Transfer.plan(source, target)
    sums = list(plan.copies())
    return {run.tags["moved_from"]: run.run_id for run in target.records()}, sums


def held(store, run_id):
    """All that a run holds, except what its own id and place are."""
    run = store.client.get_run(run_id)
    own = ("mlflow.parentRunId", "resumed_from", "moved", "moved_from")
    tags = {key: value for key, value in run.data.tags.items() if key not in own}
    info = run.info
    points = [
        (key, point.step, point.timestamp, repr(point.value))
        for key in run.data.metrics
        for point in store.client.get_metric_history(run_id, key)
    ]
    inputs = [each.to_dictionary() for each in run.inputs.dataset_inputs]
    files = [each.path for each in store.client.list_artifacts(run_id)]
    times = (info.start_time, info.end_time, info.status, info.run_name)
    return times, tags, run.data.params, sorted(points), inputs, files


def test_a_copy_holds_all_that_the_run_held(both):
    """Status, times, every step of every metric, params by the hundred, the faces, files."""
    assert both.new.keys() == {run.run_id for run in both.store.records()}
    for old, new in both.new.items():
        assert held(both.other, new) == held(both.store, old)
    assert sum(each.metrics for each in both.sums) == 6
    assert sum(each.params for each in both.sums) == 130
    # the job's, the sweep's plan, and the model's two
    assert sum(each.files for each in both.sums) == 4
    assert not any(each.lacking for each in both.sums)
    assert both.other.run(copy_of("taken up", both)).fetch("figures/plan.json").read_text() == "{}"


def copy_of(name, both):
    """The id of the copy of the run that is called so."""
    [old] = [run.run_id for run in both.store.records() if run.name == name]
    return both.new[old]


def test_copies_belong_to_copies(both):
    """A job's sweep, though made after it, and the run that one went on from, by their new ids."""
    taken, sweep, resumed, killed = (
        copy_of(name, both) for name in ("taken up", "sweep", "resumed", "killed")
    )
    tags = {run.run_id: run.tags for run in both.other.records()}
    assert tags[taken]["mlflow.parentRunId"] == tags[resumed]["mlflow.parentRunId"] == sweep
    assert tags[resumed]["resumed_from"] == taken
    assert "mlflow.parentRunId" not in tags[killed]


def test_a_model_is_copied_with_its_run(both):
    """It is an output of the copy, with its metrics, and its own file names its new ids."""
    taken, client = copy_of("taken up", both), both.other.client
    [output] = client.get_run(taken).outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (output.step, model.name, model.source_run_id, model.params) == (2, "model", taken, {"p": "1"})
    assert [(each.key, each.value) for each in model.metrics] == [("val/loss", 0.5)]
    described = Model.load(str(local_path(model.artifact_location)))
    assert (described.run_id, described.model_id) == (taken, model.model_id)
    assert described.artifact_path == model.artifact_location


def test_nothing_is_copied_twice(store, other, tiny_faces, tmp_path, monkeypatch):
    """A copy that was cut short is made anew, those before it stay, and a whole one stays as it is."""
    ids = fill(store, tiny_faces, tmp_path)
    client, log_artifacts = other.client, other.client.log_artifacts
    monkeypatch.setattr(client, "log_artifacts", _refusing)
    with pytest.raises(UserError, match="the same command goes on from here"):
        copied(store, other)
    monkeypatch.setattr(client, "log_artifacts", log_artifacts)
    before = {run.run_id for run in other.records() if "moved" in run.tags}
    new, sums = copied(store, other)
    assert len(before) + len(sums) == len(ids) == len(other.records())
    assert before <= set(new.values())
    assert len(client.search_logged_models([other.experiment_id])) == 1
    assert copied(store, other) == (new, [])


@pytest.mark.fault(
    "The store: moved while its files' disk is away", trials=1, expected="told; copied whole once it is back"
)
def test_runs_whose_files_are_away_are_copied_again_when_they_are_back(store, other):
    """Figures alone would else pass for all there was."""
    run = store.create("job", {}, {"kind": "job"})
    run.log({"selected/epoch": 1.0})
    run.text("checkpoints/best.pt", "weights")
    run.end("FINISHED")
    folder = local_path(run.artifacts)
    away = folder.rename(folder.with_name("away"))
    assert copied(store, other)[1] == [Copied(1, 0, 0, 0, 0, lacking=1)]
    away.rename(folder)
    new, sums = copied(store, other)
    assert sums == [Copied(1, 0, 1, len("weights"), 0)]
    assert other.run(new[run.id]).fetch("checkpoints/best.pt").read_text() == "weights"
    assert copied(store, other)[1] == []


def _refusing(*_):
    raise OSError("the disk is full")


def test_a_run_at_work_is_left_with_all_that_names_it(store, other):
    """It would be copied half; it comes along the next time."""
    sweep = store.create("sweep", {}, {})
    job = store.create("job", {}, {}, sweep.id)
    store.client.set_terminated(job.id, "FINISHED")
    plan = Transfer.plan(store, other)
    assert (plan.runs, len(plan.left)) == ([], 2)
    store.client.set_terminated(sweep.id, "FINISHED")
    assert len(copied(store, other)[0]) == 2


def test_a_copy_of_a_copy_names_the_last_place(store, other, migrated_store, tmp_path):
    """So each store knows by its own ids what it has."""
    first = store.create("job", {}, {})
    store.client.set_terminated(first.id, "FINISHED")
    second, _ = copied(store, other)
    third = store_in(tmp_path / "third", migrated_store)
    assert list(copied(other, third)[0]) == [second[first.id]]
    assert Transfer.plan(other, third).runs == []
