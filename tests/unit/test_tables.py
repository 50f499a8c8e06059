"""Tables in each of their forms."""

import contextlib
import csv
import io
import re
import unicodedata

import pandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_exp import tables
from fer_exp.formatting import Styled, Words, message
from fer_exp.statistics import Interval
from fer_exp.tables import Column, Table

ACCURACY = {"metric": "accuracy", "split": "test", "n": 50}
MEASURED = Table(
    "measured",
    [Column("arm", key="arm"), Column("seeds", key="runs"), Column("test", "percent", ACCURACY), "said"],
    [
        ["a, b", 3, Interval(0.4012345, 0.39, 0.41), message("good")],
        ["c", 1, None, ""],
        ["d", 2, Interval(0.3, float("nan"), float("nan")), "text"],
    ],
    name="scores",
    about={"study": "x"},
)
OTHER = Table(
    "other", [Column("arm", key="arm"), Column("p", "p", {"metric": "p"})], [["a, b", 0.04]], name="o"
)
WORDS = Words({"good": "50 % better"})


@pytest.mark.parametrize("width", [22, 28, 50])
def test_a_narrow_terminal_shows_words_and_numbers_whole(width, capsys, monkeypatch):
    """Columns that can be spared go first, and are named; figures stay in one line where there is room."""
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ["arm and more", Column("train"), Column("epoch", spare=True)]
    tables.print_terminal(Table("t", columns, [["500-550-600", "37.02 ±0.10", "12345"]]))
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert max(len(line) for line in lines if not line.startswith("no room")) <= width
    assert {"500-550-600", "37.02", "±0.10"} <= set(said.split())
    assert ("37.02 ±0.10" in said) == (width > 22)
    assert ("12345" in said) == (width == 50) == ("no room here for: epoch" not in said)


def test_a_heading_is_printed_once_and_empty_columns_are_not(capsys):
    """In a document each table has it in its title, since tables are quoted one by one."""
    table = Table("part", ["a", "none", "b"], [["x", None, ""], ["y", "", "z"]], heading="study")
    tables.FORMATS["table"]([table, table])
    said = capsys.readouterr().out
    assert (said.count("study"), said.count("part"), said.count("none")) == (1, 2, 0)
    tables.FORMATS["markdown"]([table])
    assert capsys.readouterr().out.startswith("**study: part**\n\n| a | b |\n")


def test_good_and_bad_news_have_a_colour_unless_the_user_wants_none(capsys, monkeypatch):
    """On a terminal, by rich's usual variables."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table = Table("t", ["a"], [[Styled("better", tone="good")]], [Styled("failed", tone="bad")])
    tables.print_terminal(table)
    said = capsys.readouterr().out
    assert "\x1b[32mbetter" in said
    assert "\x1b[31mfailed" in said
    monkeypatch.setenv("NO_COLOR", "1")
    tables.print_terminal(table)
    assert "\x1b[3" not in capsys.readouterr().out.replace("\x1b[3m", "")


def test_a_command_in_a_note_stays_whole_in_a_pipe(capsys, monkeypatch):
    """Whoever copies it from a log gets it in one piece."""
    monkeypatch.delenv("COLUMNS", raising=False)
    command = "python train.py " + "optimizer.lr=0.001 " * 20
    tables.print_terminal(tables.Table("t", ["a"], [["b"]], [command]))
    assert command in capsys.readouterr().out


@pytest.mark.fault(
    "Environment: FORCE_COLOR and a table that goes into a file", trials=1, expected="no escape codes in it"
)
def test_no_colour_is_forced_into_a_file(monkeypatch):
    """As `predict --output` prints its tables."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        tables.print_terminal(tables.Table("t", ["a"], [["b"]]))
    assert page.getvalue()
    assert "\x1b" not in page.getvalue()


# As a stranger may call a run, an arm or a file.
PARTS = (
    *("\x1b[2J", "\x1b]0;x\x07", "\r", "\n", "\x9b", "\u202e", "\udc80", "\u3000", "표정", "x" * 300),
    *(
        "<script>",
        "</td>",
        "&",
        "|",
        "`",
        "**",
        "[x](javascript:x)",
        "[bold red]",
        ":smile:",
        "=1+1",
        ",",
        ";",
    ),
    *("\\", "%", "\\end{tabular}", "\\input{x}", "$", "{", "}", "~", "^", "_", "#", "[1]", "*", '"'),
)
HOSTILE = st.text(max_size=40) | st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join)


