"""The page to try a face, as a browser and as others ask it, over a real port."""

import base64
import contextlib
import http.client
import io
import json
import re
import shutil
import signal
import socket
import sys
import threading
import time
from importlib import resources

import numpy as np
import pytest
from helpers import processes
from PIL import Image

from fer_exp import tracking
from fer_exp.config import settings
from fer_exp.data import datasets, synthetic
from fer_exp.experiment import drivers
from fer_exp.experiment.job import Job
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference.demo import app
from fer_exp.inference.demo.answers import MOST_NETWORKS, Answers, NoRunError
from fer_exp.inference.face_detection import BoundingBox
from fer_exp.models import network
from fer_exp.tracking import registry

pytest.importorskip("fastapi", reason="FastAPI is not installed")
from fer_exp.inference.demo import server as demo_server


@pytest.fixture(scope="module")
def trained(tmp_path_factory, migrated_store, compose_settings, tiny_dataset):
    """A store with one finished run, trained on the tiny faces, and that run's id."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(migrated_store, folder / "mlflow.db")
    where = [f"tracking.uri=sqlite:///{folder / 'mlflow.db'}", f"tracking.artifacts={folder / 'kept'}"]
    chosen = compose_settings("layers=64-32-16", "training.epochs=1", "tracking.log_model=false", *where)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "load_faces", lambda _: tiny_dataset)
        outcome = drivers.run(Job(chosen, "tiny"))
    return tracking.Store(chosen.tracking), outcome.run_id


@pytest.fixture
def begin(trained):
    """Begin a run that holds nothing but its tags; it is taken away after the test."""
    store, _ = trained
    begun = []

    def begin_run(params):
        begun.append(store.create("other", params, {"kind": "job"}))
        return begun[-1]

    yield begin_run
    for run in begun:
        store.client.delete_run(run.id)


@contextlib.contextmanager
def serving(store, run):
    """Serve a page that shows the run, and looks for no face: its port."""
    with demo_server.listening(0) as door:
        port = door.getsockname()[1]
        server = demo_server.server(Answers(store, None), run, port)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def served(trained):
    """The port of a page that shows the run."""
    with serving(*trained) as port:
        yield port


@pytest.fixture
def ask(served):
    """Send a request to the page: status, headers, text."""

    def asked(method, path, body=None, **headers):
        line = http.client.HTTPConnection("127.0.0.1", served, timeout=30)
        with contextlib.closing(line) as connection:
            connection.request(method, path, body, {"Host": f"127.0.0.1:{served}", **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    return asked


def png(pixels):
    """A picture as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def face(emotion="happy"):
    """A drawn face, uint8 [48, 48]."""
    return synthetic.draw_face(emotion, np.random.default_rng(0))


def pixels_of(address):
    """The pixels of a picture that is written out in its address."""
    head, data = address.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def reason(answer, status):
    """The one line of JSON that a refusal consists of."""
    assert answer[0] == status
    assert "\n" not in answer[2]
    found = json.loads(answer[2])
    assert list(found) == ["error"]
    return found["error"]


def test_a_drawn_face_gets_seven_ranked_emotions(ask, trained):
    """With the very pixels that the network saw, and the spots that mattered in colour."""
    status, _, text = ask("POST", f"/predict?run={trained[1]}", png(face()))
    assert status == 200
    found = json.loads(text)
    (view,) = found["views"]
    assert {name for name, _ in view["ranked"]} == set(EMOTIONS)
    chances = [chance for _, chance in view["ranked"]]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1)
    np.testing.assert_array_equal(pixels_of(view["crop"]), face())
    assert pixels_of(view["overlay"]).shape == (48, 48, 4)
    assert (found["cut"], found["size"], view["face"]) == ("ready", [48, 48], None)
    assert -1 < view["largest_fall"] < 1


def test_the_runs_to_choose_from_say_how_good_they_are(ask, trained, begin):
    """Finished jobs alone, and which is shown first."""
    store, run = trained
    begin({})
    store.client.set_terminated(begin({}).id)
    found = json.loads(ask("GET", "/runs")[2])
    record = store.record(run)
    accuracy = record.metrics["selected/val_accuracy"]
    said = {"id": run, "name": "tiny", "data": "synthetic", "protocol": "honest", "accuracy": accuracy}
    assert found == {"chosen": run, "runs": [said | {"n": int(record.params["faces.validation"])}]}


