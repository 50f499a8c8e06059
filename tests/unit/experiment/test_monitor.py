"""How a sweep is said to stand, and that whoever watches it breaks nothing."""

import dataclasses
from types import SimpleNamespace

import pytest
from helpers.patience import wait_until

from fer_exp import formatting, logs
from fer_exp.experiment import monitor
from fer_exp.experiment.plan import PlannedJob
from fer_exp.tracking import Record, UnreachableError

JOBS = [PlannedJob({"seed": str(seed)}, None, "faces", f"id{seed}") for seed in range(5)]


def record(status, accuracy=None):
    """A run that stands like this."""
    metrics = {} if accuracy is None else {"selected/val_accuracy": accuracy}
    return Record("run", "name", status, {}, {}, metrics, 0.0, "")


def test_a_sweep_is_counted_by_what_became_of_each_job():
    """One reused, one done, one failed, one running, one not begun; the best may be a reused one."""
    now = {"id1": record("FINISHED", 0.3), "id2": record("FAILED"), "id3": record("RUNNING")}
    found = monitor.progress_of(JOBS, {"id0": record("FINISHED", 0.4)}, now, elapsed=60)
    assert found == monitor.SweepProgress(5, 2, 1, 1, (0.4, "seed 0"), 60)
    assert str(found) == "2/5 done · 1 running · 1 failed · about 60 s left · best val 40.00 % (seed 0)"


@pytest.mark.parametrize(
    ("limits", "said"), [((30, 30), "epoch 12, 20 of 30"), ((30, 100), "epoch 12/30, 20/100")]
)
def test_the_epochs_of_running_jobs_are_told(limits, said):
    """A job of 100 epochs takes minutes, in which nothing else changes."""
    jobs = [
        dataclasses.replace(job, settings=SimpleNamespace(training=SimpleNamespace(epochs=limit)))
        for job, limit in zip(JOBS, limits, strict=False)
    ]
    now = {f"id{n}": dataclasses.replace(record("RUNNING"), run_id=f"run{n}") for n in range(2)}
    found = monitor.progress_of(jobs, {}, now, 60, {"run0": 12, "run1": 20})
    assert str(found) == f"0/2 done · 2 running ({said})"


def test_nothing_is_promised_before_a_job_has_ended():
    """Neither a time nor a best."""
    assert (
        str(monitor.progress_of(JOBS, {}, {"id0": record("RUNNING")}, elapsed=60)) == "0/5 done · 1 running"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89, "89 s"), (700, "12 min"), (7500, "2 h 5 min"), (86400, "24 h 0 min")],
)
def test_durations_are_said_as_people_do(seconds, said):
    """Seconds, minutes, hours."""
    assert formatting.duration(seconds) == said


@pytest.fixture
def watched(store, monkeypatch):
    """What watches a sweep with one finished job of two, without a rest, for some looks or until it fails."""
    for name, value in {"_LOOK": 0.01, "_DRAW": 0.01, "_LINE": 0.01, "_REST": 1}.items():
        monkeypatch.setattr(monitor, name, value)
    look, looks = monitor.SweepMonitor._look, []
    monkeypatch.setattr(monitor.SweepMonitor, "_look", lambda *given: looks.append(given) or look(*given))
    parent = store.create("sweep", {}, {"kind": "sweep"})
    child = store.create("a", {}, {"kind": "job", "identity": "id0"}, parent.id)
    with child.recording():
        child.log({"selected/val_accuracy": 0.5})

    def watch():
        watch = monitor.SweepMonitor(JOBS[:2], {}, store, parent.id)
        wait_until(lambda: len(looks) > 10 or not watch.thread.is_alive(), 60)
        watch.stop()
        assert not watch.thread.is_alive()

    return watch


def test_without_a_terminal_a_change_is_one_plain_line(watched, capsys):
    """However often the store is asked."""
    watched()
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("1/2 done · 0 running · about ")
    assert line.endswith("left · best val 50.00 % (seed 0)")


def test_on_a_terminal_one_line_is_drawn_over_and_taken_away(watched, capsys, monkeypatch):
    """It never scrolls, and its last trace is wiped."""
    monkeypatch.setattr(logs, "is_terminal", lambda: True)
    watched()
    out = capsys.readouterr().out
    assert "\n" not in out
    assert "1/2 done" in out
    assert out.endswith("\r\x1b[2K")


def test_a_store_that_fails_ends_the_watch_alone(watched, store, monkeypatch, caplog):
    """The sweep goes on, and the log says why no more is shown."""
    monkeypatch.setattr(store, "children", lambda _: 1 / 0)
    watched()
    assert "no longer watched (division by zero)" in caplog.text


def test_a_server_that_is_away_for_a_while_is_asked_again(watched, store, monkeypatch, capsys, caplog):
    """The watch goes on as soon as it is back."""
    children, away = store.children, iter(range(3))

    def asked(run_id):
        for _ in away:
            raise UnreachableError("http://tracker")
        return children(run_id)

    monkeypatch.setattr(store, "children", asked)
    watched()
    assert capsys.readouterr().out.startswith("1/2 done")
    assert not caplog.records


def test_a_trial_that_diverged_is_done():
    """It has had its turn."""
    trials = [PlannedJob({"search.trial": str(trial)}, None, "faces", f"id{trial}") for trial in range(2)]
    lost = Record("run", "name", "FAILED", {}, {"error": "DivergedError: x"}, {}, 0.0, "")
    found = monitor.progress_of(trials, {}, {"id0": lost}, elapsed=60)
    assert (found.done, found.failed) == (1, 0)
