"""The lines of a file of runs: what is read, and what is refused by its number."""

import json

import pytest
from helpers.archived import SHARED, job, named, restore, sweep
from helpers.processes import store_in
from helpers.refused import refusal

from fer_exp.errors import UserError
from fer_exp.tracking.archive import archive_runs, restore_runs


def test_a_run_that_no_table_can_be_made_of_is_not_kept(store, tmp_path, capsys):
    """Rather one line now than a file that nobody can read."""
    sweep(store, "main", "main0")
    run = store.create("main", {"seed": 0}, {**SHARED, "kind": "job", "study": "main", "identity": "main0"})
    run.end("FINISHED")
    line = refusal(capsys, archive_runs.main, tmp_path / "runs.jsonl", *named(store))
    assert f"run {run.id}: cannot be kept (params lack faces.fit" in line
    assert not (tmp_path / "runs.jsonl").exists()


GOOD = {"id": "0" * 32, "name": "a", "status": "FINISHED", "started": 1, "ended": 2, "params": {}}
GOOD |= {"tags": {"kind": "baseline", "identity": "i", "faces": "f"}}
GOOD |= {"metrics": {"test/union/accuracy": 0.5, "solver/seconds": 1}}
PLAN = {"jobs": [{"name": "a", "arm": "a", "setting": "a", "seed": "0", "identity": "x"}]}
SWEEP = GOOD | {"tags": {**SHARED, "kind": "sweep", "study": "main", "data": "d"}, "plan": PLAN}


def test_a_line_by_hand_is_read(tmp_path):
    """So the broken ones below are refused for what they break."""
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(SWEEP) + "\n", encoding="utf-8")
    assert [line.tags["kind"] for line in archive_runs.read(path)] == ["baseline", "sweep"]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory, migrated_store):
    """A store that stays empty."""
    return store_in(tmp_path_factory.mktemp("untouched") / "store", migrated_store)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps(GOOD)[:-9], "is no whole line of JSON"),
        ("<<<<<<< HEAD", "is no whole line of JSON"),
        ("[" * 100_000, "is no whole line of JSON"),
        (json.dumps(GOOD).replace("0.5", "NaN"), "is no whole line of JSON"),
        (json.dumps(GOOD).replace("0.5", "9" * 5000), "is no whole line of JSON"),
        ("[]", "is no run and no faces"),
        ("{}", "must hold ended, id, metrics"),
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
        (json.dumps(GOOD | {"params": {"optimizer.lr": "x"}}), "params.optimizer.lr is no number"),
        (json.dumps(GOOD | {"params": {"faces.fit": "57.5"}}), "params.faces.fit is no whole number"),
        (json.dumps(GOOD | {"tags": {"kind": "other"}}), "tags.kind is none of sweep"),
        (json.dumps(GOOD | {"tags": {"kind": "baseline"}}), "tags lack identity, faces"),
        (json.dumps(GOOD | {"metrics": {}}), "metrics lack test/union/accuracy"),
        (json.dumps(GOOD | {"plan": PLAN}), "only a sweep has a plan"),
        (json.dumps({**SWEEP, "plan": {"jobs": []}}), "plan is none"),
        (json.dumps(SWEEP).replace('"seed": "0"', '"seed": "-1"'), "plan is none"),
    ],
)
def test_a_broken_line_is_named_and_nothing_restored(tmp_path, line, said, untouched):
    """Cut short, left by a merge, or made up by somebody."""
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(SWEEP) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"runs\.jsonl, line 2: {said}"):
        archive_runs.read(path)
    with pytest.raises(UserError, match=r"runs\.jsonl, line 2"):
        restore(path, untouched)
    assert untouched.records() == []


@pytest.mark.parametrize(
    ("main", "arguments", "said"),
    [
        (restore_runs.main, [], "nothing.jsonl: cannot be read (No such file or directory)"),
        (archive_runs.main, ["--study", "nope"], "yet: there is no such study; known: activation, "),
        (archive_runs.main, [], "yet: python train.py -m optimizer=sgd,adam"),
    ],
)
def test_a_mistake_is_one_line(store, tmp_path, main, arguments, said, capsys):
    """And writes nothing."""
    line = refusal(capsys, main, tmp_path / "nothing.jsonl", *arguments, *named(store))
    assert said in line
    assert not (tmp_path / "nothing.jsonl").exists()


def test_a_name_that_no_disk_takes_is_one_line(store, tmp_path, capsys):
    """As long as that, Python does not even say whether it is there."""
    sweep(store, "ladder", "deck0")
    job(store, "deck0")
    line = refusal(capsys, archive_runs.main, tmp_path / ("a" * 300), *named(store))
    assert line.endswith("cannot be written (File name too long)")