def printed(form: str, text: str) -> str:
    """A table in which this text stands everywhere, in a form."""
    table = Table(
        text, [Column("arm", key="arm"), text], [[text, text], ["b", 1]], [text], name="t", about={"x": text}
    )
    with contextlib.redirect_stdout(io.StringIO()) as said:
        tables.FORMATS[form]([table])
    return said.getvalue()


@given(HOSTILE)
@example(" *")
@example("\u3000*")
@pytest.mark.fault(
    "Text of strangers: control characters, escapes of a terminal, HTML, LaTeX, links, bidi, long names",
    trials=100,
    expected="in each form of a table nothing that its reader obeys; each cell where it belongs",
)
def test_nothing_in_a_name_gets_out_of_its_cell(text):
    """Whoever wrote it; a run on a team's server may be anybody's."""
    found = {form: printed(form, text) for form in tables.FORMATS}
    for said in found.values():
        said.encode()
        assert [
            each for each in said if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") and each != "\n"
        ] == []
        assert not set(said) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    rows = [line for line in found["markdown"].split("\n") if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows] == [3] * 4
    assert not re.search(r"(?<!\\)(?:\\\\)*(<[A-Za-z/!?]|\]\()", found["markdown"])
    records = list(csv.reader(io.StringIO(found["csv"]), strict=True))
    assert len({len(record) for record in records}) == 1
    assert len(records) == 2 + bool(text)
    body = found["latex"].partition(r"\label{tab:")[2]
    assert re.fullmatch(r"[\w.:-]*", body.partition("}")[0])
    body = body.partition(r"\toprule")[2].partition(r"\bottomrule")[0].replace(r"\midrule", "")
    plain = re.sub(
        r"\\(textbackslash|textasciicircum|textasciitilde)\{\}|\\[&%$#_{}]|\$(\\pm|\\cdot|<|>)\$", "", body
    )
    assert re.sub(r"^\{\}|\\\\$", "", plain, flags=re.MULTILINE).count("\\") == 0
    assert not set(re.sub(r"^\{\}(?=[^\S\n]*[\[*])", "", plain, flags=re.MULTILINE)) & set("%$#_{}~^")
    assert plain.count("&") == 3
    assert not re.search(r"\\\\\s*[\[*]", body)


@pytest.mark.parametrize("form", list(tables.FORMATS))
def test_every_form_prints_every_cell(form, capsys):
    """Terminal, Markdown, CSV and LaTeX."""
    tables.FORMATS[form]([Table("t", ["a_1", "b"], [["x", "50 %"], ["y", "±2"]], ["a note"])])
    said = capsys.readouterr().out
    for cell in ("x", "y", "50", "2"):
        assert cell in said


def test_csv_is_tidy(capsys):
    """One header for all tables, one value a cell, nothing rounded, no line for what is missing."""
    tables.FORMATS["csv"]([MEASURED, OTHER], WORDS)
    found = pandas.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(found.columns[:5]) == ["table", "study", "arm", "metric", "split"]
    assert len(found) == 5
    accuracies = found[found.metric == "accuracy"].set_index("arm")
    assert accuracies.value.to_dict() == {"a, b": 0.4012345, "d": 0.3}
    assert accuracies.loc["a, b", ["low", "high", "n", "runs"]].tolist() == [0.39, 0.41, 50, 3]
    assert pandas.isna(accuracies.low["d"])
    assert found[found.table == "o"].value.tolist() == [0.04]
    assert set(found.text.dropna()) == {"50 % better", "text"}


def test_latex_has_rules_a_label_and_columns_by_their_kind(capsys):
    """For booktabs; what TeX takes for its own is escaped, and long text is broken into lines."""
    long = Table(r"a_b ~ 5 % \ {x}", ["name", Column("n")], [["word " * 20, 3]], ["p < .05"], name="t")
    tables.FORMATS["latex"]([MEASURED, long], WORDS)
    said = capsys.readouterr().out
    assert said.count(r"\toprule") == said.count(r"\bottomrule") == said.count(r"\centering") == 2
    assert r"\label{tab:scores-x}" in said
    assert r"\begin{tabular}{rrrl}" in said
    assert r"\begin{tabular}{p{0.8\linewidth}r}" in said
    assert r"40.12 $\pm$0.88 & 50 \% better" in said
    assert r"a\_b \textasciitilde{} 5 \% \textbackslash{} \{x\}" in said
    assert r"\footnotesize p $<$ .05" in said
