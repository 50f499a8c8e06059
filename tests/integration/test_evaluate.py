"""The script that opens test, as a user runs it."""

import shutil

import pytest
from helpers.processes import FEW, open_store, run


@pytest.fixture(autouse=True)
def default_store(monkeypatch, migrated_store, tmp_path):
    """Let the scripts use the store in the folder that they run in."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(migrated_store, tmp_path / "mlflow.db")


def evaluate(folder, *arguments):
    """Run evaluate.py in `folder`."""
    return run(folder, *arguments, script="evaluate.py")


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say which: run="),
        (["run=latest", "study=main"], "say one: run="),
        (["run=latest", "ensembles=true"], "ensembles=true joins the seeds of a study's arms: study=<name>"),
        (["run=latest"], "there is no finished run yet"),
        (["run=nope"], "run nope: there is no such run"),
        (["study=main"], "study=main: there is no finished run of it yet: python train.py study=main"),
        (["study=adhoc"], "there is no finished run of it yet: python train.py -m optimizer=sgd,adam"),
        (["baseline=none"], "say which: run="),
        (["baseline=majority"], "run=latest: there is no finished run yet"),
        (["run=latest", "remember=true"], "remember=true keeps where the faces are: data.root=PATH"),
        (["run=latest", "data.n_train=140"], "no such setting; known in data, as it is chosen: name, root"),
        (["baseline=x"], "Could not find 'baseline/x'"),
        (["baseline=svc", "baseline.C=0"], "baseline.C=0: must be"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(tmp_path, arguments, said):
    """No traceback, and nothing is fitted or logged."""
    done = evaluate(tmp_path, *arguments)
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert open_store(tmp_path).records() == []


@pytest.mark.slow
def test_a_run_is_scored_beside_the_svc(tmp_path):
    """Its scores come first; the SVC is fitted once, with its time said, then found; ridge joins it."""
    assert run(tmp_path, *FEW, "training.epochs=2").returncode == 0
    first = evaluate(tmp_path, "run=latest")
    assert first.returncode == 0, first.stderr
    said = (
        "test set: adhoc on synthetic",
        "baseline=none leaves it out",
        "21 of 21 pairs",
        "fitted now",
        "McN",
    )
    places = [first.stdout.find(each) for each in said]
    assert places == sorted(places)
    assert places[0] >= 0
    alone = evaluate(tmp_path, "run=latest", "baseline=none", "verbose=true")
    assert "union_no_copies" in alone.stdout
    assert "McNemar" not in alone.stdout
    second = evaluate(tmp_path, "run=best", "baseline=ridge")
    assert "ridge: fitted now" in second.stdout
    assert "linear SVC" in second.stdout
    assert "linear SVC: fitted before" in evaluate(tmp_path, "baseline=svc").stdout
    store = open_store(tmp_path)
    assert {record.status for record in store.records()} == {"FINISHED"}
    assert len(store.records(kind="baseline")) == 2


@pytest.mark.slow
def test_several_baselines_in_one_command(tmp_path):
    """`-m` takes a list, as in train.py."""
    done = evaluate(tmp_path, "-m", "baseline=majority,prior", "data=synthetic", *FEW)
    assert done.returncode == 0, done.stderr
    assert {record.name for record in open_store(tmp_path).records()} == {"majority", "class prior"}
