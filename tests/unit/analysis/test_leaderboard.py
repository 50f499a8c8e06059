"""Others' results beside ours: what stands in which tier, and what in none."""

import dataclasses
import re

import pytest

from fer_exp.analysis import leaderboard, published
from fer_exp.analysis.own_results import Own
from fer_exp.statistics import share_interval
from fer_exp.tracking import Record


def run(seed: int, private: float, **params: str) -> Record:
    """A run of this accuracy on the private half."""
    parts = {"public": 0.01, "private": 0.0, "union": 0.005}
    metrics = {f"test/{part}/accuracy": private + d for part, d in parts.items()}
    return Record(str(seed), "wide", "FINISHED", params, {}, metrics, 0.0, "")


OURS = Own("wide", "MLP taught by a CNN", [run(0, 0.40), run(1, 0.42)], None)


def result(**changed) -> published.Result:
    """The first published result, changed."""
    return dataclasses.replace(published.results()[0], **changed)


def of_others(*private: float) -> list[leaderboard.Row]:
    """A row for each accuracy on the private half, in %, called by it."""
    return [leaderboard.of_others(result(method=str(each), private=each)) for each in private]


def cells(table, row: int) -> dict[str, str]:
    """A row of a table as it is read, by column."""
    shown = table.in_words()
    return dict(zip(shown.header, shown.rows[row], strict=True))


@pytest.mark.parametrize("found", published.results(), ids=lambda found: f"{found.method} {found.source}")
def test_every_published_figure_stands_in_what_was_read_at_its_source(found):
    """A figure without a quote, or without its protocol, is none."""
    facts = dataclasses.asdict(found)
    assert all(facts[key] for key in facts.keys() - {*published.PARTS, "doubt"})
    assert found.selected_on in ("private", "validation", "none", "not stated")
    figures = [facts[part] for part in published.PARTS if facts[part] is not None]
    assert figures
    quoted = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", " ".join(found.read.split('"')[1::2]))]
    for figure in figures:
        assert any(abs(scale * number - figure) <= 0.005 for number in quoted for scale in (1, 100))


def test_a_tier_holds_what_overlaps_its_best():
    """Not what overlaps its last: else a chain would join all."""
    tiers = leaderboard.tiers(of_others(68.0, 72.0, 70.0, 74.0))
    assert [(tier, row.method) for tier, row in tiers] == [(1, "74.0"), (1, "72.0"), (2, "70.0"), (2, "68.0")]


def test_each_accuracy_has_the_interval_of_its_images():
    """Wilson's, around the figure as it was reported."""
    [row] = of_others(60.0)
    right = share_interval(round(0.6 * 3589), 3589)
    private = row.accuracy["private"]
    assert (private.mean, private.low, private.high) == (0.6, right.low, right.high)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"selected_on": "private"}, "selected on test"),
        ({"doubt": "contested"}, "contested"),
        ({"private": None, "union": 99.0}, "both halves"),
        ({"private": None, "unsaid": 99.0}, "half not named"),
    ],
)
def test_what_cannot_be_compared_stands_in_no_tier_with_its_reason(changed, why):
    """However high its figure."""
    rows = [leaderboard.of_others(result(**{"private": 99.0, **changed})), *of_others(41.0)]
    ranked, others = leaderboard.board(rows)
    assert [row[:2] for row in ranked.rows] == [[1, "41.0"]]
    assert (cells(others, 0)["why"], cells(others, 0)["accuracy"]) == (why, "99.00")
    assert cells(others, 0)["interval"] == (
        "" if "unsaid" in changed else cells(others, 0)["interval"] or "?"
    )


def test_ours_is_the_mean_over_its_seeds():
    """With the interval over them beside that over images, and who taught it."""
    ranked, _ = leaderboard.board([*leaderboard.of_ours([OURS]), *of_others(20.0)], wide=True)
    ours = cells(ranked, 0)
    assert (ours["method"], ours["kind"]) == ("ours: wide, 2 seeds", "MLP taught by a CNN")
    assert ours["private"].startswith("41.00 [39.")
    assert ours["over seeds"] == "41.0 ±12.7"
    assert (ours["selected on"], ours["averaged at test"], ours["seeds"]) == ("validation", "none", "2")
    assert cells(ranked, 1)["over seeds"] == "-"


def test_an_ensemble_has_a_row_of_its_own():
    """As one model of several, and with what an answer is the mean over."""
    mirrored = [run(seed, 0.4, **{"model.mirrored": "True"}) for seed in range(2)]
    rows = list(leaderboard.of_ours([Own("wide", "MLP", mirrored, run(0, 0.45))]))
    assert [(row.method, row.kind) for row in rows] == [
        ("ours: wide, 2 seeds", "MLP"),
        ("ours: wide, 2 as one", "MLP, together"),
    ]
    assert [(row.told["models"], row.told["seeds"]) for row in rows] == [("1", "2"), ("2", "1")]
    assert {row.told["averaged at test"] for row in rows} == {"mirror image"}


def test_it_is_read_on_80_columns(store, capsys, monkeypatch):
    """No word is broken, no figure is torn from its interval, and no table needs more."""
    monkeypatch.setenv("COLUMNS", "80")
    leaderboard.main(["--tracking-uri", store.uri, "--experiment", "test"])
    out = capsys.readouterr().out
    assert re.search(
        r"^1 +ResMaskingNet and .* 76\.82 +75\.4-78\.2 +ImageNet +phamquiluan", out, re.MULTILINE
    )
    tables = [line for line in out.splitlines() if re.match(r"[1-9│┃]", line)]
    assert max(map(len, tables)) <= 80
    assert "none of ours" in out


def test_every_other_form_has_all_columns(store, capsys):
    """With what was read at each source; there is nothing of ours yet."""
    leaderboard.main(["--format", "markdown", "--tracking-uri", store.uri, "--experiment", "test"])
    out = capsys.readouterr().out
    assert "| 1 | ResMaskingNet and six more | CNNs | 76.82 [75.41, 78.17] |" in out
    assert '"fusing 7 different models"' in out
    assert "**in no tier" in out
