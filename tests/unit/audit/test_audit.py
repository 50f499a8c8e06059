"""The audit judges the deck's figures by runs, and says what it lacks."""

import dataclasses

import pytest

from fer_exp.analysis import published
from fer_exp.audit import audit
from fer_exp.audit.finding import (
    EXPLAINED,
    IN_PART,
    OPEN,
    UNEXPLAINED,
    AuditVerdict,
    Finding,
    MissingError,
    figure,
)
from fer_exp.tracking import Record
from fer_exp.tracking.studies import Arm, Study

SIZES = ("16", "32", "64", "128", "256")


def run(params: dict[str, str] | None = None, **metrics: float) -> Record:
    """A finished run with these metrics; `__` stands for `/`."""
    found = {key.replace("__", "/"): value for key, value in metrics.items()}
    return Record("id", "name", "FINISHED", params or {}, {}, found, 0.0, "")


def verdict(id: str, runs: dict[str, Record]) -> AuditVerdict:
    """What a check says of these runs."""
    [check] = [each for each in audit.checks([], []) if each.id == id]
    return check.finding(runs).verdict


def carried(**fresh: float) -> dict[str, Record]:
    """Carried-over runs with the deck's figures, and fresh ones with others."""
    runs = {f"carryover/corrected_{size}": run(**fresh) for size in SIZES}
    for size in SIZES[1:]:
        printed = published.figure("batch_size", size, "train_accuracy").value
        runs[f"carryover/presented_{size}"] = run(train__accuracy=printed, selected__first_train_loss=1.51)
    runs["carryover/corrected_16"] = run(train__accuracy=0.401, selected__first_train_loss=1.8)
    return runs


def test_carry_over_explains_only_what_fresh_networks_do_not():
    """All within 1.5 points and the first losses within .1 of the deck's, and the fresh ones elsewhere."""
    runs = carried(train__accuracy=0.39, selected__first_train_loss=1.5)
    assert verdict("carryover", runs) == EXPLAINED
    for other in (
        run(train__accuracy=0.5, selected__first_train_loss=1.5),
        run(train__accuracy=0.45, selected__first_train_loss=1.7),
    ):
        assert verdict("carryover", runs | {"carryover/presented_256": other}) == UNEXPLAINED


@pytest.mark.parametrize(("loss", "said"), [(1.5, UNEXPLAINED), (1.7, EXPLAINED)])
def test_fresh_networks_that_get_as_far_must_begin_higher(loss, said):
    """Were they as near after one epoch, the carrying over would not be needed."""
    runs = carried(train__accuracy=0.0)
    for size in SIZES[1:]:
        printed = published.figure("batch_size", size, "train_accuracy").value
        runs[f"carryover/corrected_{size}"] = run(train__accuracy=printed, selected__first_train_loss=loss)
    assert verdict("carryover", runs) == said


@pytest.mark.parametrize(("loss", "said"), [(1.6, EXPLAINED), (1.61, UNEXPLAINED)])
def test_ceilings_that_stop_alike_are_one_experiment(loss, said):
    """Equal to the last digit, or not the same experiment."""
    same = run(selected__val_loss=1.6, selected__epochs_run=9, selected__val_accuracy=0.37)
    other = run(selected__val_loss=loss, selected__epochs_run=9, selected__val_accuracy=0.37)
    runs = {f"noop_epochs/presented_{ceiling}": same for ceiling in (2000, 20000)}
    runs |= {"noop_epochs/presented_100": other, "noop_epochs/corrected": same}
    assert verdict("noop_epochs", runs) == said


@pytest.mark.parametrize(("last", "said"), [(1e-3, IN_PART), (1e-5, UNEXPLAINED)])
def test_a_scheduler_is_dead_if_its_rate_never_changed(last, said):
    """Counted from the last rate; a drop in a run with the deck's stop would speak against A6.

    In part, as the deck's logs end by the other half of its rule.
    """
    params = {"optimizer.lr": "0.001", "scheduler.factor": "0.1", "scheduler.name": "plateau"}
    stopped = run(params | {"stopping.name": "deck"}, optimizer__learning_rate=last, selected__epochs_run=9)
    patient = run(
        params | {"stopping.name": "patience"}, optimizer__learning_rate=1e-5, selected__epochs_run=30
    )
    assert verdict(
        "dead_scheduler", {"dead_scheduler/presented": stopped, "dead_scheduler/corrected": patient}
    ) == (said)


