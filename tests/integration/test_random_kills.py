"""Commands killed at any moment, by process, worker or group: started again they end as if undisturbed."""

import json
import re
from collections import Counter

import pytest
from helpers.processes import run
from helpers.stores import runs

pytestmark = pytest.mark.slow

TRIALS = 200

# What is left of a writer that was killed, beside its file or among temporary files.
LEFTOVER = re.compile(r"\..*\.[0-9a-f]{8}|fer-exp-scratch-.*|tmp[a-z0-9_]{8}")

# What Python's own tracker of semaphores says of each, if it was the one that was killed and is begun again.
OF_THE_TRACKER = re.compile(
    r'Traceback \(most recent call last\):\n  File "[^"]*/multiprocessing/resource_tracker\.py".*\n.*\n'
    r"KeyError: '/loky-[^']*'\n"
)

OF_THE_MACHINE = re.compile("seconds|solver/")

# What each command makes, whole or not at all.
MADE = {"archive": "runs.jsonl", "report": "page.html", "cache": ".cache/fer2013-*.faces"}


def ended(folder):
    """What has finished in a folder's store but for sweeps, of which each start makes one: its figures."""
    return sorted(
        (
            kind,
            name,
            sorted((*key, value) for key, value in logged.items() if not OF_THE_MACHINE.search(key[0])),
        )
        for kind, name, status, logged in runs(folder)
        if status == "FINISHED" and kind != "sweep"
    )


@pytest.fixture(scope="module")
def trials(tmp_path_factory, request):
    """The folder of the trials, and what came of each: of all for the table, else of a sixth, for time."""
    count = TRIALS if request.config.getoption("reliability") else TRIALS // 6
    folder = tmp_path_factory.mktemp("kills")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        done = run(folder, folder, count, script="tests/helpers/random_kills.py")
    assert done.returncode == 0, done.stderr
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.fault(
    "Killed: a process, one of its workers or its group, at a random moment of training, evaluate, archive, "
    "restore, report or cache",
    trials=TRIALS,
    expected="the next start ends well; figures and files bit for bit, nothing twice, RUNNING or left over",
)
def test_a_command_killed_at_a_random_moment_ends_by_its_next_start_as_if_undisturbed(trials):
    """Whatever was cut."""
    folder, told = trials
    assert {trial["trial"] for trial in told} == set(range(len(told)))
    for trial in told:
        place, quiet = folder / f"trial-{trial['trial']}", folder / f"quiet-{trial['command']}"
        said = OF_THE_TRACKER.sub("", (place / "said.txt").read_text())
        assert trial["codes"][-1] == 0, f"{trial}: {said}"
        assert trial["orphans"] == 0, trial
        # Ctrl-C may come while Python itself begins
        assert trial["signal"] == "SIGINT" or "Traceback" not in said, f"{trial}: {said}"
        assert ended(place) == ended(quiet), trial
        # a sweep outlives its worker, and says of the job that its process died
        ends = {"FINISHED", "KILLED", *(["FAILED"] if trial["target"] == "worker" else [])}
        assert {status for _, _, status, _ in runs(place)} <= ends, trial
        assert [path for path in place.rglob("*") if LEFTOVER.fullmatch(path.name)] == [], trial
        for made in quiet.glob(MADE.get(trial["command"], "none")):
            assert (place / made.relative_to(quiet)).read_bytes() == made.read_bytes(), trial
    cut_short = Counter(trial["command"] for trial in told if trial["codes"][0] != 0)
    assert len(told) < TRIALS or len(cut_short) == 6, cut_short
