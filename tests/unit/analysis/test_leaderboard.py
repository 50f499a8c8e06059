"""Others' results beside ours: what is ranked, and what is not."""

import dataclasses

import pytest

from fer_exp.analysis import leaderboard, published
from fer_exp.config.identity import ensemble_identity
from fer_exp.tracking import Record
from fer_exp.tracking.studies import Arm, Study


def run(name: str, private: float | None, kind: str = "canonical") -> Record:
    """A finished run of this accuracy on the private half; None if test was not opened."""
    parts = {"public": 0.01, "private": 0.0, "union": 0.005}
    metrics = {} if private is None else {f"test/{part}/accuracy": private + d for part, d in parts.items()}
    return Record(name, name, "FINISHED", {"faces.kind": kind}, {"identity": name}, metrics, 0.0, "")


def study(name: str, *arms: Arm, rule: str = "lowest validation loss") -> Study:
    """A study of these arms."""
    return Study(name, "honest", "fer2013", "abc", rule, list(arms))


def arm(name: str, *runs: Record) -> Arm:
    """An arm, its runs by seed."""
    return Arm(name, name, {str(seed): each for seed, each in enumerate(runs)})


MIRRORED = {"faces.kind": "canonical", "model.mirrored": "True"}

RELU = arm("relu", run("a", 0.40), run("b", 0.42))


def result(**changed) -> published.Result:
    """The first published result, changed."""
    return dataclasses.replace(published.results()[0], **changed)


@pytest.mark.parametrize("found", published.results(), ids=lambda found: found.method)
def test_every_published_result_says_how_it_came_about(found):
    """A figure without its protocol is none; ensembles and averaging are told, so is how we know."""
    facts = dataclasses.asdict(found)
    assert all(facts[key] for key in facts.keys() - {"public", "private", "union", "doubt"})
    figures = [value for value in (found.public, found.private, found.union) if value is not None]
    assert figures
    assert all(14 < value < 100 for value in figures)
    assert found.known in ("read", "recalled")
    assert found.selected_on in ("test", "validation", "none", "not stated")


def test_rows_are_ranked_by_the_private_half():
    """Ours by their mean over seeds, with the interval; a missing half is a dash."""
    theirs = [
        leaderboard.of_others(result(method=name, private=value))
        for name, value in (("x", 40.5), ("y", 41.5))
    ]
    ranked, _ = leaderboard.board([*theirs, *leaderboard.of_studies([study("activation", RELU)], {})])
    assert [row[:2] for row in ranked.rows] == [[1, "y"], [2, "ours: relu"], [3, "x"]]
    shown = ranked.in_words()
    ours = dict(zip(shown.header, shown.rows[1], strict=True))
    assert ours["private"].startswith("41.00 ±")
    assert (ours["selected on"], ours["extra data"], ours["seeds"]) == ("validation", "none", "2")
    assert dict(zip(shown.header, shown.rows[0], strict=True))["union"] == "-"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"selected_on": "test"}, "selected on the test split"),
        ({"doubt": "contested"}, "contested"),
        ({"private": None, "union": 60.0}, "no figure of the private half"),
    ],
)
def test_what_cannot_be_ranked_stands_apart_with_its_reason(changed, why):
    """However high its figure, it takes no place before an honest one."""
    rows = [leaderboard.of_others(result(**{"private": 99.0, **changed})), leaderboard.of_others(result())]
    ranked, others = leaderboard.board(rows)
    assert [row[0] for row in ranked.rows] == [1]
    assert "99.00" not in ranked.rows[0]
    assert [row[0] for row in others.rows] == [why]


def test_only_what_was_evaluated_on_the_canonical_faces_is_ours():
    """Not drawn faces, an altered copy, a run whose test was never opened, or a slip of the audit."""
    arms = [arm("drawn", run("c", 0.9, "synthetic")), arm("altered", run("d", 0.9, "altered"))]
    arms += [arm("closed", run("e", None)), arm("half", run("f", 0.3), run("g", None))]
    studies = [study("layers", *arms), study("audit", arm("slip", run("h", 0.9)))]
    [row] = leaderboard.of_studies(studies, {})
    assert (row.method, row.protocol[4]) == ("ours: half", "1")
    ranked, _ = leaderboard.board([])
    assert any("none of ours" in note for note in ranked.notes)


def test_an_arm_that_several_studies_share_is_one_row():
    """The main network is an arm of nearly every study."""
    again = arm("128-32", *RELU.runs.values())
    rows = list(leaderboard.of_studies([study("activation", RELU), study("layers", again)], {}))
    assert [row.method for row in rows] == ["ours: relu"]


def test_an_ensemble_follows_the_arm_whose_seeds_it_joins():
    """As one model of several, and with what an answer is the mean over."""
    together = dataclasses.replace(run("relu · mean of 2 seeds", 0.45), tags={"identity": "x"})
    scored = {ensemble_identity(record.identity for record in RELU.runs.values()): together}
    mirrored = arm("mirrored", dataclasses.replace(run("c", 0.5), params=MIRRORED))
    rows = list(leaderboard.of_studies([study("ladder", RELU, mirrored)], scored))
    assert [row.method for row in rows] == ["ours: relu", "ours: relu · mean of 2 seeds", "ours: mirrored"]
    assert [row.protocol[2:5] for row in rows] == [
        ["none", "1", "2"],
        ["none", "2", "1"],
        ["mirror image", "1", "1"],
    ]


def test_what_chose_the_weights_is_told():
    """The last epoch is no choice by validation."""
    [row] = leaderboard.of_studies([study("activation", RELU, rule="last epoch")], {})
    assert row.protocol[0] == "nothing: last epoch"


def test_the_command_prints_both_tables(store, capsys):
    """Others' results even where there is nothing of ours yet."""
    leaderboard.main(["--format", "markdown", "--tracking-uri", store.uri, "--experiment", "test"])
    out = capsys.readouterr().out
    assert "**leaderboard" in out
    assert "**not ranked" in out
    assert "| 1 | ResMaskingNet with six more |" in out
    assert "none of ours" in out


def test_a_store_that_is_not_there_ends_in_one_line(tmp_path, capsys):
    """And none is made."""
    with pytest.raises(SystemExit):
        leaderboard.main(["--tracking-uri", f"sqlite:///{tmp_path / 'no.db'}"])
    assert capsys.readouterr().err.startswith("error: sqlite:///")
    assert not list(tmp_path.iterdir())
