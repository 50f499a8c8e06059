"""What a page is made of: sections with blocks in them, which the template knows by their `kind`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the page's own words."""

    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Gap:
    """What is missing here, why, and how to get it."""

    text: str
    kind: ClassVar[str] = "gap"


@dataclass(frozen=True)
class Commands:
    """Commands to type, a line each."""

    lines: Sequence[str]
    kind: ClassVar[str] = "commands"


@dataclass(frozen=True)
class Sheet:
    """A table as shown: caption, column names, rows led by their name, and notes below.

    english: numbers of columns whose cells stay English on every page. numeric: of those that are set flush
    right. cards: a card a row on a phone, whose cells are too long for columns.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    english: Collection[int] = ()
    numeric: Collection[int] = ()
    cards: bool = False
    kind: ClassVar[str] = "sheet"


@dataclass(frozen=True)
class Picture:
    """A picture with its caption; white: on a white card, dark page or not; wide: scrolls on a phone."""

    markup: Markup
    caption: str
    white: bool = False
    wide: bool = False
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side under one caption."""

    pictures: Sequence[Picture]
    caption: str
    kind: ClassVar[str] = "gallery"


Block = Paragraph | Gap | Commands | Sheet | Picture | Gallery


@dataclass
class Section:
    """A heading with its blocks, and the sections below it."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    sections: list["Section"] = field(default_factory=list)
