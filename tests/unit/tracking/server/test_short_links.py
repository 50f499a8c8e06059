"""Links that fit a line lead to MLflow's pages."""

import http.client
from functools import partial
from urllib.parse import quote

import pytest

from fer_exp.tracking.server import mlflow_server, short_links

BASE = "http://127.0.0.1:1"


@pytest.fixture
def asked(store):
    """What the short links of a store answer: the status, and where to or why not."""
    find = partial(short_links.page, BASE, store.experiment_id, store.uri, "test")
    with short_links.serving(find, 0) as address:

        def ask(word: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
            connection.request("GET", f"/{word}")
            answer = connection.getresponse()
            said = answer.read().decode()
            connection.close()
            return answer.status, answer.headers["Location"] or said

        yield ask


def test_words_and_ids_lead_to_pages(asked, store):
    """A run of any kind that has not ended, too, by the letters that are printed."""
    run = store.create("a · sweep", {}, {"kind": "sweep"})
    assert asked("jobs") == asked("") == (302, mlflow_server.charts(BASE, store.experiment_id))
    assert asked("sweeps?x=1") == (302, mlflow_server.sweeps(BASE, store.experiment_id))
    whole = f"{BASE}/#/experiments/{store.experiment_id}/runs/{run.id}"
    assert asked(run.id[:8]) == asked(run.id) == asked(quote("a · sweep")) == (302, whole)
    run.end("FINISHED")


def test_a_word_for_nothing_is_answered_in_a_line(asked):
    """As on the command line."""
    status, said = asked("0123abcd")
    assert status == 404
    assert said.startswith("run 0123abcd: there is no such run in ")
    assert said.count("\n") == 1
