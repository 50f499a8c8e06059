"""Tables of text, and the forms in which they are printed."""

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import rich.table
from rich.console import Console


@dataclass
class Table:
    """A title, column names, rows of as many cells, and notes that belong below."""

    title: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def print_terminal(table: Table) -> None:
    """Print for a person at a terminal."""
    # a narrow terminal would cut long words short, digits among them
    columns = (rich.table.Column(name, overflow="fold") for name in table.header)
    shown = rich.table.Table(*columns)
    for row in table.rows:
        shown.add_row(*row)
    # a path may hold what looks like rich's markup
    console = Console(markup=False, emoji=False)
    # not as the table's own, which would be broken to the width of a narrow table
    console.print(table.title, style="italic", highlight=False, soft_wrap=True)
    console.print(shown)
    for note in table.notes:
        console.print(note)
    console.print()


def print_markdown(table: Table) -> None:
    """Print as a Markdown table under its title."""
    print(f"**{table.title}**\n")
    for row in (table.header, ["---"] * len(table.header), *table.rows):
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    print()
    for note in table.notes:
        print(f"- {note}")
    print()


def print_csv(table: Table) -> None:
    """Print as comma-separated values, each row led by the table's title."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["table", *table.header])
    writer.writerows([table.title, *row] for row in table.rows)


def print_latex(table: Table) -> None:
    """Print as a LaTeX tabular with its title as the caption."""
    print("\\begin{table}\n\\caption{" + _latex(table.title) + "}")
    print("\\begin{tabular}{" + "l" * len(table.header) + "}\n\\hline")
    for number, row in enumerate([table.header, *table.rows]):
        print(" & ".join(_latex(cell) for cell in row) + r" \\" + (r" \hline" if number == 0 else ""))
    print("\\hline\n\\end{tabular}\n\\end{table}\n")


def _latex(text: str) -> str:
    escaped = "".join(f"\\{letter}" if letter in "&%$#_{}" else letter for letter in text)
    return escaped.replace("±", "$\\pm$").replace("·", "$\\cdot$")


FORMATS: dict[str, Callable[[Table], None]] = {
    "table": print_terminal,
    "markdown": print_markdown,
    "csv": print_csv,
    "latex": print_latex,
}
