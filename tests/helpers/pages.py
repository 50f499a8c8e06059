"""The README and the pages of docs/ as data: the commands, links, anchors and files that they show."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", flags=re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_STARTS = ("python train.py", "python evaluate.py", "python -m fer_exp", "make")


class Shown(NamedTuple):
    """A command that a page tells people to type."""

    page: str
    script: str
    arguments: tuple[str, ...]


def name(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def files(page: Path) -> dict[str, str]:
    """Each file of conf/ that the page shows: its path there, and its text."""
    blocks = [body for _, body in _FENCE.findall(page.read_text(encoding="utf-8"))]
    return dict(
        found.groups() for body in blocks if (found := re.match(r"# conf/(\S+)\n(.*)", body, re.DOTALL))
    )


def commands(page: Path) -> Iterator[Shown]:
    """Every command in a block of code, or in a line of text between backticks."""
    blocks = [body for _, body in _FENCE.findall(page.read_text(encoding="utf-8"))]
    lines = [line for body in blocks for line in body.replace("\\\n", " ").splitlines()]
    lines += [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]
    for line in lines:
        for part in line.split(" && "):
            typed = part.strip().removeprefix("$ ").replace(".venv/bin/", "")
            script = next((start for start in _STARTS if f"{typed} ".startswith(f"{start} ")), None)
            if script:
                yield Shown(name(page), script, tuple(shlex.split(typed.removeprefix(script), comments=True)))


def links(page: Path) -> list[tuple[str, str]]:
    """The pages and pictures of ours that the page links to, as written, each with its anchor or ''."""
    text = prose(page)
    return _LINK.findall(text) + [(place, "") for place in re.findall(r'src="([^"]+)"', text)]


def anchors(page: Path) -> list[str]:
    """The anchors of the page's headings, as GitHub makes them; every heading has another."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return found
