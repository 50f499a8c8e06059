"""The commands beside train.py and evaluate.py, and these two for whoever has installed a wheel.

`python -m fer_exp` lists them, `python -m fer_exp NAME ...` runs one; so does `fer-exp NAME ...`.
"""

import difflib
import importlib
import runpy
import sys
from collections.abc import Sequence
from typing import NamedTuple

from fer_exp import console, machine, places, signals
from fer_exp.errors import UserError


class Command(NamedTuple):
    """The module whose `main(arguments)` runs the command, and a line on it."""

    module: str
    about: str


# In the order in which a user meets them.
COMMANDS = {
    "compare": Command("report.text", "print the tables of the studies in the store"),
    "finding": Command("report.finding", "say in words what the newest sweep has found"),
    "report": Command("report.command", "write one HTML page of all runs"),
    "results": Command("report.results", "write the tables of docs/results anew from the store"),
    "leaderboard": Command("analysis.leaderboard", "print results of others on FER-2013 beside ours"),
    "predict": Command("inference.predict", "rank the emotions of the faces in pictures"),
    "demo": Command("inference.demo.app", "serve a page to try a face in a browser"),
    "export": Command("inference.onnx_export", "write a run's network as an ONNX file"),
    "grim": Command("audit.grim.command", "test whether a printed accuracy can come from n faces"),
    "simulate": Command("analysis.simulation", "show by simulation how often verdicts err"),
    "ui": Command("tracking.server.ui", "browse the runs in MLflow"),
    "archive": Command("tracking.archive.archive_runs", "keep runs in a text file"),
    "restore": Command("tracking.archive.restore_runs", "put archived runs into the store"),
    "sync": Command("tracking.sync", "send what runs kept while their MLflow server was away"),
    "serve": Command("tracking.server.team", "serve a team's runs, with passwords"),
    "data": Command("data.command", "obtain FER-2013, or show what a set of faces holds"),
    "config": Command("config.reference", "write docs/configuration.md from conf/"),
    "faces": Command("data.synthetic", "draw a sheet of synthetic faces"),
}


# The scripts, which Hydra runs; their arguments are overrides.
SCRIPTS = {"train": "train a network, or a sweep of them with -m", "evaluate": "score the test set"}


def listing() -> str:
    """The commands, a line each."""
    abouts = SCRIPTS | {name: command.about for name, command in COMMANDS.items()}
    lines = [f"  {name:<12} {about}" for name, about in abouts.items()]
    usage = "usage: python -m fer_exp COMMAND ...    (python -m fer_exp COMMAND --help)"
    of_scripts = "train and evaluate are python train.py and python evaluate.py"
    return "\n".join([usage, "", *lines, *([] if places.IS_WHEEL else ["", of_scripts])])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that is named first, or list all."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(listing())
        return
    if name in SCRIPTS:
        script = str(places.SCRIPTS / f"{name}.py")
        sys.argv = [script, *rest]
        runpy.run_path(script, run_name="__main__")
        return
    if name not in COMMANDS:
        known = [*COMMANDS, *SCRIPTS]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        console.fail(UserError(f"there is no command {name}; {hint}"))
    machine.settle()
    console.collect_rarely()
    signals.end_by_signals()
    command = COMMANDS[name]
    # here, since each brings packages that the others do not need
    run = importlib.import_module(f"fer_exp.{command.module}").main
    try:
        with console.mistakes_in_one_line():
            run(rest)
    except KeyboardInterrupt:
        sys.exit(console.interrupted("begin again by the same command"))


if __name__ == "__main__":
    main()
