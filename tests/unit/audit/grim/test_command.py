"""The tool that asks whether a printed figure can come from so many faces."""

import csv
import re

import pytest
from helpers.refused import refusal

from fer_exp.audit.grim import attainable, command, printed_value
from fer_exp.audit.grim.attainable import Fit

LOGGED = "0.3740250766277313"


def rows(capsys, *arguments):
    """What the tool prints in tidy form, a dict of its metrics for each figure, candidate and kind."""
    command.main([*arguments, "--format", "csv"])
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for each in csv.DictReader(capsys.readouterr().out.splitlines()):
        row = found.setdefault(tuple(each[key] for key in ("printed", "faces", "made_as")), {})
        row[each["metric"]] = each["value"] or each["text"]
    return found


def test_a_logged_figure_tells_validation_from_test(capsys):
    """A mean over batches of 32 of 5,741 faces, no count, and nothing of 7,178."""
    found = rows(capsys, "--value", LOGGED, "--batch", "32", "--candidates", "5741,7178")
    assert {(faces, kind): row["fits"] for (_, faces, kind), row in found.items()} == {
        ("5,741", "count"): "0",
        ("5,741", "batches"): "1",
        ("7,178", "count"): "0",
        ("7,178", "batches"): "0",
    }
    fitting = found[LOGGED, "5,741", "batches"]
    assert fitting["right"] == "2,147 + 3"
    assert fitting["verdict"] == "fits; 1 in 100 figures would"


def test_values_may_be_shares_and_percentages_and_repeat(capsys):
    """Each value once a candidate; without a batch size only counts are tried."""
    found = rows(capsys, "--value", "37.40%", "--value", "0.374", "--value", "0.374", "--candidates", "1000")
    assert [printed for printed, *_ in found] == ["37.40%", "0.374"]
    percent, share = found.values()
    assert percent["right"] == share["right"] == "374"
    assert percent["verdict"] == "fits, but so would 10 % of all figures"
    assert share["verdict"] == "fits, but so would all figures"


def test_verdicts_say_what_accident_would_do():
    """In words that need no statistics."""
    assert command.verdict(Fit(1, [(0, 1)], 0.98)) == "fits, but so would 98 % of all figures"
    assert command.verdict(Fit(1, [(0, 1)], 0.001)) == "fits; 1 in 1,000 figures would"
    assert command.verdict(Fit(0, [], 0.98)) == "does not fit"


def test_many_ways_are_counted_not_listed():
    """A share of 22,968 faces in batches of 32 has nine ways or so."""
    shares = attainable.batch_means(22968, 32)
    found = attainable.fit(printed_value.read("0.42226672172546387"), shares)
    assert command.numerators(found, shares) == "9,702 + 0 or 9,698 + 3 or 7 more"


def test_figures_together_weigh_more_than_each(capsys):
    """The notes multiply the chances."""
    values = ["--value", LOGGED, "--value", "0.3755875825881958"]
    command.main([*values, "--batch", "32", "--candidates", "5741", "--format", "markdown"])
    said = capsys.readouterr().out
    assert "means of 180 batches of 32, the last of 13: 2 of 2 fit; chance that all do 0.0001" in said


def test_a_very_narrow_terminal_folds_them(capsys, monkeypatch):
    """Where not even a word has room, its digits are all there."""
    monkeypatch.setenv("COLUMNS", "40")
    command.main(["--value", LOGGED, "--candidates", "5741"])
    first = (line.split(" ")[0] for line in capsys.readouterr().out.splitlines())
    assert "".join(word for word in first if re.fullmatch(r"[\d.]+", word)) == LOGGED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--value", "x", "--candidates", "5"], "value 'x' is not a number"),
        (["--value", "37", "--candidates", "5"], "outside 0 to 1"),
        (["--value", "101%", "--candidates", "5"], "outside 0 to 100 %"),
        (["--value", ".5", "--candidates", "5", "--batch", "0"], "batch: '0' is not a whole number from 1"),
        (["--value", ".5", "--candidates", "5", "--batch", "b"], "batch: 'b' is not a whole number from 1"),
        (["--value", ".5", "--candidates", "5", "--batch", "9999"], "from 1 to 4,096"),
        (["--value", ".5", "--candidates", "5,-7"], "candidates: '-7' is not a whole number from 1"),
        (["--value", ".5", "--candidates", "5,"], "candidates: '' is not a whole number from 1"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, arguments, said):
    """It names the value and what is allowed."""
    assert said in refusal(capsys, command.main, *arguments)
