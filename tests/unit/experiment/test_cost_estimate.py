"""What jobs will cost, by what jobs of their kind have taken."""

from fer_exp.config import identity
from fer_exp.experiment import cost_estimate, plan
from fer_exp.tracking import Record


def record(chosen, seconds, faces="f"):
    """A finished run of these settings that took so long."""
    params = {key: str(value) for key, value in identity.recipe(chosen).items()} | {"faces.fit": "80"}
    found = {"selected/train_seconds": seconds}
    return Record("id", "name", "FINISHED", params, {"faces": faces}, found, 0.0, "")


def planned(chosen, faces="f"):
    """A job of these settings."""
    return plan.PlannedJob({}, chosen, faces, "identity")


def test_a_job_takes_as_long_as_its_like(compose_settings):
    """Of another seed and other rates, but of the same optimizer, network and faces."""
    known = [
        record(compose_settings("seed=1", "optimizer.lr=0.1"), 60),
        record(compose_settings("seed=2", "optimizer.weight_decay=0.1"), 180),
        record(compose_settings("layers=512-256"), 6000),
        record(compose_settings(), 6000, faces="others"),
    ]
    said = cost_estimate.estimate([planned(compose_settings("seed=3"))] * 3, known, "cpu")
    assert said.startswith("time: about 6 min of one core for 3 of 3 to do, ")
    assert said.endswith(" alone")


def test_what_has_no_like_is_counted_apart(compose_settings):
    """And where none has, nothing is told."""
    jobs = [planned(compose_settings()), planned(compose_settings("optimizer=sgd"))]
    assert cost_estimate.estimate(jobs, [record(compose_settings(), 60)], "cpu").endswith(
        "; the others have no like"
    )
    assert cost_estimate.estimate(jobs, [], "cpu").startswith("time: unknown")
    assert cost_estimate.estimate(jobs, [record(compose_settings(), 60)], "GPU").startswith("time: unknown")
