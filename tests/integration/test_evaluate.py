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


@pytest.mark.slow
def test_a_run_is_scored_beside_the_svc(tmp_path):
    """Its scores come first; the SVC is fitted once, with its time said, then found; ridge joins it."""
    assert run(tmp_path, *FEW, "training.epochs=2").returncode == 0
    first = evaluate(tmp_path, "run=latest")
    assert first.returncode == 0, first.stderr
    said = (
        "adhoc on synthetic: accuracy on the test set",
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