def test_one_mismatch_must_explain_all_rows_of_a_study():
    """One that fits them all is a finding; another for each row is a hypothesis."""
    arms = {f"test_path/optimizer_{name}": name for name in ("sgd", "adagrad", "nadam")}
    printed = {arm: published.figure("optimizer", name, "test_accuracy").value for arm, name in arms.items()}
    sound = {"mismatch__unit/upright/same_order": 0.39}
    each = {arm: run(**sound, mismatch__raw=value, mismatch__dark=0.1) for arm, value in printed.items()}
    assert verdict("test_path", each) == EXPLAINED
    first = next(iter(each))
    each[first] = run(**sound, mismatch__raw=0.1, mismatch__dark=printed[first])
    assert verdict("test_path", each) == IN_PART
    each[first] = run(**sound, mismatch__raw=0.1, mismatch__dark=0.1)
    assert verdict("test_path", each) == UNEXPLAINED


def test_a_search_says_how_much_it_would_fit_by_accident():
    """Of all accuracies from 1/7 to .39 those within two points of .2 and of .25."""
    arms = [f"test_path/optimizer_{name}" for name in ("sgd", "adagrad", "nadam")]
    each = run(**{"mismatch__unit/upright/same_order": 0.39}, mismatch__raw=0.2, mismatch__dark=0.25)
    [check] = [each for each in audit.checks([], []) if each.id == "test_path"]
    found = check.finding(dict.fromkeys(arms, each)).values["random"]
    assert found == pytest.approx(0.08 / (0.39 - 1 / 7))


def test_what_was_not_run_is_named_with_its_command():
    """Nothing is judged by half of the runs."""
    rows = {row.id: row for row in audit.findings([], [])}
    assert rows["carryover"].verdict == OPEN
    assert rows["carryover"].presented == "not run: python train.py study=audit audit=carryover/corrected_16"
    assert rows["counting"].verdict == EXPLAINED
    assert [row.audit for row in audit.findings([], [])][:3] == ["A1", "A2", "A3"]


def test_a_test_set_that_was_not_evaluated_is_named_with_its_command():
    """The readings of test belong to evaluation."""
    with pytest.raises(MissingError, match="test not evaluated: python evaluate"):
        figure({"a": run()}, "a", "test/union/accuracy")


def test_one_seed_is_an_error_in_part_if_contrasts_are_undecided():
    """Judged by the rule from the honest studies of what the deck compared."""

    def arm(name: str, *values: float) -> Arm:
        faces = {"faces.fit": "80", "faces.validation": "20"}
        runs = {str(seed): run(faces, selected__val_accuracy=value) for seed, value in enumerate(values)}
        return Arm(name, name, runs)

    study = Study(
        "layers", "honest", "fer2013", "f", "rule", [arm("a", 0.38, 0.39, 0.4), arm("b", 0.39, 0.38, 0.4)]
    )
    rows = {row.id: row for row in audit.findings([study], [])}
    assert rows["one_seed"].verdict == IN_PART
    worse = dataclasses.replace(study, arms=[study.arms[0], arm("c", 0.18, 0.191, 0.2)])
    rows = {row.id: row for row in audit.findings([worse], [])}
    assert rows["one_seed"].verdict == UNEXPLAINED


def test_a_finding_is_said_by_its_words_with_the_values_found():
    """As the figures are printed in the deck; what is missing stands in the place of what was found."""
    values = {"printed": 0.2471, "linear": 0.33, "ridge": 0.331, "softmax": 0.25}
    found = Finding("softmax", EXPLAINED, values)
    assert (found.audit, found.printed) == ("A12", "test 24.7 for the activation Softmax")
    assert found.presented == "no activation: test 33.00; ridge on pixels: 33.10"
    assert found.corrected == "a true softmax: test 25.00"
    missing = Finding("softmax", OPEN, {"printed": 0.2471}, "not run: x")
    assert (missing.presented, missing.corrected) == ("not run: x", "")
