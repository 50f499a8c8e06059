"""Runs as read back from the store."""

from dataclasses import replace

from helpers.made_studies import run

from fer_exp.tracking.record import best_run


def judged(seed, loss, method):
    """A run of this validation loss, whose validation faces were split off by this method."""
    found = run(seed, 0.4, **{"selected/val_loss": loss})
    return replace(found, params={**found.params, "split.method": method})


def test_the_best_run_is_judged_by_faces_that_it_has_not_seen():
    """A random split leaves copies of fitted faces in validation, so its losses are too low."""
    leaking, kept, worse = judged(0, 1.4, "random"), judged(1, 1.5, "grouped"), judged(2, 1.6, "grouped")
    assert best_run([leaking, worse, kept]) is kept
    assert best_run([leaking]) is leaking
    assert best_run([judged(3, float("nan"), "grouped"), leaking]) is leaking
    assert best_run([]) is None
