"""A job that is taught by a finished run: what it learns from, what it is known by, and who may teach."""

import pytest

from fer_exp.errors import UserError
from fer_exp.experiment import drivers, plan
from fer_exp.experiment.job import Job
from fer_exp.models import checkpoint
from fer_exp.tracking import artifacts

pytestmark = pytest.mark.usefixtures("plain_figures")


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
    # as its checkpoint names the teacher, by which it is gone on with
    by_identity = tiny(
        "training.epochs=2",
        f"training.teacher='{store.record(teacher).identity}'",
        "training.taught=0.9",
        f"resume={taught.run_id}",
    )
    assert drivers.run(Job(by_identity, "more")).action == plan.TRAIN


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
        (
            "seed=1",
            r"has learnt from \d+ of the validation faces; it needs the same split .*\(its seed is 0\)",
        ),
        ("split.validation_fraction=0.5", r"it has learnt from \d+ of the validation faces"),
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
