"""Commands killed at random moments: `random_kills.py FOLDER COUNT` prints a line of JSON for each trial.

A trial kills a command, one of its workers or its whole group in a folder of its own, `trial-<number>`, and
starts it once more. In `quiet-<command>` it has run in quiet. All are forked from one process that has
imported what they need, as in `warm_start`.
"""

import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from faces_on_disk import table
from processes import FEW
from warm_start import SIGNALS, ended, fork, imported, start

from fer_exp.data import synthetic

SWEEP = ("-m", "training.epochs=2", "stopping=none", "seed=0,1", *FEW)

# Seconds in which what works for a killed process has to end.
ORPHANS = 60


@dataclass(frozen=True)
class Command:
    """What is killed: a script or a command of ours, and whether it begins where a sweep has been trained."""

    script: str
    arguments: tuple[str, ...]
    trained: bool = True


COMMANDS = {
    "training": Command("train.py", (*SWEEP, "n_jobs=2"), trained=False),
    "evaluation": Command("evaluate.py", ("study=adhoc", "baseline=majority")),
    "archive": Command("archive", ("runs.jsonl",)),
    "restore": Command("restore", ("kept.jsonl",), trained=False),
    "report": Command("report", ("--output", "page.html")),
    "cache": Command("data", ("--root", "faces.csv", "--summary"), trained=False),
}

# Of each ten trials; the workers of training start cold, so that takes most.
TURNS = (*COMMANDS, "evaluation", "archive", "restore", "cache")


def begin(folder: Path, name: str, modules: Path | None = None) -> int:
    """A process of its own session that runs a command in a folder; its id."""
    # short, for the sockets that lie there
    temporary = folder / "t"
    temporary.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    command = COMMANDS[name]
    said = (folder / "said.txt",) * 2
    return start(command.script, folder, *command.arguments, said=said, modules=modules)


def prepared(folder: Path) -> None:
    """Make the folders from which trials are copied: `fresh` has an empty store, `trained` a sweep."""
    trained, fresh = folder / "trained", folder / "fresh"
    trained.mkdir()
    said = (trained / "said.txt",) * 2
    modules = folder / "modules.txt"
    assert ended(start("train.py", trained, *SWEEP, "n_jobs=1", said=said, modules=modules)) == 0
    imported(modules)
    assert ended(start("archive", trained, "kept.jsonl", said=said, modules=modules)) == 0
    imported(modules)
    table(synthetic.draw(70, 14, 0), trained / "faces.csv")
    (trained / "said.txt").unlink()
    shutil.copytree(trained, fresh)
    for path in [*fresh.glob("mlflow.db*"), fresh / "mlartifacts", fresh / "outputs"]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    said = (folder / "said.txt",) * 2
    empty = (*SWEEP, "tracking.experiment=other", "dry_run=true")
    assert ended(start("train.py", fresh, *empty, said=said)) == 0


def copied(folder: Path, name: str, to: str) -> Path:
    """A copy of the folder in which a command begins."""
    shutil.copytree(folder / ("trained" if COMMANDS[name].trained else "fresh"), folder / to)
    return folder / to


def undisturbed(folder: Path, name: str) -> float:
    """The seconds that a command takes in quiet, when all that it imports has been imported."""
    if name != "training":
        modules = folder / "modules.txt"
        assert ended(begin(copied(folder, name, f"first-{name}"), name, modules)) == 0
        imported(modules)
    place = copied(folder, name, f"quiet-{name}")
    began = time.monotonic()
    assert ended(begin(place, name)) == 0, (place / "said.txt").read_text()
    return time.monotonic() - began


def members(group: int) -> list[int]:
    """The processes of a group that live, by id; its first apart."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, in_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(in_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return [each for each in found if each != group]


def kill(folder: Path, number: int, usual: dict[str, float]) -> dict[str, object]:
    """What came of a trial: the exit codes of both starts, and who lived on after the first."""
    chance = random.Random(number)
    name = TURNS[number % len(TURNS)]
    trial = copied(folder, name, f"trial-{number}")
    process = begin(trial, name)
    time.sleep(chance.uniform(0, usual[name]))
    target, by = chance.choice(("parent", "worker", "group")), chance.choice(SIGNALS)
    workers = members(process) if target == "worker" else []
    # a worker may end by itself just then
    with contextlib.suppress(ProcessLookupError):
        if target == "group":
            os.killpg(process, by)
        else:
            os.kill(chance.choice(workers) if workers else process, by)
    codes = [ended(process)]
    deadline = time.monotonic() + ORPHANS
    while (orphans := members(process)) and time.monotonic() < deadline:
        time.sleep(0.05)
    codes.append(ended(begin(trial, name)))
    told = {"trial": number, "command": name, "target": target, "signal": by.name}
    return {**told, "codes": codes, "orphans": len(orphans)}


def main(folder: Path, count: int) -> None:
    """All trials, one more at a time than there are cores, as each waits for its disk now and then."""
    prepared(folder)
    usual = {name: undisturbed(folder, name) for name in COMMANDS}
    lanes = 1 + (os.cpu_count() or 1)

    def trials(lane: int) -> None:
        for number in range(lane, count, lanes):
            # one write, so that lanes do not mix
            os.write(1, json.dumps(kill(folder, number, usual)).encode() + b"\n")

    for process in [fork(lambda lane=lane: trials(lane)) for lane in range(lanes)]:
        assert ended(process) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
