"""docs/reliability.md, written from a run of the tests that try a fault (`make reliability`).

Each is marked `fault`: what happens, as `Group: fault`; how often all of the test's parameters together
try it; what is expected. What was seen comes from the run, with what a test has recorded as `seen`.
"""

import datetime
import os
import platform
import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Row:
    """A fault as tried: the trials of each test, the outcomes, and what the tests recorded."""

    trials: dict[str, int] = field(default_factory=dict)
    outcomes: Counter = field(default_factory=Counter)
    recorded: list[str] = field(default_factory=list)

    def seen(self) -> str:
        """What came of the tests, in words."""
        if set(self.outcomes) == {"passed"}:
            outcomes = ["passed"]
        else:
            outcomes = [f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        return "; ".join([*outcomes, *dict.fromkeys(self.recorded)])


def _described(fault: str, trials: int, expected: str) -> tuple[str, int, str]:
    """The arguments of the marker, in order; a marker that lacks one ends the collection."""
    return fault, trials, expected


class Table:
    """Gathers what becomes of each fault, and writes the table at the end."""

    def __init__(self, path: Path, command: Iterable[str]):
        self.path = path
        self.command = shlex.join(["pytest", *command])
        self.rows: dict[tuple[str, str], Row] = {}
        self.ended: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a test whose parts (set up, call, tear down) have all ended."""
        if report.failed:
            self.ended[report.nodeid] = "FAILED"
        elif report.skipped:
            self.ended[report.nodeid] = f"skipped ({_reason(report)})"
        if report.when == "teardown":
            properties = dict(report.user_properties)
            if "fault" in properties:
                self._add(report.nodeid, *properties["fault"], properties.get("seen"))

    def _add(self, test: str, fault: str, trials: int, expected: str, recorded: object) -> None:
        row = self.rows.setdefault((fault, expected), Row())
        row.trials[test.partition("[")[0]] = trials
        row.outcomes[self.ended.get(test, "passed")] += 1
        row.recorded += [] if recorded is None else [str(recorded)]

    def pytest_sessionfinish(self) -> None:
        """Write the table, whole, whatever came of the tests."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.text(), encoding="utf-8")

    def text(self) -> str:
        """The table as Markdown, in groups."""
        today = datetime.date.today().isoformat()
        lines = ["# Faults, as tried by the tests", ""]
        lines += [f"Written by `{self.command}` on {today}, on a machine of {os.cpu_count()} cores"]
        lines[-1] += f" ({platform.system()}, Python {platform.python_version()})."
        group = None
        for (fault, expected), row in sorted(self.rows.items()):
            heading, _, said = fault.partition(": ")
            if heading != group:
                group = heading
                lines += ["", f"## {group}", "", "| fault | trials | expected | seen |", "|---|---|---|---|"]
            cells = [said, str(sum(row.trials.values())), expected, row.seen()]
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
        return "\n".join(lines) + "\n"


def _reason(report: pytest.TestReport) -> str:
    """Why a test was skipped."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(said.removeprefix("Skipped: ").split())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the table."""
    parser.addoption("--reliability", type=Path, metavar="FILE", help="write the table of faults there")


def pytest_configure(config: pytest.Config) -> None:
    """Gather in the process that all reports come to; xdist's workers only send them."""
    path = config.getoption("--reliability")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(path, map(str, config.invocation_params.args)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Send what the marker says along with the test's report."""
    for marker in item.iter_markers("fault"):
        item.user_properties.append(("fault", _described(*marker.args, **marker.kwargs)))
