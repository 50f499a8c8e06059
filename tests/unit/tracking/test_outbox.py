"""What is written to a run on a server is put down first, and arrives whole, in order and once."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.tracking import outbox
from fer_exp.tracking.connection import UnreachableError
from fer_exp.tracking.run import ServerRun

URI = "http://user:secret@tracker:5000"


class Server:
    """A real store that stands for one behind a network: it can be gone, or fail after some calls."""

    tracking_uri = URI

    def __init__(self, uri: str):
        self.client = MlflowClient(uri)
        self.answers = float("inf")
        self.calls = 0
        self.loses_the_answer = False

    def reach(self, uri: str) -> None:
        """Say whether anybody is there."""
        if self.answers <= 0:
            raise UnreachableError(uri)

    def __getattr__(self, name):
        """Give the store's method, as long as it answers."""
        call = getattr(self.client, name)

        def over_a_network(*arguments, **named):
            self.answers -= 1
            self.calls += 1
            if self.answers < 0 and not self.loses_the_answer:
                raise MlflowException("API request failed")
            done = call(*arguments, **named)
            if self.answers < 0:
                raise MlflowException("API request failed")
            return done

        return over_a_network


@pytest.fixture
def server(store, tmp_path, monkeypatch):
    """A server that holds the store of this test, far away from the folder that the test runs in."""
    monkeypatch.chdir(tmp_path)
    made = Server(store.uri)
    monkeypatch.setattr(outbox, "reach", made.reach)
    # each try, without rest
    monkeypatch.setattr(outbox, "_REST", 0)
    monkeypatch.setattr(outbox, "_LEAST_REST", 0.0)
    return made


@pytest.fixture
def run(store, server):
    """A run on that server."""
    made = store.create("a", {}, {"kind": "job"})
    return ServerRun(server, made.id, "mlflow-artifacts:/", made.lock)


def steps(store, run):
    """The steps and values of the run's losses, as they lie in the store."""
    return [(point.step, point.value) for point in store.client.get_metric_history(run.id, "loss/val")]


def test_a_server_that_answers_leaves_nothing_behind(run, store):
    """Nothing is kept, and no folder stays when the run has ended."""
    with run.recording():
        run.log({"loss/val": 1.0}, 1)
        assert not run.outbox.waiting
    assert steps(store, run) == [(1, 1.0)]
    assert not run.outbox.folder.exists()


@pytest.mark.fault(
    "Store: an MLflow server stops in mid-run and comes back",
    trials=1,
    expected="training goes on; every epoch arrives once, in order",
)
def test_epochs_of_an_outage_arrive_in_order_before_newer_ones(run, store, server):
    """Logged while it is away, sent with the first epoch after it is back."""
    with run.recording():
        for epoch in range(1, 7):
            server.answers = 0 if 3 <= epoch <= 4 else float("inf")
            run.log({"loss/val": 1 / epoch}, epoch)
    assert steps(store, run) == [(epoch, 1 / epoch) for epoch in range(1, 7)]
    assert store.record(run.id).status == "FINISHED"


def test_what_is_kept_can_be_read_and_holds_no_password(run, server):
    """Plain lines, under the server's name without who asks."""
    server.answers = 0
    run.log({"loss/val": float("nan")}, 3)
    run.tag(note="für alle")
    metrics, tags = map(json.loads, run.outbox.kept.read_text().splitlines())
    assert (metrics["kind"], metrics["step"], str(metrics["values"]["loss/val"])) == ("metrics", 3, "nan")
    assert (tags["kind"], tags["values"]) == ("tags", {"note": "für alle"})
    assert run.outbox.folder.parent.name == "tracker_5000"
    assert tracking.servers_missed() == ["http://tracker:5000"]
    assert "secret" not in "".join(path.read_text() for path in outbox.FOLDER.rglob("*") if path.is_file())


def test_a_server_that_never_comes_back_leaves_the_run_whole_and_says_how_to_send_it(
    run, store, server, caplog
):
    """Metrics, tags, files and the end; `sync` sends them once."""
    with run.recording():
        server.answers = 0
        run.log({"loss/val": 1.0}, 1)
        for content in ("old", "new"):
            with run.file("notes/a.txt") as path:
                path.write_text(content)
        assert run.fetch("notes/a.txt").read_text() == "new"
    [began, ended] = [record.message for record in caplog.records]
    assert "does not answer" in began
    assert ended.endswith("send it later: make sync")
    assert store.record(run.id).status == "RUNNING"
    server.answers, server.calls = float("inf"), 0
    taken = run.outbox.flush()
    assert taken == {"metrics": 1, "file": 1, "status": 1}
    assert run.outbox.flush() == {}
    assert server.calls == 3
    assert store.record(run.id).status == "FINISHED"
    assert steps(store, run) == [(1, 1.0)]
    kept = Path(store.client.download_artifacts(run.id, "notes/a.txt"))
    assert kept.read_text() == "new"


