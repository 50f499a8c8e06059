"""Tables of text, and the forms in which they are printed."""

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import rich.box
import rich.table
from rich.cells import cell_len
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
    # a path may hold what looks like rich's markup
    console = Console(markup=False, emoji=False)
    shown = _fitting(table, console.width)
    for row in table.rows:
        shown.add_row(*row)
    # not as the table's own, which would be broken to the width of a narrow table; in a file it stays whole
    soft = not console.is_terminal
    console.print(table.title, style="italic", highlight=False, soft_wrap=soft)
    console.print(shown)
    for note in table.notes:
        console.print(note)
    console.print()


def _fitting(table: Table, width: int) -> rich.table.Table:
    """A table without rows for a terminal of this width: words stay whole, and frames go if need be."""
    columns = list(zip(table.header, *table.rows, strict=True))
    gaps = len(columns) - 1
    framed, bare = _widths(columns, width - 4 - 3 * gaps), _widths(columns, width - gaps)
    shown = rich.table.Table() if framed else rich.table.Table(**_BARE)
    # where nothing helps long words are folded, as digits cut short would be lost
    widths = framed or bare or [None] * len(columns)
    for name, each in zip(table.header, widths, strict=True):
        shown.add_column(name, width=each, overflow="fold")
    return shown


# Columns a space apart, with a line below their names.
_BARE = {"box": rich.box.SIMPLE_HEAD, "show_edge": False, "padding": 0}


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths that hold every word whole and share the rest of the room; None if there is no room."""
    wanted = [max(map(cell_len, cells)) for cells in columns]
    widths = [max(map(cell_len, " ".join(cells).split()), default=1) for cells in columns]
    if sum(widths) > room:
        return None
    for _ in range(min(room, sum(wanted)) - sum(widths)):
        neediest = max(range(len(columns)), key=lambda column: wanted[column] - widths[column])
        widths[neediest] += 1
    return widths


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
