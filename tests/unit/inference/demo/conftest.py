"""The page to try a face, served over a real port."""

import contextlib
import http.client
import threading

import pytest

from fer_exp.inference.demo.answers import Answers


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


@pytest.fixture(scope="module")
def serving():
    """Serve a page that shows a run of a store, and looks for no face: its port."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    from fer_exp.inference.demo import connections
    from fer_exp.inference.demo import server as demo_server

    @contextlib.contextmanager
    def serving_run(store, run):
        with connections.listening(0) as listener:
            port = listener.getsockname()[1]
            server = demo_server.server(Answers(store, None), run, port)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield port
            finally:
                server.should_exit = True
                thread.join()

    return serving_run


@pytest.fixture(scope="module")
def served(serving, trained):
    """The port of a page that shows the run."""
    with serving(*trained) as port:
        yield port


@pytest.fixture
def ask(served):
    """Send a request to the page: status, headers, text, or the bytes of a picture."""

    def asked(method, path, body=None, **headers):
        line = http.client.HTTPConnection("127.0.0.1", served, timeout=30)
        with contextlib.closing(line) as connection:
            connection.request(method, path, body, {"Host": f"127.0.0.1:{served}", **headers})
            answer = connection.getresponse()
            body = answer.read()
            picture = answer.headers.get_content_maintype() == "image"
            return answer.status, answer.headers, body if picture else body.decode()

    return asked