@pytest.mark.parametrize("loses_the_answer", [False, True])
def test_a_server_that_fails_in_the_midst_of_it_gets_the_rest_later(run, store, server, loses_the_answer):
    """Nothing is lost, and nothing doubled where it took an entry without saying so."""
    server.loses_the_answer = False
    server.answers = 0
    for epoch in range(1, 9):
        run.log({"loss/val": 1 / epoch}, epoch)
    server.loses_the_answer = loses_the_answer
    for _ in range(3):
        server.answers = 3
        run.outbox.flush()
    assert not run.outbox.waiting
    assert steps(store, run) == [(epoch, 1 / epoch) for epoch in range(1, 9)]


def test_a_line_cut_short_spoils_nothing(run, store, server):
    """As a kill in mid-write leaves it: it was never promised, and the next is whole."""
    server.answers = 0
    run.log({"loss/val": 1.0}, 1)
    with open(run.outbox.kept, "a") as file:
        file.write('{"kind": "metrics", "st')
    run.log({"loss/val": 2.0}, 2)
    server.answers = float("inf")
    run.outbox.flush()
    assert steps(store, run) == [(1, 1.0), (2, 2.0)]


def test_a_server_that_is_gone_is_left_alone_for_a_while(run, server, monkeypatch):
    """An epoch does not wait for it each time."""
    monkeypatch.setattr(outbox, "_LEAST_REST", 1000.0)
    server.answers = 0
    for epoch in range(5):
        run.log({"loss/val": 1.0}, epoch)
    assert server.calls == 1


def test_what_the_server_refuses_is_no_outage(run):
    """A name that MLflow does not take is an error at once, and nothing is kept."""
    with pytest.raises(MlflowException, match="Invalid value"):
        run.log({"no * name": 1.0})
    assert not run.outbox.waiting


def test_kept_entries_that_are_refused_are_named_and_stay(run, store, server):
    """One line with the file; what came before it is sent."""
    server.answers = 0
    run.log({"loss/val": 1.0}, 1)
    run.params({"a": "1"})
    run.params({"a": "2"})
    server.answers = float("inf")
    with pytest.raises(UserError, match=r"entries\.jsonl: http://tracker:5000 refuses its first line"):
        run.outbox.flush()
    assert steps(store, run) == [(1, 1.0)]
    assert len(run.outbox.kept.read_text().splitlines()) == 1


@pytest.mark.usefixtures("server")
def test_an_entry_is_put_down_before_it_is_sent(run, monkeypatch):
    """Whatever ends the process meanwhile; `sync` finds it."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox.entries, "deliver", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.log({"loss/val": 1.0}, 1)
    [entry] = map(json.loads, run.outbox.kept.read_text().splitlines())
    assert entry["values"] == {"loss/val": 1.0}
    assert tracking.servers_missed() == ["http://tracker:5000"]


ODD_LINES = ["{", "[]", '{"kind": "odd"}', '{"kind": []}', '{"kind": "file"}', "null", "\x00"]


@pytest.mark.parametrize("line", ODD_LINES)
def test_a_damaged_line_is_named(run, server, line):
    """With its file, so that it can be mended; a traceback would help nobody."""
    server.answers = 0
    run.log({"loss/val": 1.0}, 1)
    with open(run.outbox.kept, "a") as file:
        file.write(f"{line}\n")
    server.answers = float("inf")
    with pytest.raises(UserError, match=r"entries\.jsonl, line 2: is damaged; mend or delete it"):
        run.outbox.flush()


def test_one_damaged_outbox_keeps_no_other_waiting(store, run, server, caplog):
    """A sweep that starts says so and goes on; `make sync` collects why."""
    other = ServerRun(server, store.create("b", {}, {}).id, "mlflow-artifacts:/", run.lock)
    # their processes have ended
    run.lock.release(force=True)
    server.answers = 0
    for each in (run, other):
        each.log({"loss/val": 1.0}, 1)
    run.outbox.kept.write_text("{\n")
    server.answers, store.client = float("inf"), server
    assert list(store.sync()) == [other.id]
    assert "line 1: is damaged" in caplog.text
    failed = []
    assert store.sync(failed) == {}
    assert [str(error).endswith("then: make sync") for error in failed] == [True]


def test_asynchronous_logging_loses_nothing(run, store, server, monkeypatch):
    """MLflow would answer before the server has spoken, and forget what it then did not take."""
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
    for epoch in range(1, 4):
        server.answers = 0 if epoch == 2 else float("inf")
        run.log({"loss/val": 1 / epoch}, epoch)
        assert run.outbox.waiting == (epoch == 2)
    assert steps(store, run) == [(epoch, 1 / epoch) for epoch in range(1, 4)]
