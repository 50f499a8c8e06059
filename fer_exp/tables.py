"""Tables of typed values, and the forms in which they are printed.

A person gets words and rounded figures: on a terminal, in Markdown or LaTeX. A program gets CSV in tidy form:
one header for all tables, a line a value, nothing rounded.
"""

import csv
import dataclasses
import io
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text as Shown

from fer_exp import terminal
from fer_exp.formatting import PLAIN, Message, Styled, Words

Text = str | Message | Styled


@dataclass(frozen=True)
class Column:
    """A column of values. kind: how they are printed, see `formatting.KINDS`.

    of: what tidy form says of each value, as metric, split, subset and n. key: for a column that tells the
    rows apart, the name of its tidy column, `runs` for the number of runs that a row is of. english: whether
    its text has no other language. spare: whether it goes first where a terminal is narrow.
    """

    title: Text
    kind: str = ""
    of: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    numeric: bool = True
    english: bool = False
    spare: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table as it is read: title, header, rows and notes. heading: what its title goes on with, or ""."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]
    heading: str = ""

    @property
    def whole_title(self) -> str:
        """The title of a table that stands alone."""
        return f"{self.heading}: {self.title}" if self.heading else self.title


@dataclass
class Table:
    """A title, columns, rows of as many values, and notes that belong below.

    A value is a text, a message, a number, an interval or None. name, about: which table it is, and what
    all its values are of, for tidy form. heading: what it shares with the tables beside it.
    """

    title: Text
    header: Sequence[Text | Column]
    rows: list[list[Any]] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    name: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    heading: Text = ""

    @property
    def columns(self) -> list[Column]:
        """The header, a bare name as a column of text."""
        return [each if isinstance(each, Column) else Column(each, numeric=False) for each in self.header]

    def filled(self) -> "Table":
        """The same without the columns in which no row has anything; the first stays."""
        columns = self.columns
        kept = [
            place
            for place in range(len(columns))
            if not (place and self.rows and all(row[place] in (None, "") for row in self.rows))
        ]
        rows = [[row[place] for place in kept] for row in self.rows]
        return dataclasses.replace(self, header=[columns[place] for place in kept], rows=rows)

    def in_words(self, words: Words = PLAIN) -> TextTable:
        """The same with nothing but text in it, without empty columns."""
        filled = self.filled()
        kinds = [column.kind for column in filled.columns]
        return TextTable(
            words.text(self.title),
            [words.text(column.title) for column in filled.columns],
            [[words.text(*each) for each in zip(row, kinds, strict=True)] for row in filled.rows],
            [words.text(note) for note in self.notes],
            words.text(self.heading),
        )


# How what is good or bad news stands out on a terminal.
_COLOURS = {"": "", "good": "green", "bad": "red"}


def print_terminal(table: Table, words: Words = PLAIN, under: str = "") -> None:
    """Print for a person at a terminal; under: the heading that is printed already."""
    text, filled = table.in_words(words), table.filled()
    # FORCE_COLOR is for what is printed, and not for what goes into a file
    is_terminal = False if isinstance(sys.stdout, io.StringIO) else None
    # a path may hold what looks like rich's markup
    console = Console(markup=False, emoji=False, force_terminal=is_terminal)
    # not as the table's own, which would be broken to the width of a narrow table; in a file it stays whole
    soft = not console.is_terminal
    if text.heading not in ("", under):
        console.print(text.heading, style="bold", highlight=False, soft_wrap=soft)
        console.print()
    console.print(text.title, style="italic", highlight=False, soft_wrap=soft)
    rows = [list(map(_coloured, *each)) for each in zip(text.rows, filled.rows, strict=True)]
    whole, spare = zip(*((column.numeric, column.spare) for column in filled.columns), strict=True)
    shown, left_out = terminal.laid_out(text.header, rows, whole, spare, console.width)
    console.print(shown)
    for note, value in zip(text.notes, table.notes, strict=True):
        console.print(_coloured(note, value), soft_wrap=soft)
    if left_out:
        console.print(f"no room here for: {', '.join(left_out)}", soft_wrap=soft)
    console.print()


def _coloured(text: str, value: Any) -> Shown:
    return Shown(text, _COLOURS[value.tone] if isinstance(value, Styled) else "")


def _print_terminal_all(tables: Sequence[Table], words: Words = PLAIN) -> None:
    under = ""
    for table in tables:
        print_terminal(table, words, under)
        under = words.text(table.heading)


