"""Drawn studies: that they are as their world says, and that the rule keeps its promises in them."""

import numpy as np
import pytest

from fer_exp.analysis import simulation
from fer_exp.analysis.simulation import MIXED, Sample, is_false, simulate
from fer_exp.analysis.verdicts import Verdict
from fer_exp.analysis.worlds import Drawn, World

# a tenth of the faces, so ten times the variance among them: margins and widths are as much larger
SMALL = World("small", faces=2_871, run_sd=0.4)


@pytest.fixture(scope="module")
def drawn():
    """A large set, run for two repeats, whose second arm is better by three points."""
    found = Drawn(World("large", faces=60_000), [0.0, 3.0], np.random.default_rng(0))
    found.add_repeat()
    found.add_repeat()
    return found


def test_a_repeat_judges_each_face_once_and_copies_on_one_side(drawn):
    """Five folds of all faces, shared by the arms."""
    for first in (0, 5):
        runs = [drawn.arms[0].runs[run] for run in range(first, first + 5)]
        assert np.array_equal(np.sort(np.concatenate([run.faces for run in runs])), np.arange(60_000))
        groups = [set(drawn.world.groups[run.faces]) for run in runs]
        assert sum(map(len, groups)) == len(set.union(*groups))
    assert all(arm.runs[7].faces is drawn.arms[0].runs[7].faces for arm in drawn.arms)


def test_drawn_arms_have_the_accuracy_and_disagreement_of_their_world(drawn):
    """.40 of the reference, three points more of the second, a quarter of the faces right in one alone."""
    right = [np.concatenate([run.right for run in arm.runs.values()]) for arm in drawn.arms]
    accuracies = [each.mean() for each in right]
    assert accuracies == pytest.approx([0.4, 0.4, 0.43], abs=0.006)
    assert np.mean(right[0] != right[1]) == pytest.approx(0.25, abs=0.01)
    copied = np.sum(np.bincount(drawn.world.groups) == 2) * 2 / 60_000
    assert copied == pytest.approx(drawn.world.copies, abs=1e-3)


def test_an_arm_changes_a_face_as_much_as_its_world_says():
    """Of two repeats, the covariance of the differences of a face is the variance of its own effect."""
    found = Drawn(World("large", faces=200_000, face_sd=0.2, copies=0), [0.0], np.random.default_rng(1))
    found.add_repeat()
    found.add_repeat()
    by_repeat = np.zeros((2, 200_000))
    for run in range(10):
        ours, theirs = (arm.runs[run] for arm in found.arms)
        by_repeat[run // 5, ours.faces] = ours.right.astype(float) - theirs.right
    assert np.sqrt(np.mean(by_repeat[0] * by_repeat[1])) == pytest.approx(0.2, abs=0.01)


def test_training_faces_move_all_runs_together():
    """What the faces do that were drawn stays over the runs, and is known."""
    world = World("taught", faces=4_000, training_sd=3.0, run_sd=0.0)
    here = [Drawn(world, [0.0], np.random.default_rng(seed)).here[0] for seed in range(300)]
    assert np.std(here) == pytest.approx(3.0, rel=0.15)


def test_what_is_false_of_a_true_difference():
    """Of 0, of half a point, and of just the margin."""
    of_zero = {each for each in Verdict if is_false(each, 0.0)}
    assert of_zero == {each for each in Verdict if each.better or each.worse}
    of_half = {each for each in Verdict if is_false(each, 0.5)}
    assert of_half == {Verdict.BETTER_BEYOND} | {each for each in Verdict if each.worse}
    of_margin = {each for each in Verdict if is_false(each, 1.0)}
    assert of_margin == of_half | {Verdict.BETTER_WITHIN, Verdict.EQUIVALENT, Verdict.IDENTICAL}


def test_the_table_has_a_row_a_sample():
    """With as many cells as its header."""
    found = list(simulation.table(1, 0, [(SMALL, MIXED)]))
    assert len(found) == 2 + len(simulation.SAMPLES)
    assert {line.count("|") for line in found} == {len(simulation.HEADER) + 1}
    assert "precision=0.5" in found[-1]


def test_the_command_prints_the_table(monkeypatch, capsys):
    """With the studies and the seed that it is given."""
    monkeypatch.setattr(simulation, "table", lambda *options: iter([f"| {options} |"]))
    simulation.main(["--studies", "7", "--seed", "3"])
    assert capsys.readouterr().out == "| (7, 3) |\n"


@pytest.mark.slow
@pytest.mark.parametrize(("world", "effects"), simulation.CASES[:6])
def test_the_rule_keeps_its_promises_at_full_size(world, effects):
    """What docs/inference.md states, of 200 studies a case; bounds allow for so few."""
    found = simulate(world, effects, (Sample(20), Sample(precision=0.5)), 200, seed=1)
    for tally in found.values():
        assert 0.93 <= np.mean(tally.covered) <= 0.985
        assert np.mean(tally.false) <= 0.08
    if 1.0 in effects:
        assert np.mean(found[Sample(20)].found) > 0.8
