"""Whether a printed accuracy can come from n faces: `python -m fer_exp grim`.

For each value and each candidate n: can it be k / n, or an unweighted mean of the accuracies of batches;
from which numerators; and how many figures of as many digits would fit by accident. The GRIM test of Brown
and Heathers 2017, for means over samples and over batches.
"""

from collections.abc import Sequence
from math import prod

from fer_exp import console, tables
from fer_exp.audit.grim import attainable, printed_value
from fer_exp.audit.grim.attainable import Attainable, Fit
from fer_exp.audit.grim.printed_value import Printed
from fer_exp.tables import Column, Table

# Above, the gaps near 0 and 1 are too many to list in memory.
MOST_BATCH, MOST_FACES = 4096, 10**8

# From here on, a fit says little.
LIKELY = 0.01

# More ways than these are counted, not shown.
WAYS_SHOWN = 2


def verdict(found: Fit) -> str:
    """A fit in words."""
    if not found.number:
        return "does not fit"
    if found.chance < LIKELY:
        return f"fits; 1 in {1 / found.chance:,.0f} figures would"
    share = "all" if found.chance > 0.9995 else f"{100 * found.chance:.2g} % of all"
    return f"fits, but so would {share} figures"


def numerators(found: Fit, shares: Attainable) -> str:
    """What was right, for the attainable share nearest to the figure: `k`, or `full + last`."""
    ways = [f"{full:,} + {last:,}" if shares.batches > 1 else f"{last:,}" for full, last in found.ways]
    shown = ways[:WAYS_SHOWN]
    if len(ways) > WAYS_SHOWN:
        shown.append(f"{len(ways) - WAYS_SHOWN} more")
    return " or ".join(shown) or "-"


def kinds(faces: int, batch: int | None) -> dict[str, Attainable]:
    """The shares of so many faces: counts and, given a batch size that makes several, means over batches."""
    found = {"count": attainable.counts(faces)}
    if batch is not None and batch < faces:
        found["batches"] = attainable.batch_means(faces, batch)
    return found


def table(figures: Sequence[Printed], candidates: Sequence[int], batch: int | None) -> Table:
    """A row for each figure, candidate and kind; below, what all figures say together."""
    header = [
        Column("value", key="printed"),
        Column("faces", ",", key="faces"),
        Column("made as", key="made_as", numeric=False),
        Column("fits", ",", {"metric": "fits"}),
        Column("correct", of={"metric": "right"}),
        Column("FMR", ".2g", {"metric": "chance"}),
        Column("verdict", of={"metric": "verdict"}, numeric=False),
    ]
    shown = Table("GRIM test: can these figures come from so many faces?", header, name="grim")
    for faces in candidates:
        for kind, shares in kinds(faces, batch).items():
            found = [attainable.fit(figure, shares) for figure in figures]
            for figure, fit in zip(figures, found, strict=True):
                cells = [fit.number, numerators(fit, shares), fit.chance, verdict(fit)]
                shown.rows.append([figure.text, faces, kind, *cells])
            shown.notes.append(together(faces, shares, found))
    shown.notes.append(
        "fits: how many attainable shares print as the value, if it was rounded and not cut off; correct: "
        "faces predicted correctly for the nearest, as full batches + last; FMR: false-match rate, of all "
        "figures of as many digits, those that fit"
    )
    return shown


def together(faces: int, shares: Attainable, found: Sequence[Fit]) -> str:
    """How many of the figures fit one kind of share, and how likely all would by accident."""
    kind = "counts"
    if shares.batches > 1:
        kind = f"means of {shares.batches:,} batches of {shares.batch:,}, the last of {shares.last:,}"
    fitting = sum(fit.number > 0 for fit in found)
    chance = prod(fit.chance for fit in found)
    return f"{faces:,} faces, {kind}: {fitting} of {len(found)} fit; chance that all do {chance:.2g}"


def faces(text: str) -> list[int]:
    """Numbers of faces from a comma-separated list."""
    return list(dict.fromkeys(map(console.whole(1, MOST_FACES), text.split(","))))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the verdicts on the values given."""
    parser = console.Options("grim", __doc__)
    parser.add_argument("--value", action="append", required=True, help="0.374 or 37.40%%; may be repeated")
    parser.add_argument("--candidates", required=True, type=faces, help="numbers of faces, such as 5741,7178")
    parser.add_argument(
        "--batch", type=console.whole(1, MOST_BATCH), help="batch size (default: only counts are tried)"
    )
    parser.add_argument("--format", default="table", choices=list(tables.FORMATS))
    args = parser.parse_args(arguments)
    figures = list(dict.fromkeys(printed_value.read(text) for text in args.value))
    tables.FORMATS[args.format]([table(figures, args.candidates, args.batch)])