def print_markdown(tables: Sequence[Table], words: Words = PLAIN) -> None:
    """Print each as a Markdown table under its title."""
    for text in (table.in_words(words) for table in tables):
        print(f"**{_markdown(text.whole_title)}**\n")
        for row in (text.header, ["---"] * len(text.header), *text.rows):
            print("| " + " | ".join(map(_markdown, row)) + " |")
        print()
        for note in text.notes:
            print(f"- {_markdown(note)}")
        print()


def _markdown(text: str) -> str:
    """A text that ends no cell, and makes neither an element of HTML nor a link."""
    return re.sub(r"[\\|]|<(?=[A-Za-z/!?])|(?<=\])\(", lambda found: f"\\{found[0]}", text)


# A column with longer text than this has lines that break.
_LONG = 40


def print_latex(tables: Sequence[Table], words: Words = PLAIN) -> None:
    """Print each as a LaTeX table for the package booktabs, with a caption, a label and its notes."""
    for table in tables:
        _print_latex(table, words)


def _print_latex(table: Table, words: Words) -> None:
    shown = table.in_words(words)
    texts = zip(*shown.rows, strict=True) if shown.rows else [()] * len(shown.header)
    broken = [any(len(cell) > _LONG for cell in cells) for cells in texts]
    kinds = (
        f"p{{{0.8 / max(sum(broken), 1):.2g}\\linewidth}}" if long else "r" if column.numeric else "l"
        for column, long in zip(table.filled().columns, broken, strict=True)
    )
    label = re.sub(r"[^\w.:]+", "-", "-".join(filter(None, (table.name, *table.about.values()))))
    print("% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering")
    print(f"\\caption{{{_latex(shown.whole_title)}}}\n\\label{{tab:{label}}}")
    print(f"\\begin{{tabular}}{{{''.join(kinds)}}}\n\\toprule")
    for number, row in enumerate([shown.header, *shown.rows]):
        # a bracket or star would belong to the end of the line before it
        guard = "{}" if row[0].lstrip().startswith(("[", "*")) else ""
        print(guard + " & ".join(map(_latex, row)) + r" \\" + ("\n\\midrule" if number == 0 else ""))
    print("\\bottomrule\n\\end{tabular}")
    for note in shown.notes:
        print(f"\\par\\footnotesize {_latex(note)}")
    print("\\end{table}\n")


_LATEX = {letter: f"\\{letter}" for letter in "&%$#_{}"}
_LATEX |= {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_LATEX |= {"±": r"$\pm$", "·": r"$\cdot$", "<": "$<$", ">": "$>$"}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


# What tidy form says of each value, whatever tables are printed.
_TIDY = ("metric", "split", "subset", "value", "low", "high", "p", "n", "runs", "text")


def print_csv(tables: Sequence[Table], words: Words = PLAIN) -> None:
    """Print all tables in tidy form, under one header; a share is 0 to 1, and nothing is rounded."""
    named = [name for table in tables for name in (*table.about, *(column.key for column in table.columns))]
    header = ["table", *dict.fromkeys(name for name in named if name and name not in _TIDY), *_TIDY]
    writer = csv.DictWriter(sys.stdout, header, lineterminator="\n")
    writer.writeheader()
    for table in tables:
        writer.writerows(tidy(table, words))


def tidy(table: Table, words: Words = PLAIN) -> Iterator[dict[str, Any]]:
    """A record for each value of a table that is there."""
    about = {key: words.text(value) for key, value in table.about.items()}
    for row in table.rows:
        cells = list(zip(table.columns, row, strict=True))
        keys = {column.key: words.text(cell, column.kind) for column, cell in cells if column.key}
        for column, cell in cells:
            found = {} if column.key else _values(cell, words)
            if found:
                metric = {"metric": words.text(column.title), **column.of}
                yield {"table": table.name, **about, **keys, **metric, **found}


def _values(cell: Any, words: Words) -> dict[str, Any]:
    """What a cell holds, by the names of tidy columns; nothing where there is nothing."""
    if isinstance(cell, Styled):
        return _values(cell.value, words)
    if hasattr(cell, "mean"):
        found = {name: getattr(cell, name, math.nan) for name in ("low", "high", "p")}
        return {"value": cell.mean} | {name: end for name, end in found.items() if not math.isnan(end)}
    if isinstance(cell, int | float):
        return {"value": cell}
    return {"text": words.text(cell)} if cell else {}


# What prints several tables, by the name of the form.
FORMATS: dict[str, Callable[..., None]] = {
    "table": _print_terminal_all,
    "markdown": print_markdown,
    "csv": print_csv,
    "latex": print_latex,
}