def test_a_run_of_another_experiment_can_be_chosen_by_its_id(trained):
    """It is in the list then, alone here."""
    store, run = trained
    elsewhere = tracking.Store(settings.Tracking(store.uri, "unused", "elsewhere", False))
    assert [found["id"] for found in Answers(elsewhere, None).runs(run)] == [run]


@pytest.mark.parametrize(
    ("finder", "size", "cut", "faces"),
    [
        (None, 60, "unsearched", [None]),
        (lambda _: [], 60, "none", [None]),
        (lambda _: [BoundingBox(1, 2, 30)], 60, "found", [[1, 2, 30]]),
        (lambda _: [BoundingBox(1, 2, 30), BoundingBox(20, 5, 40)], 60, "found", [[1, 2, 30], [20, 5, 40]]),
        (lambda _: [BoundingBox(1, 2, 30)], 48, "ready", [None]),
    ],
)
def test_it_says_how_the_picture_was_cut(trained, finder, size, cut, faces):
    """Not searched, none found, one, several, and a face already."""
    picture = np.random.default_rng(0).integers(0, 256, (size, size), dtype=np.uint8)
    found = Answers(trained[0], finder).answer(trained[1], png(picture))
    assert found["cut"] == cut
    assert [view["face"] and list(view["face"]) for view in found["views"]] == faces


@pytest.mark.parametrize("data", [b"", b"hello", png(face())[:60]])
def test_what_is_no_picture_is_refused(ask, trained, data):
    """Nothing, a text, and half a picture."""
    assert reason(ask("POST", f"/predict?run={trained[1]}", data), 400).startswith("the picture: cannot be")


def test_a_picture_of_too_many_pixels_is_refused(ask, trained):
    """However few bytes it takes to declare them."""
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG")
    assert "declares 9000x9000" in reason(ask("POST", f"/predict?run={trained[1]}", file.getvalue()), 400)


