"""The demo page asked anything that its own description allows, and more."""

import http.client
import json

import pytest
from helpers.demo_page import face
from helpers.faces_on_disk import png
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="FastAPI is not installed")
from fer_exp.inference.demo import server as demo_server
from fer_exp.inference.demo.answers import Answers

PICTURE = png(face())

TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
CHANGED = st.tuples(st.integers(0, len(PICTURE) - 1), st.integers(0, 255)).map(
    lambda change: PICTURE[: change[0]] + bytes([change[1]]) + PICTURE[change[0] + 1 :]
)
BODIES = st.none() | st.binary(max_size=200) | CHANGED
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Accept", "Range", "Origin", "Content-Encoding", "Expect", "X-Forwarded-For"]
    ),
    TEXTS | st.sampled_from(["text/html", "gzip", "bytes=0-", "http://127.0.0.1"]),
    max_size=3,
)


@pytest.fixture(scope="module")
def described():
    """The page's own description of what it answers: (method, path) of each."""
    paths = demo_server.build(Answers(None, None), "x", 1).app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in sorted(paths.items()) for method in methods]


def test_the_description_names_all_that_is_answered(described):
    """So that what follows asks for all of it."""
    known = {("GET", "/"), ("GET", "/runs"), ("GET", "/samples/{emotion}.png"), ("POST", "/predict")}
    assert {*described} == known


@pytest.mark.fault(
    "Security: requests to the demo page by its own description, with any path, query, header and body",
    trials=100,
    expected="an answer or one line of JSON, with the safe headers; never a failure of the server",
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_request_makes_the_server_fail(served, trained, described, capfd, data):
    """Whoever on this machine sends it."""
    method, path = data.draw(st.sampled_from(described))
    method = data.draw(st.sampled_from([method, method, method, "PUT", "HEAD", "OPTIONS", "PROPFIND"]))
    path = path.replace(
        "{emotion}", data.draw(TEXTS | st.sampled_from(["happy", "..", "%2e%2e%2f", "%00", "%ff"]))
    )
    query = data.draw(st.sampled_from(["", f"run={trained[1]}", "lang=ko"]) | TEXTS)
    headers = {"Host": f"127.0.0.1:{served}", **data.draw(HEADERS)}
    body = data.draw(BODIES) if method == "POST" else None
    line = http.client.HTTPConnection("127.0.0.1", served, timeout=30)
    line.request(method, f"{path}?{query}", body, headers)
    answer = line.getresponse()
    said = answer.read()
    line.close()
    # what is no HTTP at all, uvicorn refuses by itself
    assert answer.status < 500, (method, path, query, headers, said)
    if "content-security-policy" in answer.headers:
        assert answer.headers["cache-control"] == "no-store"
    else:
        assert answer.status == 400
    if answer.status >= 400 and said and "content-security-policy" in answer.headers:
        assert list(json.loads(said)) == ["error"]
        assert b"\n" not in said
    assert capfd.readouterr() == ("", "")
