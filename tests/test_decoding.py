"""Pictures come in the order of their files, whichever process decoded them."""

import io
import os
import signal

import joblib
import numpy as np
import pytest
from joblib.externals import loky
from PIL import Image

from fer_exp import decoding
from fer_exp.errors import UserError


def png(number: int) -> bytes:
    """A picture file whose pixels say which it is."""
    file = io.BytesIO()
    Image.fromarray(np.full((48, 48), number % 256, np.uint8)).save(file, "PNG")
    return file.getvalue()


FILES = {f"{number}.png": png(number) for number in range(60)} | {"odd.png": b"no picture"}


def read(name: str) -> bytes:
    """The bytes of one of the files; one of them cannot be read."""
    if name == "7.png":
        raise UserError("set: 7.png: is locked")
    return FILES[name]


def said(found) -> list[object]:
    """The grey of each picture, or what is wrong with its file."""
    return [str(each) if isinstance(each, UserError) else set(each.flat) for each in found]


@pytest.fixture
def many(monkeypatch):
    """Few files are enough for two processes, each chunk four of them."""
    monkeypatch.setattr(decoding, "_MANY", 10)
    monkeypatch.setattr(decoding, "_FILES", 4)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)


EXPECTED = [{number} if number != 7 else "set: 7.png: is locked" for number in range(60)]


def test_pictures_come_in_the_order_of_their_files():
    """Decoded here, with what is wrong in its place."""
    [*found, odd] = said(decoding.in_order(list(FILES), read, "set"))
    assert found == EXPECTED
    assert odd.startswith("set: odd.png: cannot be read as a picture")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("ahead", [0, 1, 1000], ids=["all here", "shared", "all elsewhere"])
def test_two_processes_give_the_same(monkeypatch, ahead):
    """However the chunks fall to them."""
    monkeypatch.setattr(decoding, "_AHEAD", ahead)
    names = list(FILES)
    assert said(decoding.in_order(names, read, "set")) == [
        *EXPECTED,
        said(decoding.in_order(names[-1:], read, "set"))[0],
    ]


@pytest.fixture
def processes(monkeypatch, many):  # noqa: ARG001 - the few files that are enough
    """The processes that help, by id."""
    pools = []

    def started(count):
        pools.append(_process_pool(count))
        return pools[0]

    _process_pool = loky.ProcessPoolExecutor
    monkeypatch.setattr(loky, "ProcessPoolExecutor", started)
    return lambda: dict(pools[0]._processes)


def test_who_stops_early_leaves_no_process(processes):
    """As at the first broken picture."""
    found = decoding.in_order(list(FILES), read, "set")
    next(found)
    [helper] = processes().values()
    found.close()
    assert not helper.is_alive()


@pytest.mark.fault(
    "Killed: the process that helps to decode", trials=1, expected="one line that says to start again"
)
def test_a_process_that_dies_is_told_in_one_line(processes, monkeypatch):
    """Nothing of it is kept."""
    monkeypatch.setattr(decoding, "_AHEAD", 1000)
    # more than it is given before the first are there
    found = decoding.in_order(20 * list(FILES), read, "set")
    next(found)
    [helper] = processes()
    os.kill(helper, signal.SIGKILL)
    with pytest.raises(UserError, match=r"set: the process that helps to decode died; start the same again"):
        list(found)
