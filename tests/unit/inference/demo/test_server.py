"""The page's server: whom it answers, and what it keeps, says and sends."""

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.demo_page import face, reason
from helpers.faces_on_disk import png

from fer_exp.models import classifier

pytest.importorskip("fastapi", reason="FastAPI is not installed")
from fer_exp.inference.demo import answers, connections
from fer_exp.inference.demo import server as demo_server


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


@pytest.mark.fault(
    "Security: pictures sent to the demo page that never arrive, or many at a time",
    trials=2,
    expected="given up, or answered by one thread, whose memory serves them all",
)
def test_a_picture_that_does_not_arrive_is_given_up(served, monkeypatch):
    """Whoever holds connections open holds no more than that."""
    monkeypatch.setattr(connections, "SECONDS_TO_ARRIVE", 0.5)
    with socket.create_connection(("127.0.0.1", served), timeout=30) as line:
        head = f"POST /predict?run=x HTTP/1.1\r\nHost: 127.0.0.1:{served}\r\nContent-Length: 100\r\n\r\n"
        line.sendall(head.encode() + b"few")
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert "did not arrive" in reason((answer.status, None, answer.read().decode()), 408)


def test_connections_that_ask_nothing_are_closed(served, ask, monkeypatch):
    """As many as may be under way; the page is there again once their time is over."""
    monkeypatch.setattr(connections, "SECONDS_TO_ARRIVE", 2)
    asked = socket.create_connection(("127.0.0.1", served))
    asked.sendall(f"HEAD /runs HTTP/1.1\r\nHost: 127.0.0.1:{served}\r\n\r\n".encode())
    assert asked.recv(10_000).startswith(b"HTTP/1.1 405 ")
    others = [socket.create_connection(("127.0.0.1", served)) for _ in range(demo_server.MOST_REQUESTS - 1)]
    held = [asked, *others]
    for line in held[:2]:
        line.sendall(b"GET / HT")
    for line in held:
        line.settimeout(30)
        assert line.recv(1) == b""
        line.close()
    assert ask("GET", "/")[0] == 200


def test_one_thread_reads_all_pictures(ask, trained, monkeypatch):
    """Each that has read a large one keeps half a gigabyte."""
    threads = set()
    upright = answers.images.upright

    def read(*arguments):
        threads.add(threading.get_ident())
        return upright(*arguments)

    monkeypatch.setattr(answers.images, "upright", read)
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(ask, "POST", f"/predict?run={trained[1]}", png(face())) for _ in range(8)]
        assert {each.result()[0] for each in sent} == {200}
    assert len(threads) == 1


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


@pytest.mark.parametrize("path", ["/nothing", "/docs", "/openapi.json", "/predict"])
def test_other_addresses_are_one_line_too(ask, path):
    """Nor FastAPI's own pages, which load scripts from elsewhere; GET is no way to send a picture."""
    reason(ask("GET", path), 405 if path == "/predict" else 404)


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

    monkeypatch.setattr(classifier, "logits", fail)
    said = reason(ask("POST", f"/predict?run={trained[1]}", png(face())), 500)
    assert said == "the server failed, with ZeroDivisionError"
    assert capfd.readouterr() == ("", f"error: {said}\n")


def test_nothing_is_reported_to_another_machine(serving, trained, monkeypatch, caplog):
    """Not even where the environment tells FastAPI to, which would also say if it cannot."""
    with connections.listening(0) as collector:
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


@pytest.mark.fault("Security: the demo page from another machine", trials=1, expected="not reached")
def test_the_server_answers_this_machine_only():
    """Its socket is bound to the loopback address."""
    with connections.listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
