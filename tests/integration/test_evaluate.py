"""The script that opens test, as a user runs it."""

import pytest
from helpers.processes import FEW, open_store, run


def evaluate(folder, *arguments):
    """Run evaluate.py in `folder`."""
    return run(folder, *arguments, script="evaluate.py")


@pytest.mark.slow
def test_a_run_is_scored_beside_the_svc(folder):
    """Its scores come first; the SVC is fitted once, with its time said, then found; ridge joins it."""
    assert run(folder, *FEW, "training.epochs=2").returncode == 0
    first = evaluate(folder, "run=latest")
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
    alone = evaluate(folder, "run=latest", "baseline=none", "verbose=true")
    assert "union_no_copies" in alone.stdout
    assert "McNemar" not in alone.stdout
    second = evaluate(folder, "run=best", "baseline=ridge")
    assert "ridge: fitted now" in second.stdout
    assert "linear SVC" in second.stdout
    assert "linear SVC: fitted before" in evaluate(folder, "baseline=svc").stdout
    store = open_store(folder)
    assert {record.status for record in store.records()} == {"FINISHED"}
    assert len(store.records(kind="baseline")) == 2


@pytest.mark.slow
def test_several_baselines_in_one_command(folder):
    """`-m` takes a list, as in train.py."""
    done = evaluate(folder, "-m", "baseline=majority,prior", "data=synthetic", *FEW)
    assert done.returncode == 0, done.stderr
    assert {record.name for record in open_store(folder).records()} == {"majority", "class prior"}
