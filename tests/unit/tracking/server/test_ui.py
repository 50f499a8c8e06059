"""MLflow's pages as `python -m fer_exp ui` serves them, seen in a real browser."""

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys

import pytest
from helpers.browser import chromium
from helpers.processes import FEW, open_store, run, start
from helpers.refused import refusal

from fer_exp.errors import UserError
from fer_exp.tracking.server import mlflow_server, ui

# It asks for a user although nobody logs in, and its table is slow to take its size.
MLFLOWS_OWN = re.compile("users/current|ResizeObserver")
# What folds a section of charts.
SECTIONS = "[role='button'], .ant-collapse-header"


@contextlib.contextmanager
def serving(folder, *arguments):
    """The links that the command prints for the store in `folder`, while it serves; and its process."""
    process = start(folder, "--no-browser", *arguments, script="ui")
    process.wait_for(lambda: "\nCtrl-C" in process.stdout)
    lines = process.stdout.partition("\nCtrl-C")[0].splitlines()
    try:
        yield [line.partition(": ")[2] for line in lines], process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


def processes_of(port):
    """What runs on this machine with this port on its command line."""
    listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    return [
        line
        for line in listed.splitlines()
        if f"--port {port}" in line and "fer_exp.tracking.server.ui" not in line
    ]


def test_an_unknown_experiment_is_refused_by_name(store, capsys):
    """With the names of those that are there."""
    line = refusal(capsys, ui.main, "--tracking-uri", store.uri, "--experiment", "nope")
    assert "--experiment nope: there is none" in line


def test_a_taken_port_gives_way_to_the_next():
    """And 0 is any free one."""
    with socket.socket() as taken:
        taken.bind((mlflow_server.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert mlflow_server.free_port(port) > port
    assert mlflow_server.free_port(0) > 0
    with pytest.raises(UserError, match="--port -1: a port is 0 to 65535"):
        mlflow_server.free_port(-1)


@pytest.mark.parametrize(
    ("screens", "opens"), [({}, False), ({"DISPLAY": ":0"}, True), ({"BROWSER": "firefox"}, True)]
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display")
def test_no_browser_is_opened_without_a_display(screens, opens, monkeypatch, capsys):
    """Python would find one for the terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in screens.items():
        monkeypatch.setenv(name, value)
    opened = []
    monkeypatch.setattr(ui.webbrowser, "open", opened.append)
    links = ("http://127.0.0.1:1/jobs", "http://127.0.0.1:1/sweeps")
    ui.show(*links, wanted=True)
    ui.show(*links, wanted=False)
    assert opened == [links[0]] * opens
    said = capsys.readouterr().out
    assert all(link in said for link in links)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_all_its_helpers(store, tmp_path, number):
    """Ctrl-C is the usual end, so exit code 0; neither leaves a process behind."""
    own = ["--experiment", "test", "--tracking-uri", store.uri]
    with serving(tmp_path, "--port", "0", *own) as (links, process):
        port = mlflows_port(links)
        assert processes_of(port)
        process.send_signal(number)
        assert process.wait() == (0 if number == signal.SIGINT else 128 + number)
    assert not processes_of(port)


@pytest.mark.slow
def test_a_newcomer_finds_a_sweep_its_jobs_and_their_charts(tmp_path):
    """Two arms and two seeds on drawn faces; no page complains of anything of ours."""
    with chromium() as browser:
        done = run(tmp_path, "-m", "n_jobs=1", "optimizer=sgd,adam", "seed=0,1", "training.epochs=3", *FEW)
        assert done.returncode == 0, done.stderr
        [sweep] = open_store(tmp_path).records(kind="sweep")
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        page.set_default_timeout(120_000)
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        with serving(tmp_path, "--port", "0") as (links, _):
            look_at(page, links, sweep)
            page.close()
            assert [said for said in complaints if not MLFLOWS_OWN.search(said)] == []
            assert host_answers(mlflows_port(links), "example.org") == 403
            assert host_answers(mlflows_port(links), "localhost") == 200


def look_at(page, links, sweep):
    """Go from the charts to the sweeps, to a sweep's description, to a job and to its curves."""
    charts, sweeps, _ = links
    page.goto(charts)
    page.locator(".js-plotly-plot .scatterlayer .js-line").first.wait_for()
    sections = [text.split()[0] for text in page.locator(SECTIONS).all_inner_texts() if "Add chart" in text]
    assert sections[:2] == ["accuracy", "loss"]
    for name in ("sgd · seed 0", "sgd · seed 1", "adam · seed 0", "adam · seed 1"):
        page.get_by_role("link", name=name).first.wait_for()
    page.get_by_text("FER-2013").first.wait_for()
    page.goto(sweeps)
    page.get_by_role("link", name=sweep.name).click()
    page.get_by_text("python train.py -m n_jobs=1 optimizer=sgd,adam seed=0,1").first.wait_for()
    page.goto(sweeps.replace("sweeps", sweep.run_id[:8]))
    page.get_by_text("python train.py -m n_jobs=1 optimizer=sgd,adam seed=0,1").first.wait_for()
    page.get_by_role("link", name="adam · seed 1").click()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("figures").first.click()
    page.get_by_text("curves.png").first.click()
    page.locator("img[src*='blob:']").first.wait_for()


def mlflows_port(links):
    """The port of MLflow's own server, which the short links lead to."""
    connection = http.client.HTTPConnection(links[0].split("/")[2], timeout=30)
    connection.request("GET", "/jobs")
    try:
        return int(connection.getresponse().headers["Location"].split("/")[2].split(":")[1])
    finally:
        connection.close()


def host_answers(port, host):
    """The status of the server's answer to a request under another name."""
    connection = http.client.HTTPConnection(mlflow_server.HOST, port, timeout=30)
    connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": host})
    try:
        return connection.getresponse().status
    finally:
        connection.close()