@pytest.mark.parametrize("head", [f"Content-Length: {10**9}", "Transfer-Encoding: chunked"])
def test_too_large_a_picture_is_refused_before_it_has_arrived(served, head):
    """By what it declares, or while it comes in pieces that never end."""
    with socket.create_connection(("127.0.0.1", served), timeout=30) as line:
        line.sendall(f"POST /predict?run=x HTTP/1.1\r\nHost: 127.0.0.1:{served}\r\n{head}\r\n\r\n".encode())
        if "chunked" in head:
            size = demo_server.MOST_BYTES + 1
            line.sendall(f"{size:x}\r\n".encode() + bytes(size))
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert reason((answer.status, None, answer.read().decode()), 413).startswith("the picture has more")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""])
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/runs"), ("POST", "/predict")])
@pytest.mark.fault("Security: the demo page under a foreign Host", trials=15, expected="refused")
def test_a_foreign_name_is_refused(ask, host, method, path):
    """A name that someone else has pointed at this machine."""
    assert "own address" in reason(ask(method, path, Host=host), 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
@pytest.mark.fault("Security: the demo page asked from another site", trials=4, expected="refused")
def test_a_picture_from_another_site_is_refused(ask, trained, origin):
    """Also from a sandboxed frame and from another port of this machine."""
    answer = ask("POST", f"/predict?run={trained[1]}", png(face()), Origin=origin)
    assert "only from itself" in reason(answer, 403)


def test_its_own_page_may_send_pictures_by_either_name(ask, served, trained):
    """127.0.0.1 and localhost."""
    for host in (f"127.0.0.1:{served}", f"localhost:{served}"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert ask("POST", f"/predict?run={trained[1]}", png(face()), **headers)[0] == 200


@pytest.mark.parametrize("query", ["?run=nope", "", "?run=", "?run=../../etc/passwd", "?run=%00"])
def test_an_unknown_run_is_404(ask, query):
    """Also none, and what is no id."""
    assert "run" in reason(ask("POST", f"/predict{query}", png(face())), 404)


def test_a_run_without_a_network_is_404(ask, trained, begin):
    """One that is not finished, and one that lost its weights."""
    run = begin({"protocol.weights": "best"})
    assert "only a finished run" in reason(ask("POST", f"/predict?run={run.id}", png(face())), 404)
    trained[0].client.set_terminated(run.id)
    assert "has no checkpoints" in reason(ask("POST", f"/predict?run={run.id}", png(face())), 404)


@pytest.mark.parametrize("path", ["/nothing", "/docs", "/openapi.json", "/predict"])
def test_other_addresses_are_one_line_too(ask, path):
    """Nor FastAPI's own pages, which load scripts from elsewhere; GET is no way to send a picture."""
    reason(ask("GET", path), 405 if path == "/predict" else 404)


def test_only_the_latest_few_networks_are_kept(trained, monkeypatch):
    """The one that was asked longest ago goes; a run is read once while it is kept."""
    store, run = trained
    read = []
    record = store.record(run)
    monkeypatch.setattr(store, "find", lambda name: tracking.Record(**{**vars(record), "run_id": name}))
    monkeypatch.setattr(registry, "load_classifier", lambda record, _: read.append(record.run_id))
    answers = Answers(store, None)
    for name in [*"abcd", "a", "e", "a", "b"]:
        answers.load(name)
    assert MOST_NETWORKS == 4
    assert "".join(read) == "abcdeb"


def test_which_run_is_the_latest_is_asked_each_time(trained, monkeypatch):
    """It may have changed since."""
    store, run = trained
    answers = Answers(store, None)
    assert answers.load("latest")[0].run_id == run
    monkeypatch.setattr(store, "find", lambda _: store.record("gone"))
    with pytest.raises(NoRunError, match="gone"):
        answers.load("latest")


def test_nothing_of_a_picture_is_kept_or_said(ask, trained, tmp_path, monkeypatch, capfd):
    """No file, no line in the terminal, whether it could be read or not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for data in (png(face()), b"hello"):
        ask("POST", f"/predict?run={trained[1]}", data)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_failure_of_the_server_is_one_line(ask, trained, monkeypatch, capfd):
    """Here and in the terminal; it names the kind of failure, and nothing of the picture."""

    def fail(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(network, "logits", fail)
    said = reason(ask("POST", f"/predict?run={trained[1]}", png(face())), 500)
    assert said == "the server failed, with ZeroDivisionError"
    assert capfd.readouterr() == ("", f"error: {said}\n")


def test_nothing_is_reported_to_another_machine(trained, monkeypatch, caplog):
    """Not even where the environment tells FastAPI to, which would also say if it cannot."""
    with demo_server.listening(0) as collector:
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.getsockname()[1]}")
        with serving(*trained) as port, socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        # by now all that was held back would have been sent
        collector.setblocking(False)
        with pytest.raises(BlockingIOError):
            collector.accept()
    assert [record.name for record in caplog.records if record.name == "fastapi"] == []


def test_every_answer_forbids_what_comes_from_elsewhere(ask):
    """The page, its parts and refusals; nothing inline may run either."""
    for path in ("/", "/page.js", "/page.css", "/runs", "/nothing"):
        headers = ask("GET", path)[1]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_page_names_no_other_place(ask):
    """No address of another server in any of its parts."""
    for path in ("/", "/page.js", "/page.css"):
        assert not re.search(r"(https?:)?//\w", re.sub(r"^\s*//.*$", "", ask("GET", path)[2], flags=re.M))


def test_the_page_is_korean_where_asked(ask):
    """English otherwise, also for a language that it does not speak."""
    korean = ask("GET", "/?lang=ko")[2]
    assert '<html lang="ko">' in korean
    assert "사람을 판단하는 데 쓰지 마세요." in korean
    for path in ("/", "/?lang=en", "/?lang=xx"):
        english = ask("GET", path)[2]
        assert '<html lang="en">' in english
        assert "Not for judging people." in english
    assert "{{" not in korean + english


def test_each_text_has_its_twin():
    """With the same places to fill, and every text that the page names is there."""
    folder = resources.files("fer_exp.inference.demo")
    words = json.loads((folder / "page.json").read_text("utf-8"))
    for key, (english, korean) in words.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", korean)), key
    script = (folder / "page.js").read_text("utf-8")
    assert set(re.findall(r'\btext\("(\w+)"', script)) <= set(words)
    assert {*EMOTIONS, "found_one", "found_many", "none", "unsearched", "ready"} <= set(words)


@pytest.fixture
def command(trained, tmp_path):
    """The command as a process of its own, and the port that it says."""
    line = ["--no-browser", "--port", "0", "--tracking-uri", trained[0].uri]
    process = processes.start(tmp_path, *line, script="demo")
    process.wait_for(lambda: "\n" in process.stdout)
    return process, int(
        re.fullmatch(r"http://127\.0\.0\.1:(\d+)/ shows tiny; Ctrl-C ends it\n", process.stdout)[1]
    )


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_cleanly(command, number, code):
    """While half a picture has arrived, without a word more than the address."""
    process, port = command
    address = process.stdout
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        head = f"POST /predict?run=x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        line.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n".encode())
        # the server asks for the rest, so it is waiting for it now
        assert line.recv(100).startswith(b"HTTP/1.1 100")
        line.sendall(b"half")
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait() == code
    assert (process.stdout, process.stderr) == (address, "")
    assert time.monotonic() - began < 10


@pytest.fixture
def refused(capsys):
    """Type the command: the one line of its exit with code 2."""

    def typed(*arguments):
        with pytest.raises(SystemExit) as ended:
            app.main(["--no-browser", *map(str, arguments)])
        assert ended.value.code == 2
        said = capsys.readouterr()
        (line,) = said.err.splitlines()
        assert said.out == ""
        return line

    before = signal.getsignal(signal.SIGTERM)
    yield typed
    signal.signal(signal.SIGTERM, before)


def test_a_port_that_is_taken_is_one_line(refused):
    """It names the port; one that does not exist is refused alike."""
    with demo_server.listening(0) as door:
        port = door.getsockname()[1]
        assert refused("--port", port).startswith(f"error: --port {port}: cannot be used (Address already")
    assert refused("--port", 70000).startswith("error: --port 70000: cannot be used (a port is 0 to 65535)")


def test_a_store_without_a_finished_run_is_one_line(refused, store):
    """It says what to do."""
    line = refused("--port", 0, "--tracking-uri", store.uri, "--experiment", "test")
    assert line == "error: run=latest: there is no finished run yet: python train.py"


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_without_fastapi_it_says_how_to_get_it(refused, monkeypatch, missing):
    """In one line."""
    for name in (missing, "fer_exp.inference.demo.server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr("fer_exp.inference.demo.server")

    class Gone:
        """What makes one package look as if it was not installed."""

        def find_spec(self, name, *_):
            """Nothing is there."""
            if name == missing:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Gone(), *sys.meta_path])
    line = refused()
    assert line == f"error: the demo page needs {missing}, which is not installed: {app.EXTRA}"


@pytest.mark.fault("Security: the demo page from another machine", trials=1, expected="not reached")
def test_the_server_answers_this_machine_only():
    """Its socket is bound to the loopback address."""
    with demo_server.listening(0) as door:
        assert door.getsockname()[0] == "127.0.0.1"


@pytest.fixture
def browser():
    """Chromium with a camera that shows a moving test picture, which needs no permission."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("there is no chromium here")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *camera])
        yield found
        found.close()


@pytest.mark.slow
@pytest.mark.parametrize(("language", "happy"), [("en", "happy"), ("ko", "기쁨")])
def test_a_browser_shows_the_answer(browser, served, tmp_path, language, happy):
    """By keyboard and camera, on a phone, dark and light, without a complaint in the console."""
    (tmp_path / "face.png").write_bytes(png(face()))
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        complaints = []
        page.on("console", lambda said, complaints=complaints: complaints.append(said.text))
        page.on("pageerror", lambda error, complaints=complaints: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{served}/?lang={language}")
        page.wait_for_selector("#run option", state="attached")
        page.set_input_files("#file", tmp_path / "face.png")
        page.wait_for_selector("#result:not([hidden])")
        names = page.locator("li .emotion").all_inner_texts()
        assert (len(names), happy in names) == (7, True)
        assert names[0] in page.inner_text("#status")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.focus("#camera")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open]")
        # it waits until the button can be pressed, which is when the camera shows something
        page.click("#take")
        page.wait_for_selector("dialog", state="hidden")
        page.wait_for_selector("#result:not([hidden])")
        assert page.evaluate("document.getElementById('video').srcObject") is None
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert complaints == []
        page.close()


@pytest.mark.slow
def test_a_browser_says_why_there_is_no_answer(browser, served, tmp_path):
    """No picture, and one that is too large, which is not even sent."""
    (tmp_path / "text.png").write_text("hello")
    with open(tmp_path / "large.png", "wb") as file:
        file.truncate(demo_server.MOST_BYTES + 1)
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(f"http://localhost:{served}/")
    page.wait_for_selector("#run option", state="attached")
    page.set_input_files("#file", tmp_path / "text.png")
    page.wait_for_selector("#error:not(:empty)")
    assert page.inner_text("#error") == "This cannot be read as a picture."
    assert "not a JPEG" in page.inner_text("#reason")
    page.set_input_files("#file", tmp_path / "large.png")
    page.wait_for_selector("#error:has-text('10 MB')")
    assert asked.count("POST") == 1
    assert page.is_hidden("#result")
