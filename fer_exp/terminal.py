"""Texts laid out for the width of a terminal."""

import itertools
from collections.abc import Sequence

import rich.box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_note(text: str) -> None:
    """Print a line for a person, broken between words to the width of a terminal."""
    console = Console(markup=False, emoji=False, highlight=False)
    console.print(text, soft_wrap=not console.is_terminal)


def laid_out(
    header: Sequence[str],
    rows: Sequence[Sequence[Text]],
    whole: Sequence[bool],
    spare: Sequence[bool],
    width: int,
) -> tuple[Table, list[str]]:
    """The table and the names of the columns that it has no room for.

    whole: of which columns no cell is broken into lines, if that can be had. spare: which columns go first.
    Words are broken where nothing else helps.
    """
    everything = list(range(len(header)))
    needed = [place for place in everything if not spare[place]]
    for keep, places, gap in itertools.product((whole, [False] * len(whole)), (everything, needed), (2, 1)):
        widths = _widths(header, rows, keep, places, width - gap * (len(places) - 1))
        if widths:
            break
    else:
        # digits cut short would be lost, so these are folded
        places, gap, widths = needed, 1, [None] * len(needed)
    shown = Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
    for place, each in zip(places, widths, strict=True):
        shown.add_column(header[place], width=each, overflow="fold")
    for row in rows:
        shown.add_row(*(row[place] for place in places))
    return shown, [header[place] for place in everything if place not in places]


def _widths(
    header: Sequence[str],
    rows: Sequence[Sequence[Text]],
    whole: Sequence[bool],
    places: Sequence[int],
    room: int,
) -> Sequence[int | None] | None:
    """Widths of these columns that leave every word whole and share the rest; None if there is no room."""
    wanted, widths = [], []
    for place in places:
        cells = [row[place].plain for row in rows]
        wanted.append(max(map(cell_len, [header[place], *cells])))
        words = header[place].split() + (cells if whole[place] else " ".join(cells).split())
        widths.append(max(map(cell_len, words), default=1))
    if sum(widths) > room:
        return None
    for _ in range(min(room, sum(wanted)) - sum(widths)):
        neediest = max(range(len(places)), key=lambda column: wanted[column] - widths[column])
        widths[neediest] += 1
    return widths
